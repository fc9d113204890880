"""A gateway with the services of the example home, its partners, and everything secret that they say."""

import base64
import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret
from gateway.standin import RunningStandin
from gateway.testkeys import TestAuthority
from tests.fixtures.calling import Caller, header_of, pem_of, trusting
from tests.fixtures.in_process import SoapReply
from tests.fixtures.running_gateway import BUNDLE_PASSWORD, KEYSTORE_PASSWORD, RunningGateway
from tests.flows.wss.wiretap import Wiretap
from tests.forge.assertions import instant
from tests.forge.keys import Signer
from tests.forge.message import Message, username_token

PHONEBOOK = "urn:ims-gateway:example:phonebook"
WHOAMI = f'<whoAmI xmlns="{PHONEBOOK}"/>'
PORTAL = "urn:ims-gateway:example:portal"
STS = "urn:ims-gateway:example:sts"
AUDIENCE = "urn:ims-gateway:example"
PASSWORDS = ("WONDER1", "BUILDER1", BUNDLE_PASSWORD, KEYSTORE_PASSWORD)
KINDS = {11: "text/xml; charset=utf-8", 12: "application/soap+xml; charset=utf-8"}

_SAID = (
    rb"<ds:SignatureValue>(.*?)</ds:SignatureValue>",
    rb"<wsse:Password[^>]*>(.*?)</wsse:Password>",
    rb"<wsse:Nonce[^>]*>(.*?)</wsse:Nonce>",
)


def new_signer(name: str) -> Signer:
    """Return somebody with a key and a certificate, EC, of an authority that nobody knows."""
    return signer_of(
        TestAuthority(name=f"authority of {name}").issue(name, (), Secret(KEYSTORE_PASSWORD), signing=True)
    )


def signer_of(store: bytes) -> Signer:
    """Return key and certificate of a PKCS#12 file."""
    bundle = pkcs12.load_pkcs12(store, KEYSTORE_PASSWORD.encode())
    assert bundle.cert is not None
    return Signer(
        bundle.key, bundle.cert.certificate, tuple(each.certificate for each in bundle.additional_certs)
    )


def key_lines(signer: Signer) -> set[str]:
    """Return the lines of a private key in PEM."""
    pem = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {line for line in pem.splitlines() if len(line) > 20 and "-" not in line}


def pem_with_key(signer: Signer, path: Path) -> Path:
    """Write key and certificate for a TLS client."""
    key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path.write_text(key + signer.pem)
    return path


def with_nonce(user: str = "ALICE", password: str = "WONDER1") -> Message:
    """Return a message with a UsernameToken that has a nonce of its own."""
    nonce = base64.b64encode(secrets.token_bytes(16)).decode()
    created = instant(SYSTEM_CLOCK.now() - timedelta(seconds=1))
    inside = f"<wsse:Nonce>{nonce}</wsse:Nonce><wsu:Created>{created}</wsu:Created>"
    token = username_token(user, password, inside=inside)
    return Message("username", claims={"token_xml": token}, body=WHOAMI)


@dataclass
class Scene:
    """Who is there, and what was sent."""

    gateway: RunningGateway
    standin: RunningStandin
    tap: Wiretap
    said: set[str] = field(default_factory=set, repr=False)
    """What must never be seen in a log: passwords, nonces, values of signatures."""

    def __post_init__(self) -> None:
        keys = self.gateway.keys
        stores = (keys.sender, keys.client, keys.sts)
        self.sender, self.client, self.sts = (signer_of(path.read_bytes()) for path in stores)
        self.client_pem, self.sender_pem = pem_of(keys.client), pem_of(keys.sender)
        self.said.update(PASSWORDS, *map(key_lines, (self.sender, self.client, self.sts)))

    # -- messages -------------------------------------------------------------------------------------------

    def unsigned(self, token: str = "saml20", **changes: Any) -> Message:
        """Return a message with an assertion that nothing signs."""
        changes = {"user": "ALICE", "body": WHOAMI, **changes}
        changes["claims"] = {"issuer": PORTAL, "audience": AUDIENCE, **changes.get("claims", {})}
        return Message(token, **changes)

    def signed(self, token: str = "saml20", **changes: Any) -> Message:
        """Return a message that the sender of the example home signs."""
        return self.unsigned(token, **{"signed_by": self.sender, **changes})

    def by_sts(self, token: str = "saml20", **changes: Any) -> Message:
        """Return a message whose assertion the STS of the example home signs."""
        return self.unsigned(token, sts=self.sts, claims={"issuer": STS}, **changes)

    def wire(self, message: Message) -> bytes:
        """Return what goes over the wire; what is secret in it is noted."""
        data = message.build(SYSTEM_CLOCK.now())
        self.note(data)
        return data

    def note(self, data: bytes) -> None:
        """Note what is secret in a message."""
        for pattern in _SAID:
            self.said.update(found.decode() for found in re.findall(pattern, data, re.DOTALL) if len(found) > 5)

    # -- calls ----------------------------------------------------------------------------------------------

    @contextmanager
    def caller(self, certificate: Path | None = None, url: str = "", source: str | None = None):
        """Open a connection, with a client certificate if one is given."""
        url = url or self.gateway.https_url
        context = trusting(self.gateway.ca, certificate) if url.startswith("https") else None
        with Caller(url, context, source=source) as caller:
            yield caller

    def send(
        self, port: str, message: Message | bytes, certificate: Path | None = None, **how: Any
    ) -> SoapReply:
        """Send one message over a connection of its own."""
        with self.caller(certificate, how.pop("url", ""), how.pop("source", None)) as caller:
            return self.post(caller, port, message, **how)

    def post(self, caller: Caller, port: str, message: Message | bytes, **how: Any) -> SoapReply:
        """Send one message over a connection that is there; `headers` are sent too."""
        soap = message.soap if isinstance(message, Message) else how.get("soap", 11)
        data = self.wire(message) if isinstance(message, Message) else message
        headers = {"Content-Type": KINDS[soap], **how.get("headers", {})}
        return caller.request("POST", f"/imssoap/services/{port}", data, headers)

    def entry(self, reply: SoapReply) -> dict[str, Any]:
        """Return what the log says of a request."""
        return self.gateway.request(header_of(reply.headers, "x-tracking-id"))

    def leaks(self) -> list[str]:
        """Return what is secret and stands in the gateway's log."""
        log = self.gateway.log
        return sorted(each for each in self.said | self.tap.passwords if each in log)


def user(reply: SoapReply) -> str:
    """Return who IMS says is calling; fails when the answer is a fault."""
    assert reply.status == 200, reply.body
    return reply.payload.findtext("{*}user") or ""


def refusal(reply: SoapReply) -> tuple[str, str]:
    """Return fault code and message id; fails when the answer is no fault."""
    assert reply.status in {400, 500}, reply.body
    return reply.fault_code, reply.message_id
