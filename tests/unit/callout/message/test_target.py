"""Which address is called, and which never is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.callout.address import read_address
from gateway.callout.codes import CalloutError, Status
from gateway.callout.target import AllowList, choose_address
from gateway.callout.values import Control
from gateway.config.model import BasicAuthentication, ConsumerSecurity
from gateway.exchange import Secret
from tests.unit.callout.message.deployed import iogcallout, received
from tests.unit.callout.message.test_address import TEXTS

OWN = ("https://own.example.com/rating", "http://own.example.com:8080/rating?tenant=a")


def choose(*, own=OWN, allowed=(), address=OWN[0], **control):
    return choose_address(Control(**control), address, AllowList.of(own, allowed))


def status(**given):
    with pytest.raises(CalloutError) as caught:
        choose(**given)
    return caught.value.status


def test_without_control_data_the_address_is_that_of_the_wsdl_as_it_stands_there():
    assert choose() == (OWN[0], False)
    assert choose(address="http://Own.example.com:80/a%zz b") == ("http://Own.example.com:80/a%zz b", False)


def test_a_placeholder_in_the_wsdl_needs_an_address_in_the_control_data():
    assert status(address="REPLACE_WITH_ACTUAL_URL") is Status.INVOKING
    control = Control(address="https://own.example.com/x")
    allowed = AllowList.of(("REPLACE_WITH_ACTUAL_URL",), ("own.example.com",))
    assert choose_address(control, "REPLACE_WITH_ACTUAL_URL", allowed) == ("https://own.example.com/x", True)


def test_an_endpoint_is_called_whole():
    control = Control(address="https://OWN.example.com:443/other?x=1")
    assert choose_address(control, OWN[0], AllowList.of(OWN, ())) == ("https://own.example.com/other?x=1", True)


def test_host_and_port_replace_those_of_the_wsdl_and_leave_path_and_query():
    assert choose(origin="http://own.example.com:8080") == ("http://own.example.com:8080/rating", True)
    assert choose(origin="https://own.example.com", address=OWN[1]) == (
        "https://own.example.com/rating?tenant=a",
        True,
    )


def test_host_and_port_cannot_replace_those_of_what_is_no_address():
    assert status(origin="https://own.example.com", address="REPLACE_ME") is Status.BAD_ADDRESS


def test_the_endpoint_wins_over_host_and_port():
    control = Control(origin="http://own.example.com:8080", address="https://own.example.com/whole")
    assert choose_address(control, OWN[0], AllowList.of(OWN, ()))[0] == "https://own.example.com/whole"


def test_what_is_overridden_is_read_nevertheless():
    control = Control(origin="http://127.1", address="https://own.example.com/whole")
    with pytest.raises(CalloutError) as caught:
        choose_address(control, OWN[0], AllowList.of(OWN, ()))
    assert caught.value.status is Status.IP_ADDRESS


@pytest.mark.parametrize(
    ("entry", "called"),
    [
        ("host", "https://host"),
        ("host", "https://HOST.:443"),
        ("host/", "https://host"),
        ("host:443", "https://host"),
        ("host:8443", "https://host:8443"),
        ("HOST.:08443", "https://host:8443"),
        ("host:*", "https://host"),
        ("host:*", "https://host:8443"),
        ("host:*", "https://host:1"),
        ("https://host", "https://host"),
        ("https://host:8443", "https://host:8443"),
        ("https://host:*", "https://host:65535"),
        ("http://host", "http://host"),
        ("http://host:8080", "http://host:8080"),
        ("http://host:*", "http://host:9"),
        ("10.1.2.3", "https://10.1.2.3"),
        ("http://10.1.2.3:8080", "http://10.1.2.3:8080"),
        ("[2001:db8::1]:8443", "https://[2001:DB8:0::1]:8443"),
        ("[::ffff:1.2.3.4]", "https://[0::ffff:102:304]"),
    ],
)
def test_an_entry_allows(entry, called):
    address, chosen = choose(origin=called, allowed=(entry,))
    assert chosen
    assert read_address(address, "x").origin == read_address(called, "x").origin


@pytest.mark.parametrize(
    ("entry", "called"),
    [
        ("host", "http://host"),
        ("host", "http://host:443"),
        ("host", "https://host:8443"),
        ("host", "https://host.example.com"),
        ("host", "https://xhost"),
        ("example.com", "https://host.example.com"),
        ("example.com", "https://example.com.evil.example"),
        ("host.example.com", "https://example.com"),
        ("host:8443", "https://host"),
        ("host:8443", "http://host:8443"),
        ("host:*", "http://host"),
        ("host:*", "https://other"),
        ("http://host", "https://host"),
        ("http://host:8080", "https://host:8080"),
        ("http://host:8080", "http://host:8081"),
        ("http://host:*", "https://host"),
        ("10.1.2.3", "https://[::ffff:10.1.2.3]"),
        ("[::1]", "https://127.0.0.1"),
        ("[::1]", "https://localhost"),
        ("", "https://host"),
        ("*", "https://host"),
        ("*:*", "https://host"),
        ("*.example.com", "https://host.example.com"),
        ("0x7f.1", "https://127.0.0.1"),
        ("2130706433:*", "https://127.0.0.1"),
        ("user@host", "https://host"),
        ("host:0", "https://host"),
        ("host:99999", "https://host"),
        ("host/path", "https://host"),
    ],
)
def test_an_entry_allows_nothing_else(entry, called):
    assert status(origin=called, allowed=(entry,)) is Status.NOT_ALLOWED


def test_nothing_is_allowed_but_what_the_wsdl_and_the_bundle_name():
    elsewhere = (
        "https://evil.example", "http://own.example.com", "https://own.example.com:8080", "http://[::1]",
        "http://169.254.169.254", "https://localhost", "http://127.0.0.1:9444", "http://0.0.0.0",
    )  # fmt: skip
    for called in elsewhere:
        assert status(origin=called) is Status.NOT_ALLOWED
        control = Control(address=f"{called}/rating")
        with pytest.raises(CalloutError) as caught:
            choose_address(control, OWN[0], AllowList.of(OWN, ("host",)))
        assert caught.value.status is Status.NOT_ALLOWED
        # the program is not told which addresses there are, the log is
        assert called.partition("://")[2] not in caught.value.text
        assert called in caught.value.private


def test_what_is_wrong_with_an_address_of_the_wsdl_allows_nothing():
    assert status(own=("http://user@host/", "jms:host", ""), origin="http://host") is Status.NOT_ALLOWED


@given(TEXTS, st.sampled_from(["address", "origin"]))
def test_whatever_a_program_says_the_call_goes_to_a_host_that_is_allowed(text, key):
    allowed = AllowList.of(("https://good.example/x",), ("a:*",))
    try:
        address, chosen = choose_address(Control(**{key: text}), "https://good.example/x", allowed)
    except CalloutError as error:
        assert error.status in {Status.BAD_ADDRESS, Status.HOST_NAME, Status.IP_ADDRESS, Status.NOT_ALLOWED}
        return
    assert chosen == bool(text)
    assert address.startswith(("https://good.example/", "https://a/", "https://a:"))
    assert allowed.allows(read_address(address, "x").origin)


# -- hosts of one service and of all --------------------------------------------------------------------------


OURS = Secret("for rating.example.com")
USER = BasicAuthentication.model_construct(user="gw", password=OURS)
BASIC = {"security": ConsumerSecurity().model_copy(update={"basic": USER})}
TOKEN = {"security": ConsumerSecurity().model_copy(update={"token": "username", "password": OURS})}
MODULE = {"security": {"authenticator": "site:Module"}}
THERE = "https://partner-of-another-service.example"


def aimed(deploying, **settings):
    reader = deploying.reader(deploying.service("guarded", "rating", **settings), allowed_hosts=[THERE[8:]])
    message = received(iogcallout().encode(), ("DFSENDPOINTURL", f"{THERE}/x".encode("cp1140")))
    return reader.aim(reader.read(message), message).address


def test_a_service_without_secrets_goes_to_the_hosts_of_its_bundle(deploying):
    assert aimed(deploying) == f"{THERE}/x"
    assert aimed(deploying, security={"token": "saml20"}) == f"{THERE}/x"


@pytest.mark.parametrize("settings", [BASIC, TOKEN, MODULE], ids=["basic", "token", "module"])
def test_a_password_of_one_service_does_not_go_where_another_may_be_called(deploying, settings):
    with pytest.raises(CalloutError) as caught:
        aimed(deploying, **settings)
    assert caught.value.status is Status.NOT_ALLOWED


@pytest.mark.parametrize("settings", [BASIC, TOKEN, MODULE, {}])
def test_the_hosts_that_a_service_names_itself_count_alone(deploying, settings):
    assert aimed(deploying, allowed_hosts=[THERE], **settings) == f"{THERE}/x"
    for others in ([], ["https://elsewhere.example"]):
        with pytest.raises(CalloutError) as caught:
            aimed(deploying, allowed_hosts=others, **settings)
        assert caught.value.status is Status.NOT_ALLOWED
