"""Answers of an identity provider: one that is right is believed, and each that is not quite is refused."""

import base64
import copy
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod

from gateway.admin.sso.answer import AnswerError, believe
from tests.fixtures.certificates import issue, key_of_kind
from tests.fixtures.identity_provider import BEARER, DS, A, IdentityProvider, P
from tests.unit.admin.sso.believing import IDP, OURS, REQUEST, believed, now, partners, right

A_, P_, DS_ = f"{{{A}}}", f"{{{P}}}", f"{{{DS}}}"
CONFIRMATION = f".//{A_}SubjectConfirmationData"
CONDITIONS = f".//{A_}Conditions"
STRANGER = IdentityProvider(holder=issue("stranger", key=key_of_kind("rsa-3072")))


class TestBelieved:
    def test_name_and_roles_are_those_of_the_assertion(self):
        answered = believed(right(name="ANNA", values=("ops", "others")))
        assert (answered.name, answered.roles) == ("ANNA", ("ops", "others"))

    def test_it_is_remembered_until_it_is_too_old_anyhow(self):
        said = right()
        answered = believed(said, clock_skew_seconds=60)
        assert answered.assertion_id == said.assertion_id
        assert answered.until == said.now + said.lasts + timedelta(seconds=60)

    def test_of_two_confirmations_the_later_counts_for_how_long_it_is_remembered(self):
        """Forgotten with the first, it could be shown again under the second."""
        said = right(before=_second_confirmation)
        assert believed(said, clock_skew_seconds=60).until == said.now + said.lasts + timedelta(seconds=60)

    def test_response_and_assertion_may_both_be_signed(self):
        assert believed(right(sign="both")).name == "ANNA"

    def test_a_provider_may_have_a_key_on_a_curve(self):
        curve = IdentityProvider(holder=issue("curve"))
        assert believe(curve.answer(right()), REQUEST, partners(curve), now()).name == "ANNA"

    def test_one_of_several_keys_may_have_signed(self):
        new = issue("new", key=key_of_kind("rsa-3072"))

        both = partners(certificates=(IDP.holder.certificate, new.certificate))
        for holder in (IDP.holder, new):
            answer = IdentityProvider(holder=holder).answer(right())
            assert believe(answer, REQUEST, both, now()).name == "ANNA"

    def test_the_name_may_be_an_attribute(self):
        assert believed(right(values=("ANNA",)), user_attribute="groups").name == "ANNA"

    def test_without_the_attribute_there_are_no_roles(self):
        assert believed(right(values=())).roles == ()

    def test_clocks_may_differ_as_the_settings_say(self):
        early = right(now=now() + timedelta(seconds=50))
        assert believed(early, clock_skew_seconds=60).name == "ANNA"


def _second_confirmation(response):
    """Put a confirmation that ends sooner before the one there is."""
    there = response.find(CONFIRMATION).getparent()
    sooner = copy.deepcopy(there)
    sooner[0].set("NotOnOrAfter", f"{now() + timedelta(seconds=5):%Y-%m-%dT%H:%M:%SZ}")
    there.addprevious(sooner)


def _drop_in_response_to(response):
    del response.attrib["InResponseTo"]
    del response.find(CONFIRMATION).attrib["InResponseTo"]


def _drop(path, name):
    def change(response):
        del response.find(path).attrib[name]

    return change


def _set(path, name, value):
    def change(response):
        (response if path == "." else response.find(path)).set(name, value)

    return change


def _remove(path):
    def change(response):
        found = response.find(path)
        found.getparent().remove(found)

    return change


def _text(path, text):
    def change(response):
        response.find(path).text = text

    return change


LATER, LONG_AGO = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
UNFIT = {
    "another request": ("no request of this browser", _set(".", "InResponseTo", "_another")),
    "no request, unsolicited": ("no request of this browser", _drop_in_response_to),
    "another request in the confirmation": (
        "no bearer confirmation",
        _set(CONFIRMATION, "InResponseTo", "_another"),
    ),
    "no request in the confirmation": ("no bearer confirmation", _drop(CONFIRMATION, "InResponseTo")),
    "another destination": (
        "another address",
        _set(".", "Destination", "https://elsewhere.example/sso/answer"),
    ),
    "a destination that only begins like ours": (
        "another address",
        _set(".", "Destination", f"{OURS}/sso/answer/more"),
    ),
    "another recipient": (
        "no bearer confirmation",
        _set(CONFIRMATION, "Recipient", "https://elsewhere.example/sso/answer"),
    ),
    "a recipient that only holds ours": (
        "no bearer confirmation",
        _set(CONFIRMATION, "Recipient", f"https://a/?{OURS}/sso/answer"),
    ),
    "no recipient": ("no bearer confirmation", _drop(CONFIRMATION, "Recipient")),
    "a confirmation without end": ("no bearer confirmation", _drop(CONFIRMATION, "NotOnOrAfter")),
    "a confirmation that is over": ("no bearer confirmation", _set(CONFIRMATION, "NotOnOrAfter", LONG_AGO)),
    "a confirmation with a beginning": ("no bearer confirmation", _set(CONFIRMATION, "NotBefore", LONG_AGO)),
    "no confirmation": ("no bearer confirmation", _remove(f".//{A_}SubjectConfirmation")),
    "another confirmation": (
        "no bearer confirmation",
        _set(f".//{A_}SubjectConfirmation", "Method", f"{BEARER}er"),
    ),
    "another audience": ("another audience", _text(f".//{A_}Audience", "https://elsewhere.example")),
    "no audience": ("no audience", _remove(f".//{A_}AudienceRestriction")),
    "no conditions": ("not one Conditions", _remove(CONDITIONS)),
    "conditions without end": ("NotOnOrAfter is missing", _drop(CONDITIONS, "NotOnOrAfter")),
    "expired": ("has expired", _set(CONDITIONS, "NotOnOrAfter", LONG_AGO)),
    "not valid yet": ("not valid yet", _set(CONDITIONS, "NotBefore", LATER)),
    "a time without zone": ("NotOnOrAfter is missing", _set(CONDITIONS, "NotOnOrAfter", "2099-01-01T00:00:00")),
    "issued in the future": ("issued in the future", _set(f"{A_}Assertion", "IssueInstant", LATER)),
    "another issuer": ("another issuer", _text(f"{A_}Assertion/{A_}Issuer", "https://elsewhere.example/")),
    "another issuer of the response": ("another issuer", _text(f"{A_}Issuer", "https://elsewhere.example/")),
    "a session that is over": (
        "session at the provider is over",
        _set(f".//{A_}AuthnStatement", "SessionNotOnOrAfter", LONG_AGO),
    ),
    "no authentication": ("AuthnStatement", _remove(f".//{A_}AuthnStatement")),
    "no subject": ("not one Subject", _remove(f".//{A_}Subject")),
    "an empty name": ("one person", _text(f".//{A_}NameID", " ")),
    "a name of several lines": ("one person", _text(f".//{A_}NameID", "ANNA\nOTTO")),
    "a very long name": ("one person", _text(f".//{A_}NameID", "A" * 101)),
    "no id": ("not one Signature", _drop(f"{A_}Assertion", "ID")),
    "another version": ("SAML version", _set(".", "Version", "1.1")),
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_an_answer_in_which_one_thing_is_not_right_is_refused_though_signed(unfit):
    reason, before = UNFIT[unfit]
    signs = "" if unfit == "no id" else "assertion"
    with pytest.raises(AnswerError, match=reason):
        believed(right(before=before, sign=signs))


@pytest.mark.parametrize("status", ["Requester", "Responder", "AuthnFailed"])
def test_a_refusal_of_the_provider_is_one_here(status):
    with pytest.raises(AnswerError):
        believed(right(status=status))


class TestSignatures:
    @pytest.mark.parametrize("sign", ["", "response"])
    def test_an_assertion_that_is_not_signed_itself_is_refused(self, sign):
        with pytest.raises(AnswerError, match="Signature"):
            believed(right(sign=sign))

    def test_a_stranger_s_key_is_refused(self):
        with pytest.raises(AnswerError, match="toolkit"):
            believed(right(), STRANGER)

    def test_a_response_signed_by_a_stranger_is_refused_though_the_assertion_is_right(self):
        inner = IDP.response(right()).find(f"{A_}Assertion")
        said = right(
            sign="response", before=lambda response: response.replace(response.find(f"{A_}Assertion"), inner)
        )
        with pytest.raises(AnswerError, match="toolkit"):
            believed(said, STRANGER)

    @pytest.mark.parametrize(
        "path", [f".//{A_}NameID", f".//{A_}AttributeValue", f".//{A_}Audience", f".//{DS_}SignatureValue"]
    )
    def test_what_is_changed_afterwards_is_noticed(self, path):
        def change(response):
            found = response.find(path)
            found.text = "b3Bz" if "Value" in path and "Signature" in path else f"{found.text}x"

        with pytest.raises(AnswerError):
            believed(right(after=change))

    @pytest.mark.parametrize(
        ("algorithm", "digest"),
        [
            (SignatureMethod.RSA_SHA1, DigestAlgorithm.SHA256),
            (SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA1),
            (SignatureMethod.RSA_SHA224, DigestAlgorithm.SHA256),
        ],
    )
    def test_weak_algorithms_are_refused(self, algorithm, digest):
        with pytest.raises(AnswerError, match="algorithm is not accepted"):
            believed(right(algorithm=algorithm, digest=digest))

    @pytest.mark.parametrize(
        "uri",
        [
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            "",
        ],
    )
    def test_a_mac_is_no_signature(self, uri):
        with pytest.raises(AnswerError, match="algorithm is not accepted"):
            believed(right(after=_set(f".//{DS_}SignatureMethod", "Algorithm", uri)))

    @pytest.mark.parametrize("uri", ["", "#other"])
    def test_a_reference_to_something_else_is_refused(self, uri):
        with pytest.raises(AnswerError, match="signs something else"):
            believed(right(after=_set(f".//{DS_}Reference", "URI", uri)))

    def test_a_second_reference_is_refused(self):
        def change(response):
            reference = response.find(f".//{DS_}Reference")
            reference.addnext(copy.deepcopy(reference))

        with pytest.raises(AnswerError, match="not one Reference"):
            believed(right(after=change))

    @pytest.mark.parametrize(
        "uri", ["http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/TR/1999/REC-xslt-19991116"]
    )
    def test_a_transform_that_chooses_is_refused(self, uri):
        with pytest.raises(AnswerError, match="transform"):
            believed(right(after=_set(f".//{DS_}Transform", "Algorithm", uri)))

    def test_an_object_in_a_signature_is_refused(self):
        def change(response):
            etree.SubElement(response.find(f".//{DS_}Signature"), f"{DS_}Object")

        with pytest.raises(AnswerError, match="Signature holds"):
            believed(right(after=change))


def _evil():
    return IDP.assertion(right(name="EVIL", values=("ops",)))


def _wrap_in_front(response):
    response.insert(2, _evil())


def _wrap_behind(response):
    response.append(_evil())


def _wrap_around(response):
    """The signed assertion inside of another, which has no signature of its own."""
    signed = response.find(f"{A_}Assertion")
    evil = _evil()
    response.replace(signed, evil)
    advice = etree.Element(f"{A_}Advice")
    advice.append(signed)
    evil.insert(3, advice)


def _wrap_with_signature_moved(response):
    """Another assertion holds the signature, and in that the assertion that was signed."""
    signed = response.find(f"{A_}Assertion")
    signature = signed.find(f"{DS_}Signature")
    evil = _evil()
    signed.remove(signature)
    evil.insert(1, signature)
    etree.SubElement(signature, f"{DS_}Object").append(signed)
    response.append(evil)


def _wrap_same_id(response):
    signed = response.find(f"{A_}Assertion")
    evil = _evil()
    evil.set("ID", signed.get("ID"))
    response.insert(2, evil)


def _wrap_in_extensions(response):
    signed = response.find(f"{A_}Assertion")
    response.replace(signed, _evil())
    extensions = etree.Element(f"{P_}Extensions")
    extensions.append(signed)
    response.insert(1, extensions)


def _wrap_response(response):
    """The whole signed response as a part of a new one."""
    outer = copy.deepcopy(response)
    assertion = outer.find(f"{A_}Assertion")
    evil = _evil()
    outer.replace(assertion, evil)
    etree.SubElement(evil.find(f".//{A_}AttributeValue"), "x").append(response)
    return outer


def _other_namespace(response):
    evil = _evil()
    evil.tag = "{urn:oasis:names:tc:SAML:1.0:assertion}Assertion"
    response.append(evil)


@pytest.mark.parametrize(
    "wrap",
    [
        _wrap_in_front,
        _wrap_behind,
        _wrap_around,
        _wrap_with_signature_moved,
        _wrap_same_id,
        _wrap_in_extensions,
        _wrap_response,
        _other_namespace,
    ],
)
@pytest.mark.parametrize("sign", ["assertion", "both"])
def test_a_wrapped_assertion_is_refused(wrap, sign):
    with pytest.raises(AnswerError):
        believed(right(after=wrap, sign=sign))


class TestShape:
    @pytest.mark.parametrize("text", ["ANNA<!-- -->.EVIL", "<!-- -->ANNA", "ANNA<![CDATA[x]]><!-- -->"])
    def test_a_comment_in_it_is_refused(self, text):
        xml = base64.b64decode(IDP.answer(right(name="ANNA"))).replace(b">ANNA<", f">{text}<".encode())
        with pytest.raises(AnswerError, match="comment"):
            believe(base64.b64encode(xml).decode(), REQUEST, partners(), now())

    def test_a_document_type_is_refused(self):
        xml = b"<!DOCTYPE a [<!ENTITY x 'y'>]>" + base64.b64decode(IDP.answer(right()))
        with pytest.raises(AnswerError, match="document type"):
            believe(base64.b64encode(xml).decode(), REQUEST, partners(), now())

    def test_an_encrypted_assertion_is_not_read(self):
        def change(response):
            response.find(f"{A_}Assertion").tag = f"{A_}EncryptedAssertion"

        with pytest.raises(AnswerError):
            believed(right(after=change))

    def test_a_bare_assertion_is_no_answer(self):
        xml = etree.tostring(IDP.response(right()).find(f"{A_}Assertion"))
        with pytest.raises(AnswerError, match="no Response"):
            believe(base64.b64encode(xml).decode(), REQUEST, partners(), now())

    @pytest.mark.parametrize("text", ["", "####", "PGE+", "a" * 300_000])
    def test_what_is_no_answer_is_refused(self, text):
        with pytest.raises(AnswerError):
            believe(text, REQUEST, partners(), now())

    @settings(max_examples=25)
    @given(st.binary(max_size=400), st.integers(0, 3000), st.integers(0, 40))
    def test_no_bytes_do_more_than_be_refused(self, data, place, cut):
        """Bytes as they are, and put into an answer that was right."""
        whole = base64.b64decode(IDP.answer(right()))
        damaged = whole[:place] + data + whole[place + cut :]
        for sent in (data, damaged):
            if sent == whole:
                continue
            text = base64.b64encode(sent).decode()
            try:
                assert believe(text, REQUEST, partners(), now()).name == "ANNA", "its name was changed"
            except AnswerError:
                pass


def test_the_time_that_counts_is_the_one_that_is_told():
    said = right()
    text = IDP.answer(said)
    with pytest.raises(AnswerError, match="expired"):
        believe(text, REQUEST, partners(), said.now + said.lasts + timedelta(seconds=61))
    with pytest.raises(AnswerError, match="not valid yet"):
        believe(text, REQUEST, partners(), said.now - timedelta(seconds=61))


def test_an_answer_to_another_gateway_is_refused():
    said = replace(right(), audience="https://other.example/sso/metadata")
    with pytest.raises(AnswerError, match="audience"):
        believed(said)
