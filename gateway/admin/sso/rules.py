"""What must hold of an answer beside what the toolkit verifies, each rule with its place in the standard.

SAML 2.0 core, bindings and profiles; "product" where we ask for more. Nothing here verifies a signature.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.safexml import Element, children, is_element
from gateway.wss.algorithms import DIGESTS, SIGNATURES
from gateway.wss.times import parse_instant

LONGEST_NAME: Final = 100
_P: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
_A: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_TRANSFORMS: Final = frozenset(
    {"http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/2001/10/xml-exc-c14n#"}
)
_CANONICAL: Final = frozenset(
    {"http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"}
)
_RESPONSE: Final = frozenset({f"{_A}Issuer", f"{_DS}Signature", f"{_P}Status", f"{_A}Assertion"})
_ASSERTION: Final = frozenset(
    f"{_A}{name}"
    for name in ("Issuer", "Subject", "Conditions", "AuthnStatement", "AttributeStatement", "Advice")
) | {f"{_DS}Signature"}
_SIGNATURE: Final = [f"{_DS}SignedInfo", f"{_DS}SignatureValue", f"{_DS}KeyInfo"]
_IDS: Final = frozenset({"ID", "Id", "id", "AssertionID", "{http://www.w3.org/XML/1998/namespace}id"})


class BrokenError(Exception):
    """A rule does not hold; the text says which, for the log."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer to this request, for us, at this time, has to say."""

    request_id: str
    answer_address: str
    audience: str
    issuer: str
    now: datetime
    skew: timedelta


@dataclass(frozen=True, slots=True)
class Found:
    """What the caller has to know of an answer in which all rules hold."""

    assertion_id: str
    until: datetime
    """From then on it is too old."""


def require(root: Element, expected: Expected) -> Found:
    """Return what was found. Raises BrokenError."""
    assertion = _shape(root)
    _ids(root)
    _signed(assertion)
    if (own := root.find(f"{_DS}Signature")) is not None:
        _signature(own, root)
    _must(
        root.get("InResponseTo") == expected.request_id,
        "it answers no request of this browser (profiles 4.1.4.3)",
    )
    destination = root.get("Destination")
    _must(destination in {None, expected.answer_address}, "it was sent to another address (bindings 3.5.5.2)")
    for issuer in (root.find(f"{_A}Issuer"), _one(assertion, f"{_A}Issuer")):
        said = expected.issuer if issuer is None else (issuer.text or "").strip()
        _must(said == expected.issuer, "it is of another issuer (profiles 4.1.4.2)")
    return Found(
        assertion.get("ID") or "", min(_conditions(assertion, expected), _confirmed(assertion, expected))
    )


# -- shape --------------------------------------------------------------------------------------------------


def _shape(root: Element) -> Element:
    """Return the one assertion, which stands where it must."""
    _must(root.tag == f"{_P}Response", "it is no Response")
    _must(all(is_element(node) for node in root.iter()), "a comment stands in it (product)")
    _must(
        all(child.tag in _RESPONSE for child in children(root)), "the Response holds something else (product)"
    )
    assertions = [node for node in root.iter() if str(node.tag).endswith("}Assertion")]
    _must(len(assertions) == 1, "there is not one Assertion in it (product)")
    assertion = assertions[0]
    _must(assertion.tag == f"{_A}Assertion" and assertion.getparent() is root, "the Assertion stands elsewhere")
    known = all(child.tag in _ASSERTION for child in children(assertion))
    _must(known, "the Assertion holds something else, or is encrypted (product)")
    advice = assertion.find(f"{_A}Advice")
    _must(advice is None or len(advice) == 0, "there is advice in the Assertion (product)")
    return assertion


def _ids(root: Element) -> None:
    found = [value for node in root.iter() for name, value in node.items() if name in _IDS]
    _must(len(set(found)) == len(found) and all(found), "two elements have the same ID (core 1.3.4)")


# -- signatures ---------------------------------------------------------------------------------------------


def _signed(assertion: Element) -> None:
    root = assertion.getparent()
    assert root is not None, "the Response"
    signature = _one(assertion, f"{_DS}Signature")
    _signature(signature, assertion)
    everywhere = [node for node in root.iter(f"{_DS}Signature") if node.getparent() not in (root, assertion)]
    _must(not everywhere, "a Signature stands elsewhere (core 5.4.2)")
    _must(len(root.findall(f"{_DS}Signature")) <= 1, "the Response has two Signatures")


def _signature(signature: Element, signed: Element) -> None:
    """Require that a signature is over the element that it stands in, by algorithms that are good enough."""
    parts = [str(part.tag) for part in children(signature)]
    _must(parts in (_SIGNATURE, _SIGNATURE[:2]), "the Signature holds something else (product)")
    info = _one(signature, f"{_DS}SignedInfo")
    _must(
        _algorithm(info, "CanonicalizationMethod") in _CANONICAL,
        "SignedInfo is canonicalized otherwise (core 5.4.3)",
    )
    method = SIGNATURES.get(_algorithm(info, "SignatureMethod"))
    _must(method is not None and not method.legacy, "the signature algorithm is not accepted (product)")
    reference = _one(info, f"{_DS}Reference")
    _must(
        bool(signed.get("ID")) and reference.get("URI") == f"#{signed.get('ID')}",
        "it signs something else (core 5.4.2)",
    )
    digest = DIGESTS.get(_algorithm(reference, "DigestMethod"))
    _must(digest is not None and not digest.legacy, "the digest algorithm is not accepted (product)")
    used = [one.get("Algorithm") for one in reference.iter(f"{_DS}Transform")]
    _must(len(used) <= 2 and _TRANSFORMS.issuperset(used), "a transform is not accepted (core 5.4.4)")


def _algorithm(element: Element, name: str) -> str:
    return _one(element, f"{_DS}{name}").get("Algorithm") or ""


# -- conditions ---------------------------------------------------------------------------------------------


def _conditions(assertion: Element, expected: Expected) -> datetime:
    """Return until when the conditions let it be used."""
    conditions = _one(assertion, f"{_A}Conditions")
    restrictions = conditions.findall(f"{_A}AudienceRestriction")
    _must(bool(restrictions), "it is for no audience (profiles 4.1.4.2)")
    for restriction in restrictions:
        audiences = {(one.text or "").strip() for one in restriction.iterchildren(f"{_A}Audience")}
        _must(expected.audience in audiences, "it is for another audience (core 2.5.1.4)")
    until = _instant(conditions, "NotOnOrAfter")
    _must(expected.now < until + expected.skew, "it has expired (core 2.5.1.2)")
    if conditions.get("NotBefore") is not None:
        early = _instant(conditions, "NotBefore") > expected.now + expected.skew
        _must(not early, "it is not valid yet (core 2.5.1.2)")
    issued = _instant(assertion, "IssueInstant")
    _must(issued <= expected.now + expected.skew, "it was issued in the future (product)")
    for statement in assertion.iterchildren(f"{_A}AuthnStatement"):
        if statement.get("SessionNotOnOrAfter") is not None:
            over = _instant(statement, "SessionNotOnOrAfter") <= expected.now
            _must(not over, "the session at the provider is over (core 2.7.2)")
    return until + expected.skew


def _confirmed(assertion: Element, expected: Expected) -> datetime:
    """Return until when bearer confirmations that are for us let it be used: the latest, as one is enough."""
    subject = _one(assertion, f"{_A}Subject")
    until = [one + expected.skew for one in _bearers(subject, expected)]
    if not until or expected.now >= max(until):
        raise BrokenError("no bearer confirmation is for this request, this address, now (profiles 4.1.4.2)")
    return max(until)


def _bearers(subject: Element, expected: Expected) -> Iterator[datetime]:
    for confirmation in subject.iterchildren(f"{_A}SubjectConfirmation"):
        data = confirmation.find(f"{_A}SubjectConfirmationData")
        if confirmation.get("Method") != _BEARER or data is None or data.get("NotBefore") is not None:
            continue
        ours = (
            data.get("Recipient") == expected.answer_address and data.get("InResponseTo") == expected.request_id
        )
        if ours and data.get("NotOnOrAfter") is not None:
            yield _instant(data, "NotOnOrAfter")


# -- reading ------------------------------------------------------------------------------------------------


def _must(holds: bool, text: str) -> None:
    if not holds:
        raise BrokenError(text)


def _one(element: Element, tag: str) -> Element:
    found = element.findall(tag)
    _must(len(found) == 1, f"there is not one {tag.rpartition('}')[2]} (core)")
    return found[0]


def _instant(element: Element, name: str) -> datetime:
    try:
        return parse_instant(element.get(name) or "")
    except ValueError:
        raise BrokenError(f"{name} is missing, or no time (core 1.3.3)") from None
