"""The rules of the judge: each has a stable id, a sentence, and the place where it is written.

The ids appear in logs and in the names of tests. BSP is WS-I Basic Security Profile 1.1, WSS is OASIS Web
Services Security: SOAP Message Security 1.1.1, UTP is the UsernameToken Profile 1.1.1.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

_TOLD: Final = frozenset({"transport", "header", "token", "timestamp", "username", "id", "saml", "signature"})
"""Groups whose rules speak of the shape of a message: a caller may read which one is broken. What is decided by
keys, certificates and lists is not told; neither is anything under the faults of a failed check or sign-on."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `id` is stable, `text` says what holds when it is met, `source` where it comes from."""

    id: str
    text: str
    source: str
    is_met: "Finding" = field(init=False, repr=False, compare=False)
    """The finding of most rules in most messages, made once: a message is tried by some eighty of them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_met", Finding(self, met=True))

    @property
    def told(self) -> bool:
        """Whether a caller may read that this rule is broken."""
        return self.id.partition(".")[0] in _TOLD


class Finding(NamedTuple):
    """What one rule found. `detail` is for operators: it may name elements and times, never a secret."""

    rule: Rule
    met: bool
    detail: str = ""


class R:
    """All rules, in the order in which the judge may try them."""

    HTTPS = Rule("transport.https", "a service with a security token is called over HTTPS", "product")
    NO_TOKEN = Rule("header.none", "a service without a token gets no Security header", "product")
    ONE_HEADER = Rule("header.one", "there is one Security header for us, not more", "WSS 5; BSP R3206, R3210")
    PRESENT = Rule("header.present", "there is a Security header for us", "product")
    CHILDREN = Rule("header.children", "the header holds known elements and nothing else", "product")
    NO_COMMENT = Rule("header.plain", "no comment or processing instruction stands in the header", "product")
    ONE_TOKEN = Rule("token.one", "the header carries one identity token", "product")
    KIND = Rule("token.kind", "the token is of the kind that the service asks for", "product")

    TS_ONE = Rule("timestamp.one", "there is at most one Timestamp", "BSP R3227")
    TS_SHAPE = Rule(
        "timestamp.shape", "it holds one Created and at most one Expires, in order", "BSP R3203, R3224"
    )
    TS_FORMAT = Rule("timestamp.format", "its times are xs:dateTime in UTC", "BSP R3217, R3223")
    TS_ORDER = Rule("timestamp.order", "Created is not after Expires", "BSP R3221")
    TS_FRESH = Rule("timestamp.fresh", "it is neither expired nor from the future nor too old", "WSS 10")

    USER_ONE = Rule("username.username", "there is one Username, plain text, not empty", "UTP 3.1")
    PARTS = Rule(
        "username.parts", "Password, Nonce and Created stand there at most once", "BSP R4222, R4223, R4225"
    )
    KNOWN = Rule("username.known", "the token holds nothing else", "product")
    NO_DERIVATION = Rule("username.derivation", "Salt and Iteration are absent", "UTP 4; product")
    TYPE = Rule("username.type", "the password type is PasswordText", "UTP 3.1; BSP R4201")
    PASSWORD = Rule("username.password", "there is a Password, plain text, not empty", "UTP 3.1; product")
    NONCE = Rule("username.nonce", "the Nonce is base64 of 8 to 64 bytes", "UTP 3.1; BSP R4220, R4221")
    CREATED = Rule("username.created", "Created is xs:dateTime in UTC and fresh", "UTP 3.1; BSP R4223")
    LENGTH = Rule("username.length", "the password has at most 8 characters", "IRM_RACF_PW; product")

    ASSERTION_PLACE = Rule(
        "assertion.place", "the one assertion stands in our header and nowhere else", "BSP R6601; product"
    )
    ID_NAME = Rule("id.name", "every ID is a name", "XML Namespaces 1.0 NCName; product")
    ID_UNIQUE = Rule("id.unique", "no two elements have the same ID", "WSS 4.2; BSP R3204; product")
    ID_ONE = Rule("id.one", "no element is referred to by two IDs of its", "product")

    SIG_PLAIN = Rule("signature.plain", "no comment or processing instruction stands in a signature", "product")
    SIG_SHAPE = Rule(
        "signature.shape",
        "a signature holds SignedInfo, SignatureValue and KeyInfo, and nothing that is not needed",
        "XML Signature 4; BSP R3102, R5401, R5403",
    )
    SIG_CANONICAL = Rule(
        "signature.canonicalization", "SignedInfo is canonicalized exclusively", "BSP R5404; product"
    )
    SIG_METHOD = Rule("signature.method", "the signature algorithm is one of those accepted", "BSP R5421")
    SIG_REFERENCES = Rule(
        "signature.references", "there are 1 to 16 references, each to another ID", "XML Signature 4.4; product"
    )
    SIG_URI = Rule("signature.uri", "each reference names an ID of this message", "BSP R3066; product")
    SIG_TARGET = Rule(
        "signature.target",
        "what a reference names is there, and neither holds the signature nor stands for another reader",
        "WSS 8.2; BSP R3066",
    )
    SIG_TRANSFORM = Rule(
        "signature.transform",
        "the transforms are exclusive canonicalization or STR-Transform; in an assertion the enveloped one too",
        "BSP R5411, R5416, R5423; SAML 2.0 core 5.4.4",
    )
    SIG_TOKEN = Rule(
        "signature.token-reference",
        "what an STR-Transform stands for is a token of our header, named as the token profile says",
        "WSS 8.3; BSP R3065, R6602 to R6608",
    )
    SIG_DIGEST = Rule("signature.digest", "the digest algorithms are among those accepted", "BSP R5420")
    SIG_OCTETS = Rule(
        "signature.octets",
        "digests and signature value are base64 of the right length",
        "XML Signature 4.3, 4.4",
    )
    SIG_OWN = Rule(
        "signature.own-assertion",
        "a signature in an assertion has one reference, to that assertion",
        "SAML 1.1 core 5.4.2; SAML 2.0 core 5.4.2",
    )
    SIG_NESTING = Rule("signature.nesting", "nothing is signed more than four times over", "product")

    KEY_INFO = Rule(
        "key.info", "KeyInfo holds one thing, a SecurityTokenReference or X509Data", "BSP R5402, R5417"
    )
    KEY_REFERENCE = Rule(
        "key.reference",
        "the SecurityTokenReference names a certificate in one of the ways known",
        "WSS 7; BSP R3061",
    )
    KEY_DATA = Rule(
        "key.data", "X509Data holds a certificate or names one, without contradiction", "XML Signature 4.5.4"
    )
    KEY_FOUND = Rule("key.found", "the token or certificate that is named is there, once", "WSS 7.2 to 7.5")
    KEY_TOKEN = Rule(
        "key.token", "the token is base64 of X.509 certificates", "X.509 Token Profile 3.1; BSP R3029 to R3032"
    )
    KEY_PATH = Rule(
        "key.path", "several certificates form one path, with one signer at its end", "XML Signature 4.5.4"
    )
    KEY_FITS = Rule("key.fits", "the signer's key fits the signature algorithm and is strong enough", "product")

    SIG_VALUE = Rule("signature.value", "the signature over SignedInfo verifies", "XML Signature 3.2.2")
    SIG_FORM = Rule(
        "signature.form", "what is signed has a canonical form, and not a huge one", "Exclusive XML C14N 1.3"
    )
    SIG_DIGESTS = Rule(
        "signature.digests", "what is referred to has the digests that are signed", "XML Signature 3.2.1"
    )

    TS_NEEDED = Rule(
        "timestamp.needed", "a message signed by its sender has a Timestamp with Expires", "product"
    )
    SIG_PLACE = Rule("signature.place", "signatures stand in our header or in its assertion only", "product")
    SIG_NEEDED = Rule("signature.needed", "the signature that the service asks for is there", "product")
    SIG_TARGETS = Rule(
        "signature.targets",
        "what is signed stands where it is used: body, our header, header blocks",
        "WSS 8.3; product",
    )
    COVERAGE = Rule(
        "signature.coverage",
        "one signature covers the body, the assertion and the Timestamp that are used",
        "SAML Token Profile 3.5.2; product",
    )
    WHOLE_TEXT = Rule(
        "signature.whole-text",
        "no comment, which a signature does not see, cuts a text of the signed body in two",
        "Exclusive XML Canonicalization; product",
    )
    ADDRESSING = Rule(
        "signature.addressing", "where one WS-Addressing header is signed, all are", "BSP; product"
    )
    VOUCHING = Rule(
        "sender.authenticated",
        "the sender of the message is authenticated as the service asks",
        "SAML Token Profile 3.5.2; product",
    )
    SENDER = Rule("sender.listed", "the sender's certificate is one of those that may vouch", "product")
    ISSUER_LISTED = Rule(
        "issuer.certificate", "the issuer's certificate is one of those that may sign assertions", "product"
    )
    ONCE = Rule(
        "replay.new", "nonce, message signature or one-time assertion did not come before", "WSS 13.2; UTP 3.1"
    )

    CERT_FOUND = Rule("certificate.found", "the signer's certificate is at hand", "WSS X.509 Token Profile 3")
    CERT_FORM = Rule("certificate.form", "it is X.509 version 3 and can be read", "RFC 5280 4.1; product")
    CERT_TIME = Rule("certificate.time", "it is valid now", "RFC 5280 4.1.2.5")
    CERT_KEY = Rule("certificate.key", "its key is strong enough", "SP 800-131A table 2; FIPS 186-5")
    CERT_USAGE = Rule("certificate.usage", "its KeyUsage, if there is one, lets it sign", "RFC 5280 4.2.1.3")
    CERT_CRITICAL = Rule("certificate.critical", "its critical extensions are all known", "RFC 5280 4.2")
    CERT_DIGEST = Rule(
        "certificate.digest", "its own signature does not rest on a broken hash", "SP 800-131A table 8; product"
    )
    TRUST_ONE = Rule("trust.one", "the certificate stands, byte for byte, in the truststore", "product")
    TRUST_ANY = Rule("trust.any", "the certificate came in the message, whoever it is of", "product")
    TRUST_ENTITY = Rule("trust.entity", "the certificate is not that of an authority", "RFC 5280 4.2.1.9")
    TRUST_CHAIN = Rule("trust.chain", "the certificate chains to one in the truststore", "RFC 5280 6.1")
    TRUST_CURRENT = Rule(
        "trust.revocation", "a current list of its issuer covers it and does not name it", "RFC 5280 6.3"
    )

    SAML_VERSION = Rule(
        "saml.version",
        "the assertion is of the SAML version that the service asks for",
        "SAML 1.1, 2.0 core 2.3",
    )
    SAML_PLAIN = Rule("saml.plain", "no comment or processing instruction stands in the assertion", "product")
    SAML_CLEAR = Rule("saml.clear", "nothing in the assertion is encrypted", "product")
    SAML_ALONE = Rule("saml.alone", "no other assertion stands inside the assertion", "product")
    SAML_SUBJECT = Rule(
        "saml.subject", "it has a subject with one name", "SAML 1.1 core 2.4.2; SAML 2.0 core 2.4.1"
    )
    SAML_CONFIRMATION = Rule(
        "saml.confirmation",
        "its subject is confirmed by sender-vouches of the same SAML version, and by nothing else",
        "SAML token profile 1.1.1, 3.5.2",
    )
    SAML_CONDITION = Rule(
        "saml.condition", "its conditions are all known", "SAML 1.1 core 2.3.2.1; SAML 2.0 core 2.5.1"
    )
    SAML_SHAPE = Rule(
        "saml.shape",
        "elements, attributes and text stand where the schema of SAML has them",
        "SAML core; product",
    )
    SAML_ID = Rule("saml.id", "it has an id that is a name of XML", "SAML 1.1 core 1.3.4; SAML 2.0 core 1.3.4")
    SAML_TIMES = Rule(
        "saml.times", "its times are xs:dateTime in UTC", "SAML 1.1 core 1.3.3; SAML 2.0 core 1.3.3"
    )
    SAML_ISSUER = Rule("saml.issuer", "it names its issuer, as an entity", "SAML 2.0 core 2.2.5, 8.3.6")
    SAML_NAME = Rule("saml.name", "the name of its subject is plain text, not empty", "product")
    SAML_NAME_FORMAT = Rule(
        "saml.name-format",
        "the format of the name is one that can name a user here",
        "SAML 2.0 core 8.3; product",
    )
    SAML_SAME = Rule("saml.same-subject", "all its statements are about the same subject", "product")
    SAML_ISSUED = Rule(
        "saml.issued", "it was not issued in the future, and lately when it has no end", "SAML core; product"
    )
    SAML_ORDER = Rule(
        "saml.order", "every NotBefore lies before its NotOnOrAfter", "SAML 2.0 core 2.4.1.2, 2.5.1.2"
    )
    SAML_WINDOW = Rule("saml.window", "it is valid now", "SAML 1.1 core 2.3.2.1.1; SAML 2.0 core 2.5.1.2")
    SAML_LIFETIME = Rule("saml.lifetime", "it is not valid for longer than the service allows", "product")
    SAML_ISSUER_KNOWN = Rule("saml.issuer-known", "its issuer is one that the service accepts", "product")
    SAML_AUDIENCE = Rule(
        "saml.audience",
        "every restriction of its audience includes us",
        "SAML 1.1 core 2.3.2.1.3; SAML 2.0 core 2.5.1.4",
    )
    SAML_DATA = Rule(
        "saml.confirmation-data",
        "its confirmation is for us, for now, and answers no request",
        "SAML 2.0 core 2.4.1.2",
    )
    SAML_AUTHENTICATION = Rule(
        "saml.authentication",
        "nobody was authenticated in the future, and no session is over",
        "SAML 1.1 core 2.4.3; SAML 2.0 core 2.7.2",
    )


RULES: tuple[Rule, ...] = tuple(rule for rule in vars(R).values() if isinstance(rule, Rule))
