"""SOAP messages with a SAML assertion: unsigned, signed by the sender, signed by a security token service."""

from datetime import datetime
from typing import Final

from lxml import etree

from gateway.demo.signing import ID_ATTRIBUTES, Signer, fresh_id, sign_assertion, sign_message
from gateway.envelope import SoapVersion
from gateway.safexml import Element, serialize
from gateway.wss.names import WSU, WSU_ID
from gateway.wss.outbound import (
    Lifetime,
    Vouched,
    add_assertion11,
    add_assertion20,
    add_security,
    add_timestamp,
)
from gateway.wss.verdict import TokenKind

PHONEBOOK: Final = "urn:ims-gateway:example:phonebook"
PORTAL: Final = "urn:ims-gateway:example:portal"
"""Issuer of what senders vouch for."""
STS: Final = "urn:ims-gateway:example:sts"
AUDIENCE: Final = "urn:ims-gateway:example"

_ADD: Final = {TokenKind.SAML11: add_assertion11, TokenKind.SAML20: add_assertion20}
_SOAP: Final = SoapVersion.SOAP11.namespace


def who_am_i() -> Element:
    """Return the payload that asks IMS who is calling."""
    return etree.Element(f"{{{PHONEBOOK}}}whoAmI", nsmap={"pb": PHONEBOOK})


def message(  # noqa: PLR0913  who signs is named, not counted
    kind: TokenKind,
    user: str,
    now: datetime,
    *,
    sender: Signer | None = None,
    sts: Signer | None = None,
    payload: Element | None = None,
) -> bytes:
    """Return a SOAP 1.1 message that asks who `user` is to IMS, or with another payload.

    `sender` signs Body, Timestamp and assertion; `sts` signs the assertion. With neither, nothing is signed.
    """
    lifetime = Lifetime.at(now)
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soapenv": _SOAP})
    security = add_security(envelope)
    timestamp = add_timestamp(security, lifetime)
    issuer = PORTAL if sts is None else STS
    token = _ADD[kind](security, Vouched(fresh_id(), issuer, user, lifetime, AUDIENCE))
    if sts is not None:
        security.remove(token)
        token = sign_assertion(token, kind, sts)
        security.append(token)
    body = etree.SubElement(envelope, f"{{{_SOAP}}}Body", nsmap={"wsu": WSU})
    body.append(who_am_i() if payload is None else payload)
    if sender is not None:
        body.set(WSU_ID, fresh_id())
        timestamp.set(WSU_ID, fresh_id())
        sign_message(security, [(body, WSU_ID), (timestamp, WSU_ID), (token, ID_ATTRIBUTES[kind])], sender)
    return serialize(envelope)
