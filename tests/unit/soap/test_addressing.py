"""WS-Addressing: what is read of a request and what a reply carries."""

import pytest

from gateway import safexml
from gateway.envelope import WSA04, WSA10, read_envelope
from gateway.errors import AddressingError
from gateway.soap.addressing import UNDERSTOOD, Addressing, fault_headers, read_addressing, reply_headers
from tests.fixtures.soap import FIND, envelope

VERSIONS = pytest.mark.parametrize("namespace", [WSA10, WSA04])
ANONYMOUS = {WSA10: f"{WSA10}/anonymous", WSA04: f"{WSA04}/role/anonymous"}


def read(headers: str, namespace: str = WSA10) -> Addressing | None:
    wrapped = envelope(FIND, headers).replace(b"<s:Header>", f'<s:Header xmlns:a="{namespace}">'.encode())
    return read_addressing(read_envelope(safexml.parse(wrapped, safexml.Bounds())))


def subcode(headers: str, namespace: str = WSA10) -> str:
    with pytest.raises(AddressingError) as caught:
        read(headers, namespace)
    return caught.value.subcode


def test_a_message_without_such_headers_says_nothing():
    assert read("") is None
    assert read('<a:Other/><x:Action xmlns:x="urn:x">1</x:Action>') is None


@VERSIONS
def test_action_and_message_id_are_read_without_the_white_space_around(namespace):
    request = read("<a:Action> urn:a\n</a:Action><a:MessageID>\turn:<!-- c -->m </a:MessageID>", namespace)
    assert request == Addressing(namespace, action="urn:a", message_id="urn:m")


@VERSIONS
def test_the_anonymous_address_is_where_the_reply_goes_anyway(namespace):
    for name in ("ReplyTo", "FaultTo"):
        request = read(f"<a:{name}><a:Address>{ANONYMOUS[namespace]}</a:Address></a:{name}>", namespace)
        assert request == Addressing(namespace)


def test_none_as_reply_address_wants_no_reply():
    request = read(f"<a:ReplyTo><a:Address>{WSA10}/none</a:Address></a:ReplyTo>")
    assert request == Addressing(WSA10, no_reply=True)


@VERSIONS
@pytest.mark.parametrize("name", ["ReplyTo", "FaultTo"])
@pytest.mark.parametrize(
    "address",
    ["http://victim.invalid/", "{anonymous}/", "{ANONYMOUS}", "urn:x", "http://www.w3.org/2005/08/addressing"],
)
def test_any_other_reply_address_is_refused(namespace, name, address):
    text = address.format(anonymous=ANONYMOUS[namespace], ANONYMOUS=ANONYMOUS[namespace].upper())
    header = f"<a:{name}><a:Address>{text}</a:Address></a:{name}>"
    assert subcode(header, namespace) == "OnlyAnonymousAddressSupported"


def test_the_anonymous_address_of_the_other_version_is_another_address():
    header = f"<a:ReplyTo><a:Address>{ANONYMOUS[WSA04]}</a:Address></a:ReplyTo>"
    assert subcode(header, WSA10) == "OnlyAnonymousAddressSupported"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<a:Address/>",
        "<a:Address> </a:Address>",
        "text",
        f"<a:Address>{WSA10}/anonymous</a:Address><a:Address>http://victim.invalid/</a:Address>",
        f'<Address xmlns="urn:x">{WSA10}/anonymous</Address>',
    ],
)
def test_an_endpoint_has_one_address(content):
    assert subcode(f"<a:ReplyTo>{content}</a:ReplyTo>") == "MissingAddressInEPR"


@VERSIONS
@pytest.mark.parametrize("name", ["To", "From", "ReplyTo", "FaultTo", "Action", "MessageID"])
def test_a_header_that_may_occur_once_occurs_once(namespace, name):
    content = (
        f"<a:Address>{ANONYMOUS[namespace]}</a:Address>" if name.endswith("To") and name != "To" else "urn:x"
    )
    header = f"<a:{name}>{content}</a:{name}>"
    assert read(header, namespace) is not None
    assert subcode(header * 2, namespace) == "InvalidCardinality"
    other = f'<a:{name} s:actor="urn:other">{content}</a:{name}>'
    assert read(header + other, namespace) is not None


def test_several_relations_are_fine():
    assert read("<a:RelatesTo>1</a:RelatesTo><a:RelatesTo>2</a:RelatesTo>") == Addressing(WSA10)


def test_two_versions_in_one_message_are_refused():
    header = f'<a:MessageID>1</a:MessageID><b:Action xmlns:b="{WSA04}">2</b:Action>'
    assert subcode(header) == "InvalidAddressingHeader"


def test_markup_inside_a_text_is_refused():
    assert subcode("<a:MessageID>1<x/>2</a:MessageID>") == "InvalidAddressingHeader"


def test_headers_for_another_actor_are_not_looked_at():
    assert read('<a:ReplyTo s:actor="urn:other"><a:Address>http://x.invalid/</a:Address></a:ReplyTo>') is None


def test_both_versions_of_every_header_are_understood():
    assert {f"{{{ns}}}{name}" for ns in (WSA10, WSA04) for name in ("To", "RelatesTo", "ReplyTo")} <= UNDERSTOOD
    assert len(UNDERSTOOD) == 14


@VERSIONS
def test_a_reply_relates_to_its_request_and_has_an_id_of_its_own(namespace):
    request = Addressing(namespace, message_id="urn:m")
    first, second = (
        {element.tag: element.text for element in reply_headers(request, "urn:reply")} for _ in range(2)
    )
    assert first[f"{{{namespace}}}Action"] == "urn:reply"
    assert first[f"{{{namespace}}}RelatesTo"] == "urn:m"
    assert str(first[f"{{{namespace}}}MessageID"]).startswith("urn:uuid:")
    assert first[f"{{{namespace}}}MessageID"] != second[f"{{{namespace}}}MessageID"]


@pytest.mark.parametrize("request_", [None, Addressing(WSA10), Addressing(WSA10, action="urn:a")])
def test_without_a_message_id_there_is_nothing_to_relate_to(request_):
    assert reply_headers(request_, "urn:reply") == []


@pytest.mark.parametrize(
    ("namespace", "about_addressing", "action"),
    [
        (WSA10, True, f"{WSA10}/fault"),
        (WSA10, False, f"{WSA10}/soap/fault"),
        (WSA04, True, f"{WSA04}/fault"),
        (WSA04, False, f"{WSA04}/fault"),
    ],
)
def test_the_action_of_a_fault_is_the_standard_s(namespace, about_addressing, action):
    headers = fault_headers(Addressing(namespace, message_id="urn:m"), about_addressing=about_addressing)
    assert headers[0].text == action
