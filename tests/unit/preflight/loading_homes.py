"""A home with two providers, one of which knows signers and users, and a consumer."""

import shutil
from datetime import timedelta
from pathlib import Path

from gateway.exchange import Secret
from gateway.testkeys import TestAuthority
from tests.fixtures.certificates import issue
from tests.fixtures.running_gateway import REPOSITORY
from tests.unit.preflight import homes

PHONEBOOK = "wsdl/phonebook/phonebook.wsdl"
SCHEMA = "wsdl/phonebook/phonebook.xsd"
CORRELATOR = "wsdl/phonebook/correlator.toml"
SIGNED = "wsdl/signed/correlator.toml"
CONSUMER = "wsdl/rating/rating.wsdl"
BUNDLE = "bundles/ims1.toml"
USERS = "identity/users.toml"
TRUSTSTORE = "keystores/senders.pem"
REVOKED = "keystores/senders.crl"
KEYSTORE = "keystores/server.p12"
PASSWORD = "keys-for-tests"
SECRET = "secrets/passticket"
ENVIRON = {"IMS1_PASSWORD": "GWPASS1", "IMSGW_KEYSTORE_PASSWORD": PASSWORD}

_GATEWAY = f"""[server]
https = "127.0.0.1:8443"
keystore = {{ path = "{KEYSTORE}", password = {{ env = "IMSGW_KEYSTORE_PASSWORD" }} }}
"""
_PASSTICKET = f'\n[passticket]\napplication = "IMSAPPL"\nkey = {{ file = "{SECRET}" }}\n'
_SIGNED = f"""role = "provider"
wsdl = "signed.wsdl"
bundle = "ims1"

[security]
token = "saml20"
signed = true
trust = "one"
truststore = {{ path = "{TRUSTSTORE}" }}
users = {{ path = "{USERS}" }}

[operations."*"]
transaction = "IVTNO"
"""


def make(folder: Path) -> Path:
    """Write the home; return its folder."""
    homes.make(folder)
    (folder / "gateway.toml").write_text(_GATEWAY)
    bundle = folder / BUNDLE
    bundle.write_text(bundle.read_text() + _PASSTICKET)
    for name in ("identity", "keystores", "secrets"):
        (folder / name).mkdir()
    (folder / SECRET).write_text("0123456789ABCDEF")
    write_keystore(folder)
    (folder / TRUSTSTORE).write_bytes(issue("web1").pem)
    (folder / USERS).write_text('[[users]]\nname = "anna"\nuser = "ANNA1"\n')
    shutil.copytree(REPOSITORY / "wsdl/phonebook", folder / "wsdl/phonebook")
    shutil.copytree(REPOSITORY / "wsdl/phonebook", folder / "wsdl/signed")
    wsdl = (folder / "wsdl/signed/phonebook.wsdl").rename(folder / "wsdl/signed/signed.wsdl")
    replace(wsdl, 'port name="PhoneBookPort"', 'port name="SignedPort"')
    (folder / SIGNED).write_text(_SIGNED)
    return folder


def write_keystore(folder: Path) -> None:
    """Put a new key store of the server into the home."""
    store = TestAuthority().issue("server", ("localhost",), Secret(PASSWORD), timedelta(days=365))
    (folder / KEYSTORE).write_bytes(store)


def replace(path: Path, old: str, new: str) -> None:
    """Put a text in the place of another."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
