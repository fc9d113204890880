"""All endpoints."""

from typing import Final

from gateway.admin.api import status
from gateway.admin.api.endpoint import Endpoint

TABLE: Final[tuple[Endpoint, ...]] = (*status.ENDPOINTS,)
