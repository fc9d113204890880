"""Whether traces can be sent, and what travels with them."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit

from gateway.config.catalogue import telemetry as found
from gateway.config.checks.places import GATEWAY_FILE, is_loopback
from gateway.config.model import Home
from gateway.errors import Problem

_EXPORTER: Final = "opentelemetry.exporter.otlp.proto.http"


def driver(home: Home) -> Iterator[Problem]:
    """Name traces that the installation cannot send."""
    if home.gateway.telemetry.traces and not _is_installed():
        text = 'needs the extra "telemetry": pip install "ims-gateway[telemetry]"'
        yield found.DRIVER.at(GATEWAY_FILE, "telemetry.traces", text)


def _is_installed() -> bool:
    """Tell whether the exporter is there: other packages may have brought parts of OpenTelemetry along."""
    try:
        return find_spec("opentelemetry.sdk.trace") is not None and find_spec(_EXPORTER) is not None
    except ModuleNotFoundError:
        return False


def secrets(home: Home) -> Iterator[Problem]:
    """Name a secret that anybody on the way could read."""
    settings = home.gateway.telemetry
    parts = urlsplit(settings.traces)
    if settings.secret and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        text = f"travels to {parts.hostname} in clear"
        yield found.SECRET_IN_CLEAR.at(GATEWAY_FILE, "telemetry.secret", text)
