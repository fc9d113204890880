"""XML Signature by hand: SignedInfo as text, octets by libxml2's canonicalization, values by `cryptography`.

What is signed is free: a hostile signer may name any algorithm, any transform and any address, and state any
digest. Nothing here is shared with the product.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from tests.forge.keys import Signer
from tests.forge.names import (
    DS,
    ECDSA_SHA256,
    ENVELOPED,
    EXC_C14N,
    MORE,
    RSA_SHA256,
    SHA1,
    SHA256,
    STR_TRANSFORM,
    WSSE,
    WSU,
    XENC,
)

SIGNATURE_PLACE = "{{signature}}"
"""Where the message signature goes."""

ID_ATTRIBUTES = (f"{{{WSU}}}Id", "ID", "AssertionID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id")

DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    SHA1: lambda data: hashlib.sha1(data).digest(),
    SHA256: lambda data: hashlib.sha256(data).digest(),
    f"{XENC}sha512": lambda data: hashlib.sha512(data).digest(),
    f"{MORE}sha384": lambda data: hashlib.sha384(data).digest(),
    f"{MORE}sha224": lambda data: hashlib.sha224(data).digest(),
    f"{MORE}md5": lambda data: hashlib.md5(data).digest(),
}


def tree(text: str | bytes) -> Any:
    """Parse a message of ours."""
    data = text.encode() if isinstance(text, str) else text
    return etree.fromstring(data)  # noqa: TID251  our own text; the product's parser is what is tested


def canonical(element: Any, prefixes: tuple[str, ...] = (), method: str = EXC_C14N) -> bytes:
    """Return the octets of an element."""
    exclusive, comments = method.startswith(EXC_C14N), method.endswith("#WithComments")
    return etree.tostring(
        element,
        method="c14n",
        exclusive=exclusive,
        with_comments=comments,
        inclusive_ns_prefixes=list(prefixes) or None if exclusive else None,
        with_tail=False,
    )


def by_id(root: Any, value: str) -> Any:
    """Return the first element with this id, as a careless verifier would."""
    for element in root.iter("*"):
        if value in (element.get(name) for name in ID_ATTRIBUTES):
            return element
    raise LookupError(value)


# -- references -----------------------------------------------------------------------------------------------


def transforms(*algorithms: str) -> str:
    """Return a ds:Transforms."""
    inside = "".join(
        f'<ds:Transform Algorithm="{each}"/>' if not each.startswith("<") else each for each in algorithms
    )
    return f"<ds:Transforms>{inside}</ds:Transforms>"


STR_TRANSFORMS = transforms(
    f'<ds:Transform Algorithm="{STR_TRANSFORM}"><wsse:TransformationParameters xmlns:wsse="{WSSE}">'
    f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/></wsse:TransformationParameters></ds:Transform>'
)


@dataclass(frozen=True)
class Ref:
    """One ds:Reference. `octets` gives what is digested, from the tree without the signature."""

    id: str
    transforms: str = transforms(EXC_C14N)
    octets: Callable[[Any], bytes] | None = None
    digest: str = SHA256
    uri: str | None = None
    """The whole URI attribute with its name; None: '#' and the id."""
    value: str | None = None
    """What to write inside DigestValue; None: the digest."""
    prefixes: tuple[str, ...] = ()

    def text(self, root: Any) -> str:
        """Return the element."""
        value = self.value
        if value is None:
            octets = self.octets or (lambda tree: canonical(by_id(tree, self.id), self.prefixes))
            value = base64.b64encode(DIGESTS.get(self.digest, DIGESTS[SHA256])(octets(root))).decode()
        uri = f'URI="#{self.id}"' if self.uri is None else self.uri
        return (
            f'<ds:Reference {uri}>{self.transforms}<ds:DigestMethod Algorithm="{self.digest}"/>'
            f"<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
        )


def token_octets(token_id: str, *, apex: bool = True) -> Callable[[Any], bytes]:
    """Return what STR-Transform yields for a token; without `apex` as senders write it that miss the rule."""
    return lambda root: token_form(canonical(by_id(root, token_id)), apex=apex)


def token_form(octets: bytes, *, apex: bool = True) -> bytes:
    """Return a token's octets for STR-Transform: on the apex an empty default namespace, as WSS4J has it."""
    if not apex or b" xmlns=" in octets.partition(b">")[0]:
        return octets
    name, _, rest = octets.partition(b" ")
    return name + b' xmlns="" ' + rest


def str_reference(str_id: str, token_id: str, *, apex: bool = True) -> Ref:
    """Return a reference to a token through a SecurityTokenReference."""
    return Ref(str_id, STR_TRANSFORMS, token_octets(token_id, apex=apex))


def enveloped_reference(assertion_id: str) -> Ref:
    """Return the reference of an assertion's own signature, which is not in the tree when it is digested."""
    return Ref(assertion_id, transforms(ENVELOPED, EXC_C14N))


# -- the signature --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """What a signature says of itself. Texts in `{}` of `layout` are its parts."""

    method: str | None = None
    """SignatureMethod; None: what fits the key."""
    c14n: str = EXC_C14N
    method_inside: str = ""
    c14n_inside: str = ""
    id: str = "SIG"
    layout: str = "{info}{value}{key_info}"
    value: Callable[[bytes], str] | None = None
    """Changes the octets of the value into the text to write; None: base64."""
    references: Callable[[str], str] | None = None
    """Changes the references before they are signed."""


def signature_text(
    text: str, place: str, refs: tuple[Ref, ...], key_info: str, signer: Signer, shape: Shape
) -> str:
    """Return the text with a signature at a place."""
    root = tree(text.replace(place, "").replace(SIGNATURE_PLACE, ""))
    fitting = ECDSA_SHA256 if isinstance(signer.key, ec.EllipticCurvePrivateKey) else RSA_SHA256
    method = fitting if shape.method is None else shape.method
    references = "".join(ref.text(root) for ref in refs)
    if shape.references:
        references = shape.references(references)
    info = (
        f'<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{shape.c14n}">{shape.c14n_inside}'
        f'</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{method}">{shape.method_inside}'
        f"</ds:SignatureMethod>{references}</ds:SignedInfo>"
    )

    def whole(value: str) -> str:
        parts = {"info": info, "value": f"<ds:SignatureValue>{value}</ds:SignatureValue>", "key_info": key_info}
        inside = shape.layout
        for part, content in parts.items():
            inside = inside.replace("{" + part + "}", content)
        return text.replace(place, f'<ds:Signature xmlns:ds="{DS}" Id="{shape.id}">{inside}</ds:Signature>')

    drawn = tree(whole("").replace(SIGNATURE_PLACE, ""))
    (signature,) = [e for e in drawn.iter(f"{{{DS}}}Signature") if e.get("Id") == shape.id]
    octets = canonical(next(signature.iter(f"{{{DS}}}SignedInfo")), method=shape.c14n)
    value = sign(signer, method, octets)
    return whole((shape.value or (lambda octets: base64.b64encode(octets).decode()))(value))


def sign(signer: Signer, method: str, data: bytes) -> bytes:
    """Return the value of a signature; HMAC takes the certificate as its key, as a confused verifier would."""
    name = method.rpartition("#")[2]
    if "hmac" in name:
        return hmac.digest(signer.der, data, "sha1" if name.endswith("sha1") else "sha256")
    algorithm = _hash(name)
    key = signer.key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        return b"".join(
            each.to_bytes(size, "big") for each in decode_dss_signature(key.sign(data, ec.ECDSA(algorithm)))
        )
    if name.startswith("dsa"):
        return b"".join(each.to_bytes(20, "big") for each in decode_dss_signature(key.sign(data, algorithm)))
    if name.endswith("MGF1"):
        return bytes(key.sign(data, padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), algorithm))
    return bytes(key.sign(data, padding.PKCS1v15(), algorithm))


def _hash(name: str) -> Any:
    kinds: dict[str, Any] = {
        "sha1": hashes.SHA1,
        "sha224": hashes.SHA224,
        "sha384": hashes.SHA384,
        "sha512": hashes.SHA512,
    }
    found = [kind for word, kind in kinds.items() if word in name]
    return found[0]() if found else hashes.MD5() if "md5" in name else hashes.SHA256()
