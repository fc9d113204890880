"""Messages with tokens for the services of a scene; each with the text that it is known by."""

import base64
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.clock import SYSTEM_CLOCK
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
