"""The rules of the judge: each has a stable id, a sentence, and the place where it is written.

The ids appear in logs and in the names of tests. BSP is WS-I Basic Security Profile 1.1, WSS is OASIS Web
Services Security: SOAP Message Security 1.1.1, UTP is the UsernameToken Profile 1.1.1.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `id` is stable, `text` says what holds when it is met, `source` where it comes from."""

    id: str
    text: str
    source: str


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


RULES: tuple[Rule, ...] = tuple(rule for rule in vars(R).values() if isinstance(rule, Rule))
