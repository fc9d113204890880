"""wsse:UsernameToken with PasswordText: read it, then judge it (UsernameToken Profile 1.1.1, section 3).

The digest form cannot work: only RACF knows the password, and it keeps no form of it from which a
digest could be made.
"""

import base64
import binascii
from collections import Counter
from datetime import datetime
from typing import Any

from gateway.errors import GatewayError, M, SecurityError, WssFault
from gateway.exchange import Secret
from gateway.wss.names import (
    BASE64_BINARY,
    CREATED,
    ITERATION,
    NONCE,
    PASSWORD,
    PASSWORD_DIGEST,
    PASSWORD_TEXT,
    SALT,
    USERNAME,
)
from gateway.wss.replay import Once, OnceKind
from gateway.wss.rules import R
from gateway.wss.text import plain_text
from gateway.wss.times import Freshness, parse_instant
from gateway.wss.verdict import Claims, TokenKind, Trail, Vouching

MAX_PASSWORD = 8
"""IRM_RACF_PW holds 8 characters; only another exit takes a password phrase."""

_NONCE_BYTES = range(8, 65)


def judge_username(token: Any, freshness: Freshness, trail: Trail) -> tuple[Claims, tuple[Once, ...]]:
    """Judge one UsernameToken and return what it claims, and its nonce, which must not come again."""
    counts = Counter(child.tag for child in token)
    derived = counts[SALT] + counts[ITERATION]
    trail.require(R.NO_DERIVATION, not derived, "Salt or Iteration", WssFault.UNSUPPORTED_SECURITY_TOKEN)
    strangers = set(counts) - {USERNAME, PASSWORD, NONCE, CREATED}
    trail.require(R.KNOWN, not strangers, f"{len(strangers)} unknown", WssFault.INVALID_SECURITY)
    twice = [tag for tag in (PASSWORD, NONCE, CREATED) if counts[tag] > 1]
    trail.require(R.PARTS, not twice, f"repeated {twice}", WssFault.INVALID_SECURITY)
    user = _user(token, trail)
    password = _password(token, trail)
    nonce = _nonce(token.find(NONCE), trail)
    created = _created(token.find(CREATED), freshness, trail)
    claims = Claims(TokenKind.USERNAME, user, password, vouching=Vouching.PASSWORD)
    if nonce is None:
        return claims, ()
    text = (token.findtext(CREATED) or "").encode()
    until = (created or freshness.now) + freshness.max_age + freshness.skew
    return claims, (Once.of(OnceKind.NONCE, (user.upper().encode(), nonce, text), until),)


def _user(token: Any, trail: Trail) -> str:
    found = token.findall(USERNAME)
    text = plain_text(found[0]) if len(found) == 1 else None
    if text is None:
        raise trail.broken(R.USER_ONE, "not one plain Username", WssFault.INVALID_SECURITY_TOKEN)
    if not text:
        raise trail.broken(R.USER_ONE, "empty Username", SecurityError.sign_on(""))
    trail.met(R.USER_ONE)
    trail.claimed = text
    return text


def _password(token: Any, trail: Trail) -> Secret:
    element = token.find(PASSWORD)
    if element is None:
        raise trail.broken(R.PASSWORD, "no Password", SecurityError.sign_on(""))
    _password_type(element, trail)
    text = plain_text(element)
    if text is None:
        raise trail.broken(R.PASSWORD, "Password is not plain text", WssFault.INVALID_SECURITY_TOKEN)
    trail.require(R.PASSWORD, text != "", "empty Password", SecurityError.sign_on(""))
    too_long = SecurityError(M.PASSWORD_LENGTH, fault=WssFault.FAILED_AUTHENTICATION)
    trail.require(R.LENGTH, len(text) <= MAX_PASSWORD, "password too long", too_long)
    return Secret(text)


def _password_type(element: Any, trail: Trail) -> None:
    """`Type` is an unqualified attribute; without it the password is text (profile, section 3.1)."""
    if set(element.attrib) - {"Type"}:
        raise trail.broken(R.TYPE, "unknown attribute of Password", WssFault.INVALID_SECURITY_TOKEN)
    kind = element.get("Type", PASSWORD_TEXT)
    refusal: GatewayError | WssFault = WssFault.UNSUPPORTED_SECURITY_TOKEN
    if kind == PASSWORD_DIGEST:
        refusal = SecurityError(M.NO_DIGEST, fault=WssFault.UNSUPPORTED_SECURITY_TOKEN)
    detail = "PasswordDigest" if kind == PASSWORD_DIGEST else "unknown password type"
    trail.require(R.TYPE, kind == PASSWORD_TEXT, detail, refusal)


def _nonce(element: Any, trail: Trail) -> bytes | None:
    if element is None:
        return None
    if element.get("EncodingType", BASE64_BINARY) != BASE64_BINARY:
        raise trail.broken(R.NONCE, "EncodingType is not Base64Binary", WssFault.INVALID_SECURITY)
    try:
        value = base64.b64decode((plain_text(element) or "").strip(" \t\r\n"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise trail.broken(R.NONCE, "not base64", WssFault.INVALID_SECURITY_TOKEN) from error
    trail.require(R.NONCE, len(value) in _NONCE_BYTES, f"{len(value)} bytes", WssFault.INVALID_SECURITY_TOKEN)
    return value


def _created(element: Any, freshness: Freshness, trail: Trail) -> datetime | None:
    if element is None:
        return None
    try:
        created = parse_instant(plain_text(element) or "")
    except ValueError as error:
        raise trail.broken(R.CREATED, str(error), WssFault.INVALID_SECURITY) from error
    complaint = freshness.complaint(created)
    trail.require(R.CREATED, not complaint, complaint, WssFault.MESSAGE_EXPIRED)
    return created
