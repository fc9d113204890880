"""What people may see of a message. The card numbers are the well-known test numbers."""

import base64
import gzip
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import redaction
from gateway.redacted_text import MASK
from gateway.redaction import Redaction

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SECRET = "Wonderland7"


def envelope(body: str, header: str = "", soap: str = SOAP11) -> bytes:
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return f'<s:Envelope xmlns:s="{soap}">{head}<s:Body>{body}</s:Body></s:Envelope>'.encode()


def shown(body: str, header: str = "", soap: str = SOAP11) -> str:
    return Redaction().text(envelope(body, header, soap))


class TestSecurityHeaders:
    @pytest.mark.parametrize("soap", [SOAP11, SOAP12])
    def test_the_whole_header_becomes_a_note_and_the_body_stays(self, soap: str) -> None:
        token = f"<w:UsernameToken><w:Username>ALICE</w:Username><w:Password>{SECRET}</w:Password>"
        token += "</w:UsernameToken>"
        text = shown("<name>LAST1</name>", f'<w:Security xmlns:w="{WSSE}">{token}</w:Security>', soap)
        assert "<!-- Security: not kept -->" in text
        assert "<name>LAST1</name>" in text
        assert "ALICE" not in text
        assert SECRET not in text

    @pytest.mark.parametrize(
        ("namespace", "name"),
        [
            ("http://schemas.xmlsoap.org/ws/2002/07/secext", "Security"),
            ("http://schemas.xmlsoap.org/ws/2003/06/secext", "Security"),
            ("urn:somebody:else", "Security"),
            ("urn:somebody:else", "SECURITY"),
            ("urn:oasis:names:tc:SAML:1.0:assertion", "Assertion"),
            ("urn:oasis:names:tc:SAML:2.0:assertion", "Assertion"),
            ("http://docs.oasis-open.org/ws-sx/ws-trust/200512", "RequestSecurityToken"),
            ("http://www.w3.org/2000/09/xmldsig#", "Signature"),
            ("http://www.w3.org/2001/04/xmlenc#", "EncryptedData"),
            ("http://www.w3.org/2009/xmlenc11#", "DerivedKey"),
            ("http://schemas.xmlsoap.org/ws/2004/04/security/trust", "RequestSecurityToken"),
            ("http://schemas.xmlsoap.org/ws/2005/02/trust", "RequestSecurityTokenResponse"),
        ],
    )
    def test_headers_of_older_drafts_and_bare_tokens_are_not_kept_either(
        self, namespace: str, name: str
    ) -> None:
        text = shown("<a/>", f'<w:{name} xmlns:w="{namespace}"><w:x>{SECRET}</w:x></w:{name}>')
        assert SECRET not in text
        assert f"{name}: not kept" in text

    @pytest.mark.parametrize("name", ["UsernameToken", "BinarySecurityToken"])
    def test_a_token_in_the_body_is_not_kept(self, name: str) -> None:
        text = shown(f'<a><w:{name} xmlns:w="{WSSE}">{SECRET}</w:{name}> behind</a>')
        assert SECRET not in text
        assert "behind" in text

    def test_a_message_that_is_an_assertion_is_not_shown(self) -> None:
        bare = f'<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">{SECRET}</a:Assertion>'
        assert Redaction().text(bare.encode()) == "(not shown: Assertion)"

    @pytest.mark.parametrize("name", ["Assertion--2", "Assertion-", "A---B"])
    def test_a_name_that_ends_a_comment_does_not_end_the_note(self, name: str) -> None:
        """XML lets names have hyphens in a row, and no comment: nothing may go wrong with the call for it."""
        text = shown(f'<a><w:{name} xmlns:w="{WSSE}">{SECRET}</w:{name}> behind</a>')
        assert "not kept" in text
        assert "behind" in text
        assert SECRET not in text

    def test_an_element_called_security_in_the_body_is_ordinary_data(self) -> None:
        assert "ISIN" in shown("<Security>ISIN</Security>")


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "password", "PASSWORD", "Password", "PIN", "pin", "userPin", "user_pin", "user-pin", "UserPIN",
            "NewPassword1", "old_password", "CardNumber", "card-number", "card_number", "customerCardNumber",
            "CVV", "pwd", "clientSecret", "IBAN", "AccessToken", "NEWPIN", "USERPWD", "CUSTIBAN", "userpwd",
        ],
    )  # fmt: skip
    def test_values_of_telling_names_are_masked(self, name: str) -> None:
        assert f"<{name}>{MASK}</{name}>" in shown(f"<{name}>{SECRET}</{name}>")
        assert SECRET not in shown(f'<a {name}="{SECRET}"/>')

    @pytest.mark.parametrize("name", ["shipping", "opinion", "panel", "name", "spinner", "company", "distance"])
    def test_names_that_only_look_alike_are_not(self, name: str) -> None:
        assert SECRET in shown(f"<{name}>{SECRET}</{name}>")

    def test_all_that_is_in_such_an_element_is_masked(self) -> None:
        inside = f'<password><clear of="{SECRET}">{SECRET}</clear>{SECRET}<b>{SECRET}</b></password><c>kept</c>'
        assert SECRET not in shown(inside)
        assert "kept" in shown(inside)

    @pytest.mark.parametrize(
        "body",
        [
            f'<field name="password">{SECRET}</field>',
            f"<entry><key>Pin</key><value>{SECRET}</value></entry>",
            f'<field name="card-number" value="{SECRET}"/>',
            f'<field name="userPassword">{SECRET}</field>',
            f'<field Name="http://schemas.example/claims/password">{SECRET}</field>',
            f'<field xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x:PinType">{SECRET}</field>',
            f"<entry><key>newPassword</key><value>{SECRET}</value></entry>",
            f"<entry><key><string>pin</string></key><value><string>{SECRET}</string></value></entry>",
        ],
    )
    def test_a_name_that_stands_as_data_masks_the_value_beside_it(self, body: str) -> None:
        assert SECRET not in shown(body)

    @pytest.mark.parametrize("text", ["JAPAN", "Spandau", "shipping", "Milan", "no pin was given"])
    def test_data_that_only_looks_like_a_name_masks_nothing(self, text: str) -> None:
        body = f"<entry><country>{text}</country><value>{SECRET}</value></entry>"
        assert SECRET in shown(body)

    def test_the_address_of_an_action_does_not_hide_the_other_headers(self) -> None:
        header = (
            '<a:Action xmlns:a="urn:a">http://host/ResetPassword</a:Action><a:To xmlns:a="urn:a">here</a:To>'
        )
        assert ">here<" in shown("<x/>", header)

    def test_the_configuration_may_name_others_in_place_of_these(self) -> None:
        own = Redaction(names=("Salary", "kundennummer"))
        text = own.text(envelope("<salary>1</salary><Kunden-Nummer>2</Kunden-Nummer><pin>3</pin>"))
        assert f"<salary>{MASK}</salary>" in text
        assert f"<Kunden-Nummer>{MASK}</Kunden-Nummer>" in text
        assert "<pin>3</pin>" in text

    def test_names_of_any_alphabet_are_masked(self) -> None:
        own = Redaction(names=("\u043f\u0430\u0440\u043e\u043b\u044c", "schl\u00fcssel"))
        body = f"<\u041f\u0430\u0440\u043e\u043b\u044c>{SECRET}</\u041f\u0430\u0440\u043e\u043b\u044c>"
        body += (
            f'<Schl\u00fcssel>{SECRET}</Schl\u00fcssel><a n="\u043f\u0430\u0440\u043e\u043b\u044c">{SECRET}</a>'
        )
        text = own.text(envelope(body))
        assert text.count(MASK) == 4
        assert SECRET not in text

    def test_without_names_only_tokens_are_taken_out(self) -> None:
        assert "<pin>3</pin>" in Redaction(names=()).text(envelope("<pin>3</pin>"))


class TestTexts:
    @pytest.mark.parametrize(
        "text",
        [
            f"password={SECRET}",
            f"user=a password: {SECRET}",
            f'{{"password": "{SECRET}"}}',
            f"Authorization: Basic {SECRET}",
            f"<![CDATA[<password>{SECRET}</password>]]>",
            f"&lt;password>{SECRET}&lt;/password>",
            f"&amp;lt;password&amp;gt;{SECRET}",
            f"pass<!-- -->word={SECRET}",
            f"https://user:{SECRET}@host/",
            f"newPassword={SECRET}",
            f'{{"userPassword": "{SECRET}", "n": 1}}',
            f"userPin={SECRET}",
            f'{{"card_number": "{SECRET}"}}',
            f"api-key={SECRET}",
            f"private key: {SECRET}",
            f"Basic {SECRET}",
            f"sent with Bearer {SECRET}",
            f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.{SECRET}",
        ],
    )
    def test_what_a_text_says_of_secrets_is_not_shown(self, text: str) -> None:
        assert SECRET not in shown(f"<note>{text}</note>")

    @pytest.mark.parametrize(
        "inside",
        [
            b"<saml:Assertion xmlns:saml='urn:a'>x</saml:Assertion>",
            b"<?xml version='1.0'?><a>x</a>",
            "\ufeff<a>a document of another program</a>".encode(),
            "<a>a document of another program</a>".encode("utf-16"),
            b'{"password": "x", "more": "than that"}',
            b"-----BEGIN PRIVATE KEY-----\nx",
            gzip.compress(b"<a/>", mtime=0),
        ],
    )
    @pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes])
    def test_documents_in_base64_are_not_shown(self, inside: bytes, encode: Callable[[bytes], bytes]) -> None:
        coded = encode(inside).decode()
        text = shown(f"<a>{coded}</a>")
        assert coded[:16] not in text
        assert "base64: not shown" in text

    @pytest.mark.parametrize(
        "text", ["Basic information", "basic cover", "bearer share", "QUFBQUFBQUFBQUFBQUFB"]
    )
    def test_what_only_looks_like_credentials_stays(self, text: str) -> None:
        assert text in shown(f"<a>{text}</a>")

    def test_comments_are_not_shown(self) -> None:
        text = shown(f"<a>before<!-- {SECRET} -->behind</a><!-- {SECRET} -->")
        assert SECRET not in text
        assert "beforebehind" in text

    @pytest.mark.parametrize("number", ["4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004"])
    def test_a_card_number_is_masked_but_for_its_end(self, number: str) -> None:
        text = shown(f"<remark>card {number} declined</remark>")
        assert number not in text
        assert f"{MASK}{number[-4:]} declined" in text

    @pytest.mark.parametrize("number", ["4111111111111112", "123456789012", "411111111111111111111"])
    def test_other_numbers_stay(self, number: str) -> None:
        assert number in shown(f"<remark>{number}</remark>")

    def test_ordinary_text_stays(self) -> None:
        assert "a < b, 50% of &amp;" in shown("<a>a &lt; b, 50% of &amp;</a>").replace("&lt;", "<")


class TestWhatIsNoMessage:
    @pytest.mark.parametrize(
        "data",
        [
            SECRET.encode(),
            f"<a>{SECRET}".encode(),
            f"<!DOCTYPE a [<!ENTITY x '{SECRET}'>]><a>&x;</a>".encode(),
            b"\xff\xfe\x00" + SECRET.encode(),
            envelope(f"<a>{SECRET}</a>" + "<b/>" * 20_000),
            envelope(f"<a>{SECRET}</a>" + "x" * 1_000_000),
        ],
    )
    def test_what_is_not_read_gives_a_note_and_no_content(self, data: bytes) -> None:
        text = Redaction().text(data)
        assert SECRET not in text
        assert text.startswith(f"(not shown: {len(data)} bytes")

    def test_nothing_gives_nothing(self) -> None:
        assert Redaction().text(b"") == ""

    def test_a_long_message_is_cut_and_says_so(self) -> None:
        text = Redaction(most=100).text(envelope("<a>" + "x" * 1000 + "</a>"))
        assert len(text) < 150
        assert "(cut: " in text

    def test_of_a_text_no_more_is_looked_at_than_could_be_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A worker has other things to do than to search megabytes that nobody will see."""
        looked_at: list[int] = []

        def counted(text: str, _spoken: object) -> str:
            looked_at.append(len(text))
            return text

        monkeypatch.setattr(redaction, "plain", counted)
        shown = Redaction(most=100).text(envelope(f"<a b='{'y' * 5000}'>{'x' * 5000}</a>"))
        assert max(looked_at) == 100
        assert "(cut: " in shown

    def test_utf_16_is_read(self) -> None:
        data = envelope("<pin>1234</pin>").decode().encode("utf-16")
        assert "1234" not in Redaction().text(data)

    @given(st.binary(max_size=300) | st.text(string.printable, max_size=300).map(str.encode))
    def test_no_bytes_make_it_fail(self, data: bytes) -> None:
        Redaction().text(data)
        Redaction().text(envelope("") + data)


@given(
    st.lists(st.sampled_from(["a", "b", "Header", "Security"]), max_size=6),
    st.sampled_from(["password", "PIN", "cardNumber"]),
    st.text(string.ascii_letters + " ", max_size=10),
    st.booleans(),
)
def test_a_masked_value_never_shows_wherever_its_element_stands(
    path: list[str], name: str, beside: str, comment: bool
) -> None:
    inner = f"{beside}<{name}>{'<!-- -->' if comment else ''}{SECRET}</{name}>{beside}"
    for element in path:
        inner = f"<{element}>{inner}</{element}>"
    assert SECRET not in shown(inner)
