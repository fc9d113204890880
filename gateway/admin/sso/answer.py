"""The identity provider's answer: who the person is, if all of it is as it must be.

The toolkit (python3-saml, strict) verifies schema, signature and the rest. Where it is content with something
missing, with five minutes of skew or with the start of an address, `rules` are not; and both see the same tree.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.admin.sso import rules
from gateway.admin.sso.toolkit import Partners
from gateway.errors import GatewayError
from gateway.safexml import Bounds, Element, parse, serialize

MOST_BYTES: Final = 200_000
_BOUNDS: Final = Bounds(max_bytes=MOST_BYTES, max_depth=32, max_elements=2000, max_attributes=32)


class AnswerError(Exception):
    """The answer is not believed; its text is for the log, not for the browser."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the provider says."""

    name: str
    roles: tuple[str, ...]
    """Values of the attribute that decides about the role."""
    assertion_id: str
    until: datetime
    """From when on the assertion is not accepted anyhow."""


def believe(answer: str, request_id: str, partners: Partners, now: datetime) -> Answered:
    """Return who an answer names. `answer`: SAMLResponse as it was posted. Raises AnswerError.

    What must not come twice is the assertion: the caller remembers its id.
    """
    root = _tree(answer)
    expected = rules.Expected(
        request_id=request_id,
        answer_address=partners.answer_address,
        audience=partners.entity_id,
        issuer=partners.provider.entity_id,
        now=now,
        skew=timedelta(seconds=partners.sso.clock_skew_seconds),
    )
    try:
        found = rules.require(root, expected)
    except rules.BrokenError as error:
        raise AnswerError(str(error)) from None
    response = _verified(root, request_id, partners)
    name, values = _said(response, partners)
    return Answered(name, values, found.assertion_id, found.until)


def _tree(answer: str) -> Element:
    try:
        data = base64.b64decode("".join(answer.split()), validate=True)
        return parse(data, _BOUNDS)
    except (binascii.Error, ValueError):
        raise AnswerError("SAMLResponse is not base64") from None
    except GatewayError as error:
        raise AnswerError(f"SAMLResponse is not accepted as XML: {error.text}") from None


def _verified(root: Element, request_id: str, partners: Partners) -> Any:
    """Have the toolkit judge the very tree that the rules have judged."""
    from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError  # noqa: PLC0415
    from onelogin.saml2.response import OneLogin_Saml2_Response  # noqa: PLC0415  slow to import

    try:
        response = OneLogin_Saml2_Response(partners.toolkit, base64.b64encode(serialize(root)).decode())
        response.is_valid(partners.request_data(), request_id, raise_exceptions=True)
    except (OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError) as error:
        raise AnswerError(f"the toolkit refuses it: {error}") from None
    except Exception as error:  # the toolkit lets out whatever went wrong below it
        raise AnswerError(f"the toolkit fails on it: {type(error).__name__}") from error
    return response


def _said(response: Any, partners: Partners) -> tuple[str, tuple[str, ...]]:
    from onelogin.saml2.errors import OneLogin_Saml2_ValidationError  # noqa: PLC0415

    try:
        attributes = response.get_attributes()
        own = partners.sso.user_attribute
        names = _texts(attributes.get(own, ())) if own else _texts([response.get_nameid()])
    except OneLogin_Saml2_ValidationError as error:
        raise AnswerError(f"the toolkit refuses it: {error}") from None
    if len(names) != 1 or not 0 < len(names[0]) <= rules.LONGEST_NAME or not names[0].isprintable():
        raise AnswerError("it does not name one person")
    return names[0], _texts(attributes.get(partners.sso.role_attribute, ()))


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(value.strip() for value in values if isinstance(value, str) and value.strip())
