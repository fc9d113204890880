"""Ask the gateway beside us for /healthz: exit 0 when it answers 200, else 1 with a word on standard error.

The image's HEALTHCHECK. It reads the listeners from the same `gateway.toml` and takes the first of admin, plain
and HTTPS that is open: the first two answer health without a client certificate. With the argument `callout` it
asks the callout process, for containers that run that. It runs twice a minute,
so it needs the standard library only and loads nothing of the gateway. The certificate is not verified:
the probe asks the loopback or the listener's own address, says nothing secret and believes only a status.
"""

import http.client
import os
import ssl
import sys
import tomllib
from pathlib import Path
from typing import Any

SECONDS = 4.0
"""Deadline of the probe, below the HEALTHCHECK's own of 5 seconds."""

DEFAULT_HOST = "127.0.0.1"
ADMIN_PORT = 9443
HTTPS_PORT = 8443
CALLOUT_PORT = 9444
"""Where the gateway listens when `gateway.toml` does not say; IMSGW_LISTEN_HOST overrides the host."""

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared, never bound


def listeners(settings: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Return scheme, host, port of the open listeners that answer without a client certificate, best first."""
    server = settings.get("server", {})
    host = os.environ.get("IMSGW_LISTEN_HOST") or DEFAULT_HOST
    candidates = [
        ("https", settings.get("admin", {}).get("listen", f"{host}:{ADMIN_PORT}")),
        ("http", server.get("http", "")),
    ]
    if server.get("client_authentication") != "required":
        candidates.append(("https", server.get("https", f"{host}:{HTTPS_PORT}")))
    return [(scheme, *_address(listen)) for scheme, listen in candidates if listen]


def callout_listeners(settings: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Return scheme, host, port of the callout process's listener; HTTPS where the server has a keystore."""
    host = os.environ.get("IMSGW_LISTEN_HOST") or DEFAULT_HOST
    listen = settings.get("callout", {}).get("listen", f"{host}:{CALLOUT_PORT}")
    scheme = "https" if "keystore" in settings.get("server", {}) else "http"
    return [(scheme, *_address(listen))] if listen else []


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    return _ANY_ADDRESS.get(host, host), int(port)


def probe(scheme: str, host: str, port: int) -> int:
    """Return the HTTP status of /healthz; OSError or HTTPException when there is no answer."""
    connection: http.client.HTTPConnection
    if scheme == "https":
        context = ssl._create_unverified_context()  # noqa: S323, SLF001  see the module's first words
        connection = http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


def main() -> int:
    """Probe the best listener of the home that IMSGW_HOME names."""
    home = Path(os.environ.get("IMSGW_HOME", "."))
    try:
        settings = tomllib.loads((home / "gateway.toml").read_text("utf-8"))
    except FileNotFoundError:
        settings = {}  # every key has a default
    found = callout_listeners(settings) if sys.argv[1:] == ["callout"] else listeners(settings)
    if not found:
        sys.stderr.write("no listener answers health without a client certificate\n")
        return 1
    scheme, host, port = found[0]
    try:
        status = probe(scheme, host, port)
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{scheme} {host}:{port}: {error}\n")
        return 1
    if status != http.client.OK:
        sys.stderr.write(f"{scheme} {host}:{port}: HTTP status {status}\n")
    return int(status != http.client.OK)


if __name__ == "__main__":
    sys.exit(main())
