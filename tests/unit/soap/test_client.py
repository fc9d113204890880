"""What `imsgw call` says when there is no answer: address, reason, and what to do where that is known."""

import socket

import pytest

from gateway.soap.client import CallError, ServiceClient
from tests.fixtures.ports import free_ports


def said(address, ca=None, seconds=10.0):
    with pytest.raises(CallError) as caught:
        ServiceClient(address, ca=ca, sign_on=None, timeout_seconds=seconds)
    assert not caught.value.fault_code
    return str(caught.value)


def test_nobody_who_listens_is_told_with_the_address():
    address = f"https://127.0.0.1:{free_ports(1)[0]}/imssoap/services/P"
    assert said(address) == f"{address} cannot be reached: Connection refused"


def test_a_name_that_is_none_is_told_with_the_address():
    address = "https://no-such-host.invalid/P"
    assert said(address).startswith(f"{address} cannot be reached: ")


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_wanted():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/P"
        assert said(address, seconds=0.05) == f"{address}: no answer in time"


def test_an_authority_that_is_no_file_is_told_by_its_name(tmp_path):
    nowhere = tmp_path / "nowhere.pem"
    assert said("https://localhost:1/P", nowhere) == f"{nowhere}: cannot be read: No such file or directory"
    assert said("https://localhost:1/P", tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


def test_an_authority_without_certificates_is_told_by_its_name(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("# no certificate\n")
    assert said("https://localhost:1/P", page) == f"{page}: is no PEM file with certificates"
