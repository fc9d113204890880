"""Events for tests of the audit trail."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.audit.record import Stamp
from gateway.observe.events import RequestEnded, TurnedAway
from gateway.observe.timeline import Stretch

MOMENT = datetime(2026, 5, 4, 3, 2, 1, 500_000, UTC)
STAMP = Stamp("0123456789abcdef0123456789abcdef", 7, "serve 1 worker pid 4711", MOMENT)

ANSWERED = RequestEnded(
    tracking_id="order-17",
    service="phonebook-saml20",
    operation="PhoneBook",
    transaction="IVTNO",
    peer="192.0.2.17",
    tls=True,
    user="ALICE",
    origin="saml20",
    outcome="answered",
    message_id="",
    reason="",
    return_code=None,
    reason_code=None,
    racf_code=None,
    reached_ims_connect=True,
    milliseconds=12,
    rules=("header.present", "token.kind", "trust.one"),
    issuer="https://sts.example",
    assertion_id="_a1",
    attested_by="CN=web1,O=Bank sha256:00ff",
    covered=("Body", "Timestamp"),
    request_id="0123456789abcdef0123456789abcdef",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    received=MOMENT.replace(microsecond=488_000),
    peer_port=50123,
    token="saml20",
    claimed="alice@bank.example",
    bundle="ims1",
    datastore="IMS1",
    endpoint="ims.example:9999",
    client_id="GW000001",
    status=200,
    request_bytes=5120,
    reply_bytes=2048,
    timeline=(
        Stretch("parse", 0.0, 0.0005),
        Stretch("judge", 0.0005, 0.001),
        Stretch("ims", 0.0016, 0.010),
        Stretch("ims", 0.0116, 0.0002),
    ),
)


def refused(message_id: str, reason: str = "", **changes: Any) -> RequestEnded:
    """Return a request that was refused."""
    facts: dict[str, Any] = {"reached_ims_connect": False, "status": 500, "transaction": "", **changes}
    return replace(ANSWERED, outcome="refused", message_id=message_id, reason=reason or message_id, **facts)


TURNED_AWAY = TurnedAway(
    "t-1",
    "https",
    "192.0.2.18",
    50124,
    "POST",
    "/imssoap/services/Nothing",
    404,
    "IGW1001E",
    "IGW1001E No such",
)
