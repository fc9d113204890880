"""All endpoints."""

from typing import Final

from gateway.admin.api import (
    bundles,
    callout,
    capture,
    certificates,
    configuration,
    explaining,
    letters,
    requests,
    services,
    status,
)
from gateway.admin.api.endpoint import Call, Endpoint
from gateway.admin.api.openapi import PATH, OpenApi, document
from gateway.admin.roles import Role


def _described(_call: Call) -> OpenApi:
    return OpenApi(document(TABLE))


TABLE: Final[tuple[Endpoint, ...]] = (
    Endpoint("GET", PATH, Role.VIEWER, "This description", _described, OpenApi),
    *status.ENDPOINTS,
    *configuration.ENDPOINTS,
    *services.ENDPOINTS,
    *bundles.ENDPOINTS,
    *explaining.ENDPOINTS,
    *capture.ENDPOINTS,
    *certificates.ENDPOINTS,
    *callout.ENDPOINTS,
    *letters.ENDPOINTS,
    *requests.ENDPOINTS,
)
