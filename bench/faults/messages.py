"""Messages with tokens for the services of a scene; each with the text that it is known by."""

import base64
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.clock import SYSTEM_CLOCK
from gateway.demo.messages import message
from gateway.demo.signing import Signer
from gateway.safexml import Bounds, parse
from gateway.wss.verdict import TokenKind
from tests.fixtures.in_process import work
from tests.forge.assertions import instant
from tests.forge.message import Message, username_token

Now = Callable[[], datetime]


def with_nonce(text: str, now: Now = SYSTEM_CLOCK.now) -> bytes:
    """Return a message that must come only once: a UsernameToken with a nonce of its own."""
    created = now() - timedelta(seconds=1)
    nonce = base64.b64encode(secrets.token_bytes(16)).decode()
    inside = f"<wsse:Nonce>{nonce}</wsse:Nonce><wsu:Created>{instant(created)}</wsu:Created>"
    token = username_token("ALICE", "WONDER1", inside=inside)
    return Message("username", claims={"token_xml": token}, body=work("echo", text)).build(now())


def signed_echo(text: str, sender: Signer, user: str) -> bytes:
    """Return a message with a SAML 2.0 assertion that its sender has signed."""
    payload = parse(work("echo", text).encode(), Bounds())
    return message(TokenKind.SAML20, user, SYSTEM_CLOCK.now(), sender=sender, payload=payload)
