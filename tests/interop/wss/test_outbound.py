"""WSS4J as the receiver of the gateway's own headers; and the schemas that come with its SAML library."""

import re
import secrets
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret
from gateway.safexml import Bounds, parse
from gateway.soap.wsse import OutboundSecurity, OwnPassword, VouchedUser
from gateway.wss.verdict import TokenKind
from tests.interop.outside import lack
from tests.interop.wss import messages
from tests.interop.wss.java import BUILT, JavaStacks
from tests.interop.wss.partners import Partners

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("java stacks")]  # they share a JVM

KINDS = pytest.mark.parametrize("kind", [TokenKind.SAML11, TokenKind.SAML20])
SCHEMAS = {
    TokenKind.SAML11: "oasis-sstc-saml-schema-assertion-1.1.xsd",
    TokenKind.SAML20: "saml-schema-assertion-2.0.xsd",
}


def sent(token: VouchedUser | OwnPassword) -> bytes:
    """Return a message as it would leave the gateway."""
    message, _ = OutboundSecurity(token, SYSTEM_CLOCK).apply(parse(messages.plain().encode(), Bounds()), {})
    return etree.tostring(message)


def vouched(kind: TokenKind, **changes) -> VouchedUser:
    return VouchedUser(kind, "urn:gateway", lambda: "ALICE", **changes)


@pytest.fixture
def wss4j(java: JavaStacks, partners: Partners) -> Callable[..., dict[str, Any]]:
    def judge(message: bytes, **job: Any) -> dict[str, Any]:
        return java.judge(message, partners.sender.store, **job)

    return judge


@KINDS
@pytest.mark.parametrize("audience", ["", "urn:outside"])
def test_wss4j_takes_our_assertion_where_it_asks_for_no_signature(wss4j, kind, audience):
    verdict = wss4j(sent(vouched(kind, audience=audience)), unsigned=True)
    assert verdict == {**verdict, "accepted": True, "user": "ALICE", "covered": []}


@KINDS
def test_wss4j_takes_no_unsigned_assertion_otherwise(wss4j, kind):
    assert not wss4j(sent(vouched(kind)))["accepted"]


@KINDS
def test_wss4j_takes_no_assertion_of_another_time(wss4j, kind):
    for changes in ({"after_seconds": -3600}, {"before_seconds": -3600, "after_seconds": 7200}):
        verdict = wss4j(sent(vouched(kind, **changes)), unsigned=True)
        assert not verdict["accepted"]


def test_wss4j_takes_our_password_and_no_other(wss4j):
    for nonce in (False, True):
        message = sent(OwnPassword("ALICE", Secret("WONDER1"), nonce=nonce))
        assert wss4j(message, password="WONDER1")["accepted"]
        assert not wss4j(message, password="WONDER2")["accepted"]


@KINDS
def test_our_assertion_is_valid_by_the_schema_of_its_version(java, kind, tmp_path):
    schema = schema_of(kind, tmp_path)
    assertion = parse(
        sent(vouched(kind, audience="urn:outside", qualifier=secrets.token_hex(4))), Bounds()
    ).find(".//{*}Assertion")
    schema.assertValid(assertion)
    assertion.append(etree.SubElement(assertion, "{urn:x}other"))
    assert not schema.validate(assertion), "the schema decides nothing"


def schema_of(kind: TokenKind, folder: Path) -> etree.XMLSchema:
    """Take the schema out of OpenSAML, with what it imports beside it."""
    for archive in sorted(BUILT.glob("lib/opensaml-*.jar")):
        with zipfile.ZipFile(archive) as jar:
            for name in jar.namelist():
                if name.startswith("schema/") and name.endswith(".xsd"):
                    text = jar.read(name)
                    local = re.sub(rb'schemaLocation="[^"]*/([^"/]+)"', rb'schemaLocation="\1"', text)
                    (folder / Path(name).name).write_bytes(local)
    found = folder / SCHEMAS[kind]
    if not found.exists():
        lack(f"OpenSAML holds no {found.name}")
    return etree.XMLSchema(file=str(found))
