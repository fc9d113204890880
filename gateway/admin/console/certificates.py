"""The page of certificates: those that end first on top."""

from typing import Final

from werkzeug.wrappers import Response

from gateway.admin.api.certificates import Certificates, CertificateShown
from gateway.admin.console.visit import Visit
from gateway.tls.certificates import EXPIRES_SOON

_LATER_DAYS: Final = 90
"""From when on a page says so, though `check` is still content."""


def shown(visit: Visit) -> Response:
    """Return the page."""
    model = visit.call("GET", "/api/certificates").model
    assert isinstance(model, Certificates), "the table names the model"
    return visit.page(
        "certificates.html",
        here="/certificates",
        certificates=[(one, gravity(one)) for one in model.certificates],
        total=model.total,
        unread=model.unread,
        unread_total=model.unread_total,
        soon=sum(one.days_left < EXPIRES_SOON.days for one in model.certificates),
    )


def gravity(one: CertificateShown) -> str:
    """Return how pressing it is: "bad", "warn", "plain" or "good"."""
    if not one.valid:
        return "bad"
    if one.days_left < EXPIRES_SOON.days:
        return "warn"
    return "plain" if one.days_left < _LATER_DAYS else "good"
