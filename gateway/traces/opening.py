"""Traces as a home asks for them: none, or what makes them; the library is imported only then."""

from typing import TYPE_CHECKING

from gateway.clock import Clock
from gateway.config.model import TelemetrySettings
from gateway.errors import ConfigError, Problem
from gateway.tls import StoreError
from gateway.traces.outbox import Counts

if TYPE_CHECKING:
    from gateway.traces.sinks import Traces

_FILE = "gateway.toml"


def open_traces(settings: TelemetrySettings, counts: Counts, clock: Clock) -> "Traces | None":
    """Return what makes traces, to be closed; None: nobody wants any. For a process that forks no more.

    Raises ConfigError where the extra is not installed, or a store does not open.
    """
    if not settings.traces:
        return None
    try:
        from gateway.traces.sinks import Traces  # noqa: PLC0415  an extra, which not every installation has
    except ImportError as error:
        text = f'needs the extra "telemetry" ({error.name} is missing): pip install "ims-gateway[telemetry]"'
        raise ConfigError((Problem(_FILE, "telemetry.traces", text),)) from None
    try:
        return Traces(settings, counts, clock)
    except StoreError as error:
        raise ConfigError((Problem(_FILE, "telemetry", str(error)),)) from None
