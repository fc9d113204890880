"""A message held against the policy of a service, rule by rule: what `imsgw explain` does."""

from datetime import datetime
from http import HTTPStatus
from typing import Final

from pydantic import AwareDatetime, Field, JsonValue

from gateway.admin.api.endpoint import Call, Endpoint, Query, Shown
from gateway.admin.api.problem import conflict, not_found
from gateway.admin.roles import Role
from gateway.explain import Question, explain
from gateway.tls import read_trusted
from gateway.wss.policy import TransportFacts


class ExplainAsked(Query):
    """How the message came."""

    at: AwareDatetime | None = Field(default=None, description="When it came; absent: now.")
    https: bool = Field(default=True, description="Whether it came over HTTPS.")
    endpoint: str = Field(
        default="", max_length=2000, description="Address that it was sent to, for assertions that name one."
    )


class RuleShown(Shown):
    """What one rule demands, and what was found."""

    rule: str
    demands: str
    source: str
    met: bool
    found: str


class Explained(Shown):
    """What would become of the message. A replay is not noticed, and no password is shown."""

    service: str
    at: datetime
    accepted: bool
    rules: tuple[RuleShown, ...]
    replay: str
    claims: dict[str, JsonValue] | None = Field(description="Who is calling; null where it is refused.")
    refusal: dict[str, JsonValue] | None = Field(description="What the caller would get, and why.")


def explained(call: Call) -> Explained:
    """Judge what was sent by the policy in force; nothing goes anywhere."""
    home, name, asked = call.desk.configuration, call.path["service"], call.queried(ExplainAsked)
    service = home.services.get(name)
    if service is None:
        raise not_found(f"no service {name} is in front of IMS")
    security = service.settings.security
    try:
        keys = read_trusted(security.truststore, security.crl)
    except ValueError as error:
        raise conflict(f"the truststore of the service cannot be used: {error}") from None
    now = asked.at or call.desk.clock.now()
    facts = TransportFacts(tls=asked.https, certificate=None, endpoint=asked.endpoint)
    found = explain(call.upload.content, Question.of(home.gateway, security, facts, now, keys)).told()
    return Explained(service=name, at=now, **found)


ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/services/<name:service>/explain",
        Role.VIEWER,
        "Judge a SOAP message by the policy of a service, rule by rule; nothing is sent",
        explained,
        Explained,
        query=ExplainAsked,
        uploads=("text/xml", "application/xml", "application/soap+xml"),
        problems=(HTTPStatus.CONFLICT,),
        quiet=True,
    ),
)
