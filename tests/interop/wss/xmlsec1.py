"""The command line of xmlsec1: signs templates, which tests write as other stacks lay out their messages."""

import subprocess
from pathlib import Path

from tests.interop.outside import need, plain_environment
from tests.interop.wss.partners import Partner

WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
IDS = (
    ("Id", f"{SOAP11}:Body"),
    ("Id", f"{SOAP12}:Body"),
    ("Id", f"{WSU}:Timestamp"),
    ("AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion"),
    ("ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"),
)
"""Attributes that are ids, with the element: xmlsec1 knows no schema."""


class Xmlsec1Error(Exception):
    """It did not do it; the text is its own."""


def _run(*arguments: str) -> bytes:
    need("xmlsec1")
    ids = [part for attribute, element in IDS for part in (f"--id-attr:{attribute}", element)]
    command = ["xmlsec1", arguments[0], *ids, *arguments[1:]]
    done = subprocess.run(command, env=plain_environment(), capture_output=True, timeout=30, check=False)
    if done.returncode:
        raise Xmlsec1Error(done.stderr.decode(errors="replace"))
    return done.stdout


def sign(template: str, signer: Partner, folder: Path, xpath: str = "") -> bytes:
    """Fill in the digests and the value of the first Signature of a message, or of the one at an XPath."""
    source = folder / "template.xml"
    source.write_text(template)
    node = ["--node-xpath", xpath] if xpath else []
    return _run("--sign", "--privkey-pem", str(signer.clear), *node, str(source))


def verifies(message: bytes, signer: Partner, folder: Path, xpath: str = "") -> bool:
    """Whether xmlsec1 finds the signature good with this certificate."""
    source = folder / "message.xml"
    source.write_bytes(message)
    node = ["--node-xpath", xpath] if xpath else []
    try:
        _run("--verify", "--pubkey-cert-pem", str(signer.pem), *node, str(source))
    except Xmlsec1Error:
        return False
    return True
