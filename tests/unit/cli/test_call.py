import json
from pathlib import Path
from typing import ClassVar, Self

import pytest

from gateway.soap import client


class Service:
    """In the place of the SOAP client: remembers how it was made and called."""

    answer: object = {"message": "DISPLAYED", "who": "MÜLLER"}
    made: ClassVar[list[object]] = []

    def __init__(self, address, *, ca, sign_on, timeout_seconds) -> None:
        self.made.append((address, ca, sign_on, timeout_seconds))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.made.append("closed")

    def call(self, operation, values):
        self.made.append((operation, values))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def service(monkeypatch):
    made: list = []
    monkeypatch.setattr(Service, "made", made)
    monkeypatch.setattr(client, "ServiceClient", Service)
    return made


def test_the_answer_is_printed_as_json(imsgw, service):
    result = imsgw("call", "PhoneBookPort", "PhoneBook", "command=DISPLAY", "lastName=LAST1")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == Service.answer
    assert "MÜLLER" in result.stdout, "letters are shown, not escaped"
    address = "https://localhost:8443/imssoap/services/PhoneBookPort"
    assert service == [
        (address, None, None, 30.0),
        ("PhoneBook", {"command": "DISPLAY", "lastName": "LAST1"}),
        "closed",
    ]


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        (("P", "--server", "https://a:1"), "https://a:1/imssoap/services/P"),
        (("P", "--server", "https://a:1/"), "https://a:1/imssoap/services/P"),
        (("http://b/c", "--server", "https://a:1"), "http://b/c"),
    ],
)
def test_a_service_is_named_by_its_port_or_by_its_address(imsgw, service, arguments, address):
    imsgw("call", arguments[0], "Op", *arguments[1:])
    assert service[0][0] == address


@pytest.mark.parametrize(
    ("values", "request_"),
    [
        ((), {}),
        (("a=",), {"a": ""}),
        (("a=b=c",), {"a": "b=c"}),
        (("a.b=1", "a.c=2", "d=3"), {"a": {"b": "1", "c": "2"}, "d": "3"}),
    ],
)
def test_values_become_the_request(imsgw, service, values, request_):
    assert imsgw("call", "P", "Op", *values).exit_code == 0
    assert service[1] == ("Op", request_)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (("text",), "NAME=VALUE"),
        (("=text",), "NAME=VALUE"),
        (("a..b=1",), "NAME=VALUE"),
        ((".=1",), "NAME=VALUE"),
        (("a=1", "a=2"), "twice"),
        (("a=1", "a.b=2"), "both a text and elements"),
        (("a.b=2", "a=1"), "twice"),
    ],
)
def test_values_that_make_no_request_are_wrong_usage(imsgw, service, values, words):
    result = imsgw("call", "P", "Op", *values)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not service


@pytest.mark.parametrize("arguments", [(), ("P",)])
def test_service_and_operation_must_be_named(imsgw, service, arguments):
    assert imsgw("call", *arguments).exit_code == 2
    assert not service


def test_the_password_comes_from_the_environment(imsgw, service):
    result = imsgw("call", "P", "Op", "--user", "ALICE", "--password-env", "PW", PW="WONDER1")
    assert result.exit_code == 0
    sign_on = service[0][2]
    assert (sign_on.user, sign_on.password.reveal()) == ("ALICE", "WONDER1")
    assert "WONDER1" not in result.output


def test_a_variable_that_is_not_set_is_wrong_usage(imsgw, service):
    result = imsgw("call", "P", "Op", "--user", "ALICE", "--password-env", "NO_SUCH_VARIABLE")
    assert result.exit_code == 2
    assert "NO_SUCH_VARIABLE is not set" in result.stderr
    assert not service


def test_without_a_variable_the_password_is_asked_for_and_not_shown(imsgw, service):
    result = imsgw("call", "P", "Op", "--user", "ALICE", typed="WONDER1\n")
    assert result.exit_code == 0
    assert service[0][2].password.reveal() == "WONDER1"
    assert "WONDER1" not in result.output
    assert json.loads(result.stdout) == Service.answer, "the question goes to standard error"


@pytest.mark.parametrize("address", ["ftp://a/P", "file:///etc/passwd", "://"])
def test_an_address_is_one_of_http(imsgw, service, address):
    result = imsgw("call", address, "Op")
    assert result.exit_code == 2
    assert f"{address} does not begin with https:// or http://" in result.stderr
    assert not service


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon"])
def test_a_time_that_is_none_is_wrong_usage(imsgw, service, seconds):
    result = imsgw("call", "P", "Op", "--timeout", seconds)
    assert (result.exit_code, "--timeout" in result.stderr) == (2, True)
    assert not service


def test_authority_and_timeout_are_handed_on(imsgw, service):
    imsgw("call", "P", "Op", "--ca", "ca.pem", "--timeout", "2.5")
    assert service[0][1:] == (Path("ca.pem"), None, 2.5)


def test_a_call_that_fails_is_told_on_standard_error_and_ends_with_1(imsgw, service, monkeypatch):
    monkeypatch.setattr(Service, "answer", client.CallError("wsse:FailedAuthentication: no", "x"))
    result = imsgw("call", "P", "Op")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "wsse:FailedAuthentication: no\n"
    assert service[-1] == "closed"


def test_an_answer_of_odd_types_is_printed_all_the_same(imsgw, service, monkeypatch):
    monkeypatch.setattr(Service, "answer", {"at": Path("a"), "none": None})
    assert json.loads(imsgw("call", "P", "Op").stdout) == {"at": "a", "none": None}
