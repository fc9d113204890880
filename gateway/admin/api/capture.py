"""Messages of a service, kept for minutes and redacted, for whoever has to find out what a partner sends."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from pydantic import Field

from gateway.admin.api.endpoint import Asked, Call, Endpoint, Shown
from gateway.admin.api.problem import not_found
from gateway.admin.roles import Role

MOST_MINUTES: Final = 60


class Capture(Asked):
    """For how long messages are kept."""

    minutes: int = Field(ge=1, le=MOST_MINUTES)


class Capturing(Shown):
    """Until when messages are kept."""

    service: str
    until: datetime


class CapturedShown(Shown):
    """Request and answer of one call, redacted."""

    at: datetime
    tracking_id: str
    request_id: str = Field(description="Made by the gateway; no other request has it.")
    status: int = Field(description="HTTP status of the answer.")
    request: str
    answer: str


class CapturedMessages(Shown):
    """What was kept, newest first; at the end of its time it is gone."""

    service: str
    messages: tuple[CapturedShown, ...]
    left_out: int = Field(
        description="Older messages that are kept and not told here: a worker's answer has room for 4 MiB."
    )


def start(call: Call) -> Capturing:
    """Keep messages of a service from now on."""
    service = _service(call)
    until = call.desk.clock.now() + timedelta(minutes=call.asked(Capture).minutes)
    call.desk.gateway.capture(service, until)
    return Capturing(service=service, until=until)


def stop(call: Call) -> None:
    """Keep no more, and forget what was kept."""
    call.desk.gateway.capture(_service(call), None)


def captured(call: Call) -> CapturedMessages:
    """Show what was kept."""
    service = _service(call)
    kept = call.desk.gateway.captured(service)
    return CapturedMessages(
        service=service,
        left_out=sum(one.left_out for one in kept),
        messages=tuple(
            CapturedShown(
                at=one.at,
                tracking_id=one.tracking_id,
                request_id=one.request_id,
                status=one.status,
                request=one.request,
                answer=one.answer,
            )
            for one in kept
        ),
    )


def _service(call: Call) -> str:
    name = call.path["service"]
    if name not in call.desk.configuration.services:
        raise not_found(f"no service {name} is in front of IMS")
    return name


_PATH: Final = "/api/services/<name:service>/capture"
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        _PATH,
        Role.OPERATOR,
        "What was kept of a service's messages, newest first",
        captured,
        CapturedMessages,
        problems=(HTTPStatus.NOT_FOUND,),
        logged=True,
    ),
    Endpoint(
        "PUT",
        _PATH,
        Role.OPERATOR,
        "Keep messages of a service for some minutes, redacted",
        start,
        Capturing,
        input=Capture,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Endpoint(
        "DELETE",
        _PATH,
        Role.OPERATOR,
        "Keep no more messages of a service, and forget what was kept",
        stop,
        None,
        status=HTTPStatus.NO_CONTENT,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
