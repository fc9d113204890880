"""Names by which the listener is known."""

import pytest
from werkzeug.test import EnvironBuilder

from gateway.admin.api.problem import ApiError
from gateway.admin.origin import require_host, require_own_page
from gateway.config.model import AdminSettings


def request(**headers):
    builder = EnvironBuilder(
        method="POST", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        return builder.get_request()
    finally:
        builder.close()


def known(host, listen="127.0.0.1:9443", public_url=""):
    try:
        require_host(request(Host=host), listen, AdminSettings(public_url=public_url))
    except ApiError as error:
        assert error.status == 421
        return False
    return True


def test_the_name_that_the_listener_is_bound_to_is_ours():
    assert known("admin.example:9443", listen="admin.example:9443")
    assert known("Admin.Example", listen="admin.example:9443")
    assert not known("other.example:9443", listen="admin.example:9443")


def test_the_name_of_public_url_is_ours():
    assert known("console.example", public_url="https://console.example")
    assert known("console.example.:8443", public_url="https://console.example")
    assert not known("console.example.evil.example", public_url="https://console.example")


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "a:b:c",
        "[::1",
        "127.0.0.1:99999",
        "127.0.0.1:x",
        "user@127.0.0.1",
        "127.0.0.1,evil.example",
        "0x7f.1",
    ],
)
def test_what_is_no_name_is_not_ours(host):
    assert not known(host)


def test_pages_of_public_url_are_ours():
    settings = AdminSettings(public_url="https://console.example")
    require_own_page(request(Host="10.0.0.1:9443", Origin="https://console.example"), settings)
    with pytest.raises(ApiError):
        require_own_page(request(Host="10.0.0.1:9443", Origin="https://other.example"), settings)
