"""Whether the audit trail is safe where it goes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.config.audit import FILE
from gateway.config.catalogue import audit as found
from gateway.config.checks.places import GATEWAY_FILE, is_loopback
from gateway.config.model import Home
from gateway.config.receiver import parse_receiver
from gateway.errors import Problem

_READ: Final = ("bundles", "wsdl", "keystores", "identity")
"""Folders of a home whose files are configuration: one more there would be read as such, or sent to clients."""


def place(home: Home) -> Iterator[Problem]:
    """Name a file among those that are read, or the home's own."""
    audit = home.gateway.audit
    if audit.kind != "file":
        return
    path = (home.state / audit.to.removeprefix(FILE)).absolute()
    folder = next((name for name in _READ if _is_in(path, home.path / name)), "")
    if folder:
        yield found.PLACE.at(
            GATEWAY_FILE, "audit.to", f"{path} is in {folder}/, which is read as configuration"
        )
    elif path.parent == home.path.absolute():
        yield found.PLACE.at(GATEWAY_FILE, "audit.to", f"{path} is in the home itself, which is only read")
    elif _is_in(path, home.state / "audit/spool"):
        yield found.PLACE.at(GATEWAY_FILE, "audit.to", f"{path} is in the spool of syslog")


def _is_in(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def loss(home: Home) -> Iterator[Problem]:
    """Name a trail that may have gaps."""
    if home.gateway.audit.on_failure == "count":
        text = '"count": requests succeed that are not recorded, as long as the trail cannot be written'
        yield found.LOSS.at(GATEWAY_FILE, "audit.on_failure", text)


def receiver(home: Home) -> Iterator[Problem]:
    """Name a syslog receiver that anybody could pose as."""
    audit = home.gateway.audit
    if audit.kind != "syslog":
        return
    address = parse_receiver(audit.to)
    if address.tls and audit.truststore is None:
        text = "is missing: any authority of the operating system may vouch for the receiver"
        yield found.AUTHORITIES.at(GATEWAY_FILE, "audit.truststore", text)
    elif not address.tls and not is_loopback(address.host):
        text = f"records travel to {address.host} in clear, and anybody on the way may change or drop them"
        yield found.CLEAR.at(GATEWAY_FILE, "audit.to", text)
