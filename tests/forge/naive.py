"""A verifier that does what many did: it looks for ids anywhere, and asks nothing but whether the numbers fit.

What it accepts is a genuine signature in a message that is not genuine. It shows that a wrapping attack is one.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.forge.keys import Signer
from tests.forge.names import DS, ENVELOPED, STR_TRANSFORM, WSSE
from tests.forge.signing import DIGESTS, ID_ATTRIBUTES, canonical, token_form, tree
from tests.forge.surgery import clone


def verifies(message: bytes, signers: Iterable[Signer]) -> bool:
    """Tell whether a signature anywhere in the message verifies with the RSA key of one of these."""
    root = tree(message)
    known = list(signers)
    return any(_verifies(root, signature, known) for signature in root.iter(f"{{{DS}}}Signature"))


def _verifies(root: Any, signature: Any, signers: list[Signer]) -> bool:
    value = base64.b64decode(signature.findtext(f"{{{DS}}}SignatureValue", ""))
    infos = signature.findall(f"{{{DS}}}SignedInfo")
    return any(_value_fits(info, value, signers) and _digests_fit(root, signature, info) for info in infos)


def _value_fits(info: Any, value: bytes, signers: list[Signer]) -> bool:
    for signer in signers:
        try:
            signer.key.public_key().verify(value, canonical(info), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            continue
        return True
    return False


def _digests_fit(root: Any, signature: Any, info: Any) -> bool:
    references = info.findall(f"{{{DS}}}Reference")
    return bool(references) and all(_fits(root, signature, reference) for reference in references)


def _fits(root: Any, signature: Any, reference: Any) -> bool:
    algorithm = reference.find(f"{{{DS}}}DigestMethod").get("Algorithm")
    wanted = base64.b64decode(reference.findtext(f"{{{DS}}}DigestValue"))
    steps = [each.get("Algorithm") for each in reference.iter(f"{{{DS}}}Transform")]
    found = _octets(root, signature, reference.get("URI", "")[1:], steps)
    return any(DIGESTS[algorithm](octets) == wanted for octets in found)


def _octets(root: Any, signature: Any, name: str, steps: list[str]) -> Iterator[bytes]:
    """Give the octets of every element that the reference may mean."""
    for element in _named(root, name):
        if STR_TRANSFORM in steps:
            token_id = element.findtext(f"{{{WSSE}}}KeyIdentifier") or ""
            yield from (token_form(canonical(token)) for token in _named(root, token_id))
        elif ENVELOPED in steps:
            yield canonical(_without(element, signature))
        else:
            yield canonical(element)


def _named(root: Any, name: str) -> list[Any]:
    return [each for each in root.iter("*") if name in (each.get(attribute) for attribute in ID_ATTRIBUTES)]


def _without(element: Any, signature: Any) -> Any:
    """Return a copy of an element without the signature, which may stand elsewhere."""
    copied = clone(element)
    for inside, place in zip(copied.iter("*"), element.iter("*"), strict=True):
        if place is signature:
            inside.getparent().remove(inside)
            break
    return copied
