"""UsernameToken, with the password as text or without one (UsernameToken Profile 1.1.1, section 3)."""

import base64
from datetime import datetime

from lxml import etree

from gateway.exchange import Secret
from gateway.safexml import Element
from gateway.wss.names import (
    BASE64_BINARY,
    CREATED,
    NONCE,
    PASSWORD,
    PASSWORD_TEXT,
    USERNAME,
    USERNAME_TOKEN,
)
from gateway.wss.outbound.header import instant


def add_username_token(
    security: Element,
    user: str,
    password: Secret,
    *,
    nonce: bytes = b"",
    created: datetime | None = None,
) -> Element:
    """Add a UsernameToken to a Security header and return it; with `nonce` and `created` where they are given.

    An empty password is none: the token names the user and proves nothing. Raises ValueError for an empty user,
    and for characters that XML cannot hold; the error does not show them.
    """
    if not user:
        raise ValueError("a UsernameToken without a user")
    token = etree.SubElement(security, USERNAME_TOKEN)
    etree.SubElement(token, USERNAME).text = user
    if password:
        _set_text(etree.SubElement(token, PASSWORD, Type=PASSWORD_TEXT), password)
    if nonce:
        coded = base64.b64encode(nonce).decode()
        etree.SubElement(token, NONCE, EncodingType=BASE64_BINARY).text = coded
    if created is not None:
        etree.SubElement(token, CREATED).text = instant(created)
    return token


def _set_text(element: Element, password: Secret) -> None:
    try:
        element.text = password.reveal()
    except ValueError:  # UnicodeEncodeError, which is one, holds the text
        raise ValueError("a password with characters that XML cannot hold") from None
