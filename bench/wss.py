"""CPU time of the judge: each kind of token beside lxml and python-xmlsec, and hostile messages by size.

The same bytes go through the gateway (its parser, envelope, judge) and through a bare lxml parse and, where
they are signed, python-xmlsec's verification with the keys at hand; in one process, in turns. All figures are
CPU time of the process, the least of several batches.
"""

import secrets
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from lxml import etree

from bench.hostile import HOSTILE
from gateway import parsing
from gateway.demo.messages import message
from gateway.demo.signing import Signer
from gateway.envelope import read_envelope
from gateway.exchange import Secret
from gateway.safexml import Bounds, Element, parse
from gateway.testkeys import KeyKind, TestAuthority
from gateway.tls.trusted import TrustedKeys
from gateway.wss.judge import judge
from gateway.wss.names import BINARY_TOKEN, SIGNATURE, WSU_ID, X509_CERTIFICATE
from gateway.wss.policy import Policy, SignedBy, StsBody, TransportFacts, Trust, UnsignedSenders
from gateway.wss.replay import Unremembered
from gateway.wss.verdict import TokenKind, Verdict
from tests.fixtures.in_process import envelope, username_token

NOW: Final = datetime.now(UTC)  # noqa: TID251  the messages are made now, and judged at the same moment
BATCHES: Final = 7
SECONDS: Final = 0.15
MEGABYTES: Final = (1, 2, 4, 8, 10)
FRAME: Final = 6_000
"""What stands around the hostile part of a message, so that all of it stays under the largest size taken."""
AUDIENCE: Final = frozenset({"urn:ims-gateway:example"})
BASE: Final = Policy(
    token=TokenKind.SAML20,
    clock_skew=timedelta(seconds=60),
    max_age=timedelta(seconds=300),
    audiences=AUDIENCE,
)


def signer(name: str, authority: TestAuthority) -> Signer:
    """Make a key with a certificate of the authority."""
    secret = Secret(secrets.token_hex(8))
    store = pkcs12.load_pkcs12(authority.issue(name, (), secret, signing=True), secret.reveal().encode())
    assert store.cert is not None
    return Signer(store.key, store.cert.certificate)  # type: ignore[arg-type]  # our own keys are RSA or EC


@dataclass(frozen=True)
class Subject:
    """One kind of message, and what it is judged by."""

    data: bytes
    policy: Policy
    keys: TrustedKeys
    facts: TransportFacts
    reference: Callable[[Element], None]
    """What python-xmlsec is asked to do with the bare tree."""

    def parse(self) -> Element:
        """Parse as serving does."""
        return parse(self.data, Bounds())

    def judge(self) -> Verdict:
        """Do what serving does with the bytes."""
        read = read_envelope(self.parse())
        return judge(read, self.policy, self.facts, NOW, self.keys, Unremembered())

    def bare(self) -> None:
        """Parse with lxml as it is, and verify with python-xmlsec."""
        self.reference(etree.fromstring(self.data))  # noqa: TID251  what we compare with


# -- what python-xmlsec does with the same bytes ------------------------------------------------------------


def _parse_only(_root: Element) -> None:
    pass


def _verify(root: Element, signature: Element, key: xmlsec.Key) -> None:
    context = xmlsec.SignatureContext()
    context.key = key
    header, body = root
    for element in (body, *header[0]):
        for name in ("ID", "AssertionID", WSU_ID):
            if element.get(name) is not None:
                qualified = etree.QName(name)
                context.register_id(element, qualified.localname, qualified.namespace)
    context.verify(signature)


def _known(*signers: Signer) -> Callable[[Element], None]:
    """Verify every signature, in document order, with keys that are loaded already."""
    keys = [
        xmlsec.Key.from_memory(
            one.certificate.public_bytes(Encoding.PEM), xmlsec.constants.KeyDataFormatCertPem
        )
        for one in signers
    ]

    def verify(root: Element) -> None:
        for signature, key in zip(root.iter(SIGNATURE), keys, strict=True):
            _verify(root, signature, key)

    return verify


def verify_with(root: Element, key: xmlsec.Key) -> None:
    """Verify the one signature of a message with its key; xmlsec.Error when it is wrong."""
    _verify(root, next(root.iter(SIGNATURE)), key)


def _in_message(root: Element) -> None:
    """Verify every signature with the certificate that the message brings."""
    for signature in root.iter(SIGNATURE):
        certificate = signature.find(f".//{X509_CERTIFICATE}")
        if certificate is None:
            certificate = next(root.iter(BINARY_TOKEN))
        der = b64decode(certificate.text or "")
        _verify(root, signature, xmlsec.Key.from_memory(der, xmlsec.constants.KeyDataFormatCertDer))


# -- kinds of messages --------------------------------------------------------------------------------------


def subjects(kind: KeyKind) -> dict[str, Subject]:
    """Return one subject of each kind; keys are of `kind`."""
    authority = TestAuthority(kind)
    sender, sts = signer("sender", authority), signer("sts", authority)
    channel = TransportFacts(tls=True)
    known = TransportFacts(tls=True, certificate=sender.certificate)
    none = TrustedKeys.none()
    plain = envelope('<whoAmI xmlns="urn:ims-gateway:example:phonebook"/>', username_token("ALICE", "WONDER1"))
    found = {
        "username": Subject(plain, replace(BASE, token=TokenKind.USERNAME), none, channel, _parse_only),
    }
    pinned = TrustedKeys((sender.certificate,))
    for token in (TokenKind.SAML11, TokenKind.SAML20):
        name, base = token.value, replace(BASE, token=token)
        by_sender = replace(base, signed_by=SignedBy.SENDER)
        by_sts = replace(base, signed_by=SignedBy.STS, sts_body=StsBody.TLS_CLIENT)
        both = replace(by_sts, sts_body=StsBody.SENDER_SIGNATURE)
        vouched = replace(base, unsigned_senders=UnsignedSenders.MTLS)
        signed = message(token, "ALICE", NOW, sender=sender)
        issued = message(token, "ALICE", NOW, sts=sts)
        two = message(token, "ALICE", NOW, sender=sender, sts=sts)
        chain = replace(by_sender, trust=Trust.CHAIN)
        anybody = replace(by_sender, trust=Trust.ANY)
        found |= {
            f"{name}, unsigned": Subject(message(token, "ALICE", NOW), vouched, none, known, _parse_only),
            f"{name}, sender, one": Subject(signed, by_sender, pinned, channel, _known(sender)),
            f"{name}, sender, chain": Subject(
                signed, chain, TrustedKeys((authority.certificate,)), channel, _in_message
            ),
            f"{name}, sender, any": Subject(signed, anybody, none, channel, _in_message),
            f"{name}, STS, one": Subject(issued, by_sts, TrustedKeys((sts.certificate,)), known, _known(sts)),
            f"{name}, STS and sender": Subject(
                two, both, TrustedKeys((sts.certificate, sender.certificate)), channel, _known(sts, sender)
            ),
            f"{name}, STS and sender, any": Subject(
                two, replace(both, trust=Trust.ANY), none, channel, _in_message
            ),
        }
    return found


# -- measuring ----------------------------------------------------------------------------------------------


def _microseconds(*works: Callable[[], object]) -> list[float]:
    """Return the CPU time of each work, in turns: the least mean of a batch."""
    least = [float("inf")] * len(works)
    for _ in range(BATCHES):
        for number, work in enumerate(works):
            count, started, ended = 0, time.process_time(), 0.0
            while ended - started < SECONDS:
                count += _in_a_worker_s_thread(work)
                ended = time.process_time()
            least[number] = min(least[number], (ended - started) / count * 1e6)
    return least


def _in_a_worker_s_thread(work: Callable[[], object]) -> int:
    """Do the work 50 times, or until the thread has parsed what it may; return how many times."""
    done: list[int] = []

    def run() -> None:
        parsing.lend_thread()
        count = 0
        while count < 50 and not parsing.is_worn():
            work()
            count += 1
        done.append(count)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return done[0]


def _kind(subject: Subject) -> dict[str, Any]:
    verdict = subject.judge()
    if not verdict.accepted:
        raise RuntimeError(f"a message to measure was refused: {verdict.refusal}")
    judged, parsed, bare = _microseconds(subject.judge, subject.parse, subject.bare)
    return {
        "bytes": len(subject.data),
        "judged_microseconds": round(judged, 1),
        "of_which_parsed_microseconds": round(parsed, 1),
        "lxml_and_xmlsec_microseconds": round(bare, 1),
        "ratio": round(judged / bare, 2),
    }


def _hostile(make: Callable[[Signer, datetime, int], bytes], sender: Signer) -> dict[str, Any]:
    """Return CPU time by size, at a service that trusts any certificate: a hostile key gets furthest there."""
    policy = replace(BASE, signed_by=SignedBy.SENDER, trust=Trust.ANY)
    figures: dict[str, Any] = {}
    for size in MEGABYTES:
        subject = Subject(
            make(sender, NOW, size * 1_000_000 - FRAME),
            policy,
            TrustedKeys.none(),
            TransportFacts(tls=True),
            _parse_only,
        )
        took, outcome = float("inf"), ""
        for _ in range(3):
            started = time.process_time()
            outcome = _outcome(subject)
            took = min(took, time.process_time() - started)
        figures[f"{size} MB"] = {
            "bytes": len(subject.data),
            "cpu_milliseconds": round(took * 1000, 1),
            "milliseconds_per_megabyte": round(took * 1e9 / len(subject.data), 1),
            "outcome": outcome,
        }
    return figures


def _outcome(subject: Subject) -> str:
    from gateway.errors import GatewayError  # noqa: PLC0415

    try:
        verdict = subject.judge()
    except GatewayError as error:
        return error.message.id
    return next((finding.rule.id for finding in verdict.findings if not finding.met), "accepted")


def measure() -> dict[str, Any]:
    """Return the figures for every kind, with RSA-2048 and P-256 keys, and for hostile messages."""
    sender = signer("sender", TestAuthority("ec"))
    return {
        "rsa": {name: _kind(subject) for name, subject in subjects("rsa").items()},
        "ec": {name: _kind(subject) for name, subject in subjects("ec").items() if name.startswith("saml20, ")},
        "hostile": {name: _hostile(make, sender) for name, make in HOSTILE.items()},
    }
