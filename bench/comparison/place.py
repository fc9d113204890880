"""What every server of the comparison is given: whom to trust, its own TLS key, a folder."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from bench.comparison import senders
from bench.comparison.senders import Senders
from gateway import testkeys
from gateway.exchange import Secret

KEYSTORE_PASSWORD: Final = "keys-for-bench"
USERS: Final = {"ALICE": "WONDER1", "BOB": "BUILDER1", "GWUSER": "GWPASS1"}
SUBJECTS: Final = tuple(f"U{number:04}" for number in range(500))
"""Users that assertions name: a portal vouches for many, and PassTickets are for one user and second each."""
PLAIN, USERNAME, ONE, MANY = SERVICES = ("PlainPort", "UserPort", "OnePort", "ManyPort")
"""WSDL ports; the last part of the path tells every server what to ask of a message."""


@dataclass(frozen=True, slots=True)
class Place:
    """Files that all servers of a run share."""

    folder: Path
    senders: Senders
    keystore: Path
    """PKCS#12 with the server's own key, under KEYSTORE_PASSWORD."""
    key: Path
    certificate: Path
    tls_ca: Path
    """Who issued it, for the load generator."""

    def folder_of(self, name: str) -> Path:
        """Return a new folder for a server."""
        made = self.folder / name
        made.mkdir()
        return made


def make(folder: Path, sender_count: int) -> Place:
    """Make keys and certificates."""
    keys = testkeys.create(folder / "keystores", password=Secret(KEYSTORE_PASSWORD))
    key, certificate = folder / "server.key", folder / "server.pem"
    store = pkcs12.load_pkcs12(keys.server.read_bytes(), KEYSTORE_PASSWORD.encode())
    assert store.key is not None
    assert store.cert is not None
    key.write_bytes(store.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(store.cert.certificate.public_bytes(Encoding.PEM))
    return Place(folder, senders.make(folder, sender_count), keys.server, key, certificate, keys.ca)


def version(*command: str) -> str:
    """Return the first line that a tool says of itself."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return ((done.stdout or done.stderr).strip().splitlines() or [""])[0]
