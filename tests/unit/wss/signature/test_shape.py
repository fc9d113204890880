"""What a signature may say: each rule met by an honest message and broken by one that is next to it.

All messages here are signed, hostile ones too: what is refused is refused for what it says.
"""

import pytest

from gateway.errors import WssFault
from gateway.safexml import Bounds, parse
from gateway.wss.ids import IdIndex
from gateway.wss.signature.shape import Role, read_signature
from gateway.wss.signature.verify import verify
from gateway.wss.verdict import RuleBrokenError, Trail
from tests.unit.wss.signature.making import (
    ASSERTION,
    BODY,
    DS,
    ENVELOPED,
    EXC,
    MORE,
    OF_ASSERTION,
    OF_BODY,
    OF_STAMP,
    RSA_SHA256,
    STR_PARAMETERS,
    STR_TRANSFORM,
    WSSE,
    WSU,
    XENC,
    Hand,
    Reference,
    b64,
    by_hand,
    direct,
    judged,
    key_info,
    prefix_list,
    signer,
    transform,
    xmlsec_verifies,
)

HOLDER = signer()
HAND = Hand(HOLDER)
INVALID, ALGORITHM, FAILED = "InvalidSecurity", "UnsupportedAlgorithm", "FailedCheck"
NOTHING_SHA256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def header(content="", attributes=' wsu:Id="more"'):
    return f'<m:More xmlns:m="urn:m" xmlns:wsu="{WSU}"{attributes}>{content}</m:More>'


def many(count):
    """So many more headers, and references to them."""
    texts = [header(attributes=f' wsu:Id="more{number}"') for number in range(count)]
    references = tuple(Reference(f"#more{number}", text) for number, text in enumerate(texts))
    return "".join(texts), references


def of_body(**how):
    fields = {
        name: getattr(OF_BODY, name)
        for name in ("uri", "octets", "transforms", "digest", "value", "attributes")
    }
    return HAND.but(references=(Reference(**(fields | how)), OF_STAMP, OF_ASSERTION))


ACCEPTED = {
    "plain": HAND,
    "one reference": HAND.but(references=(OF_BODY,)),
    "ids": HAND.but(attributes=' Id="sig"', signed_info_attributes=' Id="si"'),
    "white space between elements": HAND.but(before="\n  ", after="\n"),
    "white space in a digest": of_body(value=OF_BODY.text().split("DigestValue>")[1].replace("</ds:", "\n\t ")),
    "prefix lists": HAND.but(
        c14n_content=prefix_list(""),
        references=(Reference("#body", BODY, transform(EXC, prefix_list(" x x "))),),
    ),
    "a type without meaning here": of_body(attributes=' Type="urn:any"'),
}

REFUSED = {
    # nothing but elements
    "comment in DigestValue": (of_body(value=f"<!-- -->{b64(b'x' * 32)}"), "signature.plain", INVALID),
    "comment in Signature": (HAND.but(after="<!-- -->"), "signature.plain", INVALID),
    "comment in KeyInfo": (HAND.but(key_info=key_info(direct() + "<!-- -->")), "signature.plain", INVALID),
    # children of Signature
    "Object": (HAND.but(after="<ds:Object></ds:Object>"), "signature.shape", INVALID),
    "Object with Manifest": (
        HAND.but(after="<ds:Object><ds:Manifest/></ds:Object>"),
        "signature.shape",
        INVALID,
    ),
    "two SignedInfo": (HAND.but(before=HAND.signed_info()), "signature.shape", INVALID),
    "two SignatureValue": (
        HAND.but(after="<ds:SignatureValue>AA==</ds:SignatureValue>"),
        "signature.shape",
        INVALID,
    ),
    "two KeyInfo": (HAND.but(after=key_info(direct())), "signature.shape", INVALID),
    "something before": (HAND.but(before="<x></x>"), "signature.shape", INVALID),
    "text": (HAND.but(before="x"), "signature.shape", INVALID),
    "text after": (HAND.but(after="x"), "signature.shape", INVALID),
    "an attribute": (HAND.but(attributes=' x="y"'), "signature.shape", INVALID),
    "an attribute of SignedInfo": (HAND.but(signed_info_attributes=' x="y"'), "signature.shape", INVALID),
    # SignedInfo
    "no reference": (HAND.but(references=()), "signature.references", INVALID),
    "an element behind the references": (HAND.but(signed_info_end="<x></x>"), "signature.shape", INVALID),
    "two c14n methods": (
        HAND.but(c14n_content=f'</ds:CanonicalizationMethod><ds:CanonicalizationMethod Algorithm="{EXC}">'),
        "signature.shape",
        INVALID,
    ),
    "two signature methods": (
        HAND.but(method_content=f'</ds:SignatureMethod><ds:SignatureMethod Algorithm="{RSA_SHA256}">'),
        "signature.shape",
        INVALID,
    ),
    "HMACOutputLength": (
        HAND.but(method_content="<ds:HMACOutputLength>1</ds:HMACOutputLength>"),
        "signature.shape",
        INVALID,
    ),
    "two references to one ID": (HAND.but(references=(OF_BODY, OF_BODY)), "signature.references", INVALID),
    # addresses
    "empty URI": (of_body(uri=""), "signature.uri", INVALID),
    "no URI": (of_body(uri=None), "signature.uri", INVALID),
    "a bare #": (of_body(uri="#"), "signature.uri", INVALID),
    "root by XPointer": (of_body(uri="#xpointer(/)"), "signature.uri", INVALID),
    "ID by XPointer": (of_body(uri="#xpointer(id('body'))"), "signature.uri", INVALID),
    "http": (of_body(uri="http://127.0.0.1/x#body"), "signature.uri", INVALID),
    "file": (of_body(uri="file:///etc/hostname"), "signature.uri", INVALID),
    "cid": (of_body(uri="cid:body"), "signature.uri", INVALID),
    "relative": (of_body(uri="x#body"), "signature.uri", INVALID),
    "without #": (of_body(uri="body"), "signature.uri", INVALID),
    "white space in the URI": (of_body(uri="# body"), "signature.uri", INVALID),
    "Manifest by type": (of_body(attributes=f' Type="{DS}Manifest"'), "signature.shape", INVALID),
    "Object by type": (of_body(attributes=f' Type="{DS}Object"'), "signature.shape", INVALID),
    # targets
    "nothing by this ID": (of_body(uri="#none"), "signature.target", FAILED),
    "SignedInfo itself": (
        of_body(uri="#si").but(signed_info_attributes=' Id="si"'),
        "signature.target",
        INVALID,
    ),
    "Signature itself": (of_body(uri="#sig").but(attributes=' Id="sig"'), "signature.target", INVALID),
    # transforms
    "no transforms": (of_body(transforms=""), "signature.transform", ALGORITHM),
    "enveloped": (of_body(transforms=transform(ENVELOPED)), "signature.transform", ALGORITHM),
    "enveloped and c14n": (
        of_body(transforms=transform(ENVELOPED) + transform()),
        "signature.transform",
        ALGORITHM,
    ),
    "c14n twice": (of_body(transforms=transform() + transform()), "signature.transform", ALGORITHM),
    "c14n with comments": (
        of_body(transforms=transform(f"{EXC}WithComments")),
        "signature.transform",
        ALGORITHM,
    ),
    "inclusive c14n": (
        of_body(transforms=transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315")),
        "signature.transform",
        ALGORITHM,
    ),
    "c14n 1.1": (
        of_body(transforms=transform("http://www.w3.org/2006/12/xml-c14n11")),
        "signature.transform",
        ALGORITHM,
    ),
    "XPath": (
        of_body(transforms=transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>1</ds:XPath>")),
        "signature.transform",
        ALGORITHM,
    ),
    "XPath filter 2": (
        of_body(transforms=transform("http://www.w3.org/2002/06/xmldsig-filter2")),
        "signature.transform",
        ALGORITHM,
    ),
    "XSLT": (
        of_body(transforms=transform("http://www.w3.org/TR/1999/REC-xslt-19991116")),
        "signature.transform",
        ALGORITHM,
    ),
    "base64": (of_body(transforms=transform(f"{DS}base64")), "signature.transform", ALGORITHM),
    "unknown transform": (of_body(transforms=transform("urn:unknown")), "signature.transform", ALGORITHM),
    "two Transforms": (
        of_body(transforms=f"{transform()}</ds:Transforms><ds:Transforms>{transform()}"),
        "signature.shape",
        INVALID,
    ),
    "something else in Transforms": (of_body(transforms=f"{transform()}<x></x>"), "signature.shape", INVALID),
    "a parameter of c14n": (of_body(transforms=transform(EXC, "<x></x>")), "signature.shape", INVALID),
    "two PrefixLists": (
        of_body(transforms=transform(EXC, prefix_list("a") + prefix_list("b"))),
        "signature.shape",
        INVALID,
    ),
    "STR-Transform of the body": (
        of_body(transforms=transform(STR_TRANSFORM, STR_PARAMETERS)),
        "signature.token-reference",
        FAILED,
    ),
    # algorithms
    "SignedInfo with comments": (
        HAND.but(canonicalization=f"{EXC}WithComments"),
        "signature.canonicalization",
        ALGORITHM,
    ),
    "SignedInfo inclusive": (
        HAND.but(canonicalization="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        "signature.canonicalization",
        ALGORITHM,
    ),
    "unknown signature algorithm": (HAND.but(method="urn:unknown"), "signature.method", ALGORITHM),
    "RSA with SHA-1": (HAND.but(method=f"{DS}rsa-sha1"), "signature.method", ALGORITHM),
    "RSA with MD5": (HAND.but(method=f"{MORE}rsa-md5"), "signature.method", ALGORITHM),
    "HMAC with SHA-1": (HAND.but(method=f"{DS}hmac-sha1"), "signature.method", ALGORITHM),
    "HMAC with SHA-256": (HAND.but(method=f"{MORE}hmac-sha256"), "signature.method", ALGORITHM),
    "DSA": (HAND.but(method=f"{DS}dsa-sha1"), "signature.method", ALGORITHM),
    "digest SHA-1": (of_body(digest=f"{DS}sha1"), "signature.digest", ALGORITHM),
    "digest MD5": (of_body(digest=f"{MORE}md5"), "signature.digest", ALGORITHM),
    "digest SHA-224": (of_body(digest=f"{MORE}sha224"), "signature.digest", ALGORITHM),
    "digest RIPEMD-160": (of_body(digest=f"{XENC}ripemd160"), "signature.digest", ALGORITHM),
    # octets
    "DigestValue is no base64": (of_body(value="!!"), "signature.octets", INVALID),
    "DigestValue is cut short": (of_body(value=b64(b"x" * 31)), "signature.octets", FAILED),
    "DigestValue is empty": (of_body(value=""), "signature.octets", FAILED),
    "DigestValue of nothing": (of_body(value=NOTHING_SHA256), "signature.octets", FAILED),
    "an element in DigestValue": (of_body(value="<x></x>"), "signature.octets", INVALID),
    "SignatureValue is no base64": (HAND.but(value="A"), "signature.octets", INVALID),
    "SignatureValue is empty": (HAND.but(value=""), "signature.octets", FAILED),
    "SignatureValue is too short": (HAND.but(value=b64(b"x" * 255)), "signature.octets", FAILED),
    "SignatureValue is too long": (HAND.but(value=b64(b"\0" + b"x" * 256)), "signature.octets", FAILED),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_honest_shape_is_accepted_and_covers_what_it_names(name):
    message = by_hand(ACCEPTED[name])
    found = judged(message)
    assert found.refusal is None, found.trail.findings[-1]
    assert found.words == ["Body", "Timestamp", "Assertion"][: len(ACCEPTED[name].references)]
    assert xmlsec_verifies(message, HOLDER)


@pytest.mark.parametrize("name", REFUSED)
def test_a_shape_that_is_not_needed_is_refused(name):
    hand, rule, fault = REFUSED[name]
    found = judged(by_hand(hand))
    assert (found.rule, found.fault) == (rule, fault), found.trail.findings[-1]


def test_as_many_references_as_16_and_no_more():
    headers, references = many(15)
    assert judged(by_hand(HAND.but(references=(OF_BODY, *references)), headers=headers)).refusal is None
    headers, references = many(16)
    found = judged(by_hand(HAND.but(references=(OF_BODY, *references)), headers=headers))
    assert found.rule == "signature.references"


def test_what_is_covered_is_the_node_and_not_a_copy():
    found = judged(by_hand(HAND))
    body, stamp, assertion = found.covered.elements
    assert body is found.root[1]
    assert stamp is found.root[0][0][1]
    assert assertion is found.root[0][0][2]


# -- targets --------------------------------------------------------------------------------------------------


def sign_also(text, name="more"):
    return HAND.but(references=(OF_BODY, Reference(f"#{name}", text)))


def test_a_header_block_may_be_signed_by_its_wsu_id():
    text = header()
    assert judged(by_hand(sign_also(text), headers=text)).refusal is None


@pytest.mark.parametrize("attribute", ["Id", "ID", "xml:id"])
def test_an_id_that_is_not_the_one_of_its_kind_names_nothing(attribute):
    text = f'<m:More xmlns:m="urn:m" {attribute}="more"></m:More>'
    found = judged(by_hand(sign_also(text), headers=text))
    assert (found.rule, found.fault) == ("signature.target", FAILED)


def test_nothing_in_the_header_of_another_actor_may_be_signed():
    inside = header()
    other = f'<wsse:Security xmlns:wsse="{WSSE}" s:actor="urn:other">{inside}</wsse:Security>'
    found = judged(by_hand(sign_also(inside), headers=other))
    assert (found.rule, found.fault) == ("signature.target", INVALID)


def test_what_holds_the_signature_cannot_be_signed_by_it():
    message = by_hand(HAND.but(references=(Reference("#all", "never"),)))
    for place in (b"<wsse:Security ", b"<s:Header>", b"<s:Envelope "):
        marked = message.replace(
            place, place.rstrip(b" >") + f' xmlns:u="{WSU}" u:Id="all" '.encode() + place[-1:], 1
        )
        found = judged(marked)
        assert (found.rule, found.fault) == ("signature.target", INVALID)


def test_the_key_info_of_the_signature_may_be_signed():
    text = f'<ds:KeyInfo xmlns:ds="{DS}" Id="key">{direct()}</ds:KeyInfo>'
    alone = text.replace(
        f' xmlns:wsse11="http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd" xmlns:wsu="{WSU}"',
        "",
    )
    found = judged(by_hand(HAND.but(references=(OF_BODY, Reference("#key", alone)), key_info=text)))
    assert found.refusal is None, found.trail.findings[-1]
    assert found.words == ["Body", "KeyInfo"]


def test_a_start_tag_that_canonicalization_would_keep_forever_is_not_signed():
    for attributes in ("".join(f' a{number}=""' for number in range(16)), f" {'a' * 300}=''"):
        text = header(attributes=f' wsu:Id="more"{attributes}')
        assert judged(by_hand(sign_also(text), headers=text)).rule == "signature.target"


@pytest.mark.parametrize(("levels", "accepted"), [(4, True), (5, False)])
def test_nothing_is_signed_more_than_four_times_over(levels, accepted):
    inner = "x"
    texts = []
    for number in reversed(range(levels)):
        inner = f'<m:More xmlns:m="urn:m" xmlns:wsu="{WSU}" wsu:Id="n{number}">{inner}</m:More>'
        texts.append(inner)
    message = inner.replace(f' xmlns:m="urn:m" xmlns:wsu="{WSU}"', "").replace(
        "<m:More", f'<m:More xmlns:m="urn:m" xmlns:wsu="{WSU}"', 1
    )
    canonical = [text.replace(f' xmlns:m="urn:m" xmlns:wsu="{WSU}"', "").replace(
        "<m:More", f'<m:More xmlns:m="urn:m" xmlns:wsu="{WSU}"', 1) for text in texts]  # fmt: skip
    references = [Reference(f"#n{levels - 1 - number}", text) for number, text in enumerate(canonical)]
    found = judged(by_hand(HAND.but(references=(OF_BODY, *references)), headers=message))
    assert (found.refusal is None) is accepted, found.trail.findings[-1]
    if not accepted:
        assert found.rule == "signature.nesting"


# -- an assertion's own signature -----------------------------------------------------------------------------

OWN = f"{transform(ENVELOPED)}{transform()}"


def own(reference, **how):
    """An assertion with a signature in it, and the reference to that assertion."""
    hand = HAND.but(references=(reference,), key_info=None, **how)
    return ASSERTION.replace("</saml2:Issuer>", f"</saml2:Issuer>{hand.text()}")


def own_judged(assertion):
    return judged(by_hand(HAND, assertion=assertion), HOLDER, role=Role.STS)


@pytest.mark.parametrize(
    ("name", "reference", "rule", "fault"),
    [
        ("honest", Reference("#saml", ASSERTION, OWN), None, None),
        ("another element", Reference("#body", BODY, OWN), "signature.own-assertion", INVALID),
        ("nothing", Reference("#none", ASSERTION, OWN), "signature.own-assertion", INVALID),
        ("empty URI", Reference("", ASSERTION, OWN), "signature.uri", INVALID),
        (
            "enveloped alone",
            Reference("#saml", ASSERTION, transform(ENVELOPED)),
            "signature.transform",
            INVALID,
        ),
        ("c14n alone", Reference("#saml", ASSERTION, transform()), "signature.transform", INVALID),
        (
            "other order",
            Reference("#saml", ASSERTION, transform() + transform(ENVELOPED)),
            "signature.transform",
            INVALID,
        ),
        ("three", Reference("#saml", ASSERTION, OWN + transform()), "signature.transform", INVALID),
        ("XPath", Reference("#saml", ASSERTION, OWN + transform("urn:x")), "signature.transform", ALGORITHM),
        (
            "STR",
            Reference("#saml", ASSERTION, transform(STR_TRANSFORM, STR_PARAMETERS)),
            "signature.transform",
            ALGORITHM,
        ),
        (
            "a parameter",
            Reference("#saml", ASSERTION, transform(ENVELOPED, "<x></x>") + transform()),
            "signature.shape",
            INVALID,
        ),
    ],
)
def test_an_assertion_signs_itself_and_nothing_else(name, reference, rule, fault):
    found = own_judged(own(reference))
    if rule is None:
        assert found.refusal is None, found.trail.findings[-1]
        assert found.covered.elements == (found.root[0][0][2],)
        return
    assert (found.rule, found.fault) == (rule, fault)


def test_an_assertion_has_one_reference():
    hand = HAND.but(references=(Reference("#saml", ASSERTION, OWN), OF_STAMP), key_info=None)
    found = own_judged(ASSERTION.replace("</saml2:Issuer>", f"</saml2:Issuer>{hand.text()}"))
    assert (found.rule, found.fault) == ("signature.own-assertion", INVALID)


def test_a_message_signature_is_of_no_use_outside_the_header_it_was_read_from():
    root = parse(by_hand(HAND), Bounds())
    ids, trail = IdIndex.of(root), Trail()
    shape = read_signature(root.find(f".//{{{DS}}}Signature"), Role.MESSAGE, ids, legacy=False, trail=trail)
    with pytest.raises(RuleBrokenError) as caught:
        verify(shape, HOLDER.certificate, root[0], ids, trail)
    assert caught.value.refusal.fault is WssFault.INVALID_SECURITY
