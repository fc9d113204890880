"""Traces."""

from gateway.config.catalogue.kind import error, warning

DRIVER = error(
    "telemetry.driver",
    "traces without the library that sends them",
    'Install it: pip install "ims-gateway[telemetry]".',
)
SECRET_IN_CLEAR = warning(
    "telemetry.clear",
    "a secret that travels to a collector of traces in clear",
    "Send traces to an https:// address, or to a collector on this machine.",
)
