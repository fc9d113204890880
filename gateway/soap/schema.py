"""Validation of payloads against the schemas of a contract, by libxml2.

What is told about a mistake are names and lines, never values: a body may hold what must not be logged.
"""

import re
from collections.abc import Mapping
from itertools import islice
from threading import Lock
from typing import Any, Final

from lxml import etree

from gateway.errors import GatewayError, M, Problem
from gateway.safexml import Element, SchemaError, compile_schema, first_mistake
from gateway.soap.documents import Documents
from gateway.soap.schema_groups import refuse_explosive
from gateway.soap.schema_sources import RpcWrapper, SchemaSources

_WORDS: Final = {
    "SCHEMAV_ELEMENT_CONTENT": "its content is not as declared",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "it must be empty",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": "it takes no child elements",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "it takes no text between its child elements",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_4": "its content is not as declared",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "it has an attribute that is not declared",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "it has an attribute that is not declared",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "a required attribute is missing",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "a value is not of the declared type",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_2": "a value is not of the declared list type",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_3": "a value is of none of the declared types",
    "SCHEMAV_CVC_ELT_1": "it is not declared",
    "SCHEMAV_CVC_ELT_2": "it is abstract",
    "SCHEMAV_CVC_ELT_3_1": "it may not be nil",
    "SCHEMAV_CVC_ELT_3_2_1": "it is nil and has content",
    "SCHEMAV_CVC_ELT_4_1": "its xsi:type is not a name",
    "SCHEMAV_CVC_ELT_4_2": "its xsi:type is not declared",
    "SCHEMAV_CVC_ELT_4_3": "its xsi:type does not stand in for the declared type",
    "SCHEMAV_CVC_ENUMERATION_VALID": "a value is none of those listed",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "a value has too many fraction digits",
    "SCHEMAV_CVC_LENGTH_VALID": "a value has not the declared length",
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": "a value is too large",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "a value is too large",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "a value is too long",
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": "a value is too small",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "a value is too small",
    "SCHEMAV_CVC_MINLENGTH_VALID": "a value is too short",
    "SCHEMAV_CVC_PATTERN_VALID": "a value does not match the declared pattern",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "a value has too many digits",
    "SCHEMAV_CVC_TYPE_3_1_1": "it takes no attributes",
    "SCHEMAV_CVC_TYPE_3_1_2": "it takes no child elements",
}
"""What libxml2's codes mean, named after the clauses of XML Schema part 1 that they stand for."""

_PLACE: Final = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)': |: The attribute '([^']*)' )?")
_EXPECTED: Final = re.compile(r"Expected is (?:one of )?\( (.+?) \)\.$")
_WITH_EXPECTED: Final = frozenset({"SCHEMAV_ELEMENT_CONTENT", "SCHEMAV_CVC_COMPLEX_TYPE_2_4"})
"""Codes whose messages may name what is expected, and hold no value."""
_LONGEST = 200
_FEW: Final = 1000
"""Elements of a payload that is validated as it is, which tells the line of a mistake. Of a larger one
the place is told by the element's name only, see `first_mistake`."""


class BodySchema:
    """The compiled schemas of a contract; validates from any number of threads."""

    def __init__(self, documents: Mapping[str, bytes], main: str) -> None:
        """Compile. Raises SchemaError."""
        refuse_explosive(documents)
        self._documents, self._main = documents, main
        self._schema = compile_schema(documents, main)
        self._explaining: etree.XMLSchema | None = None
        self._lock = Lock()

    def validate(self, payload: Element) -> None:
        """Raise GatewayError with M.NOT_VALID when the payload does not follow the schema.

        Patterns of a schema may take time exponential in a value; libxml2 gives up after a fraction of a
        second, and what could not be judged is not valid.
        """
        if next(islice(payload.iter(), _FEW, None), None) is not None:
            self._validate_large(payload)
            return
        try:
            valid = self._schema.validate(payload)
        except etree.XMLSchemaValidateError:
            reason = "a value takes too long to check against the schema"
            raise GatewayError(M.NOT_VALID, {"reason": reason}) from None
        if not valid:
            raise GatewayError(M.NOT_VALID, {"reason": self._reason(payload)})

    def _validate_large(self, payload: Element) -> None:
        mistake = first_mistake(self._schema, payload)
        if mistake is not None:
            raise GatewayError(M.NOT_VALID, {"reason": _in_words(mistake.message, mistake.type_name, 0)})

    def _reason(self, payload: Element) -> str:
        """Return where and why, in words of ours.

        A compiled schema has one list of errors for all threads, so the list is read from a second one that
        only one thread at a time may use.
        """
        with self._lock:
            if self._explaining is None:
                self._explaining = compile_schema(self._documents, self._main)
            if self._explaining.validate(payload):
                return "it was not valid a moment ago"
            log: Any = self._explaining.error_log
            error = log[0]
            return _in_words(error.message, error.type_name, error.line)


def compile_body_schema(
    documents: Documents, sources: SchemaSources, wrappers: tuple[RpcWrapper, ...]
) -> tuple[BodySchema | None, list[Problem]]:
    """Return the compiled schemas of a contract, or None and what is wrong with them."""
    try:
        return BodySchema(*sources.compilable(wrappers)), []
    except SchemaError as error:
        problems = []
        for address, line, text in error.found:
            name, line_of_file = sources.where(address, line)
            problems.append(Problem(documents.file(name), f"line {line_of_file}", f"schema: {text}"))
        return None, problems


def _in_words(message: str, code: str, line: int) -> str:
    """Return a reason without values; libxml2's `message` is used for names only."""
    place = _PLACE.match(message)
    reason = _WORDS.get(code, "it does not follow the schema")
    attribute = place and (place[2] or place[3])
    # nowhere else is looked for a word of libxml2: behind the place there may be a value, which is the sender's
    expected = _EXPECTED.search(message) if code in _WITH_EXPECTED else None
    if attribute:
        reason += f" (attribute {_cut(attribute)})"
    if expected:
        reason += f"; expected: {_cut(expected[1])}"
    where = f"line {line}, " if line else ""
    return f"{where}element {_cut(place[1]) if place else '?'}: {reason}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
