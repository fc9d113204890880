"""The Content-Type header: media type and parameters (RFC 9110, section 8.3)."""

import re
from dataclasses import dataclass
from typing import Final

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TYPE: Final = re.compile(rf"[ \t]*({_NAME}/{_NAME})[ \t]*", re.ASCII)
_PARAMETER: Final = re.compile(
    rf";[ \t]*(?:({_NAME})=({_NAME}|\"(?:[^\"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t\x20-\x7e])*\")[ \t]*)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class MediaType:
    """A parsed Content-Type; type and parameter names in lower case."""

    type: str
    parameters: tuple[tuple[str, str], ...]

    def parameter(self, name: str) -> str | None:
        """Return a parameter's value, None when it is absent."""
        return dict(self.parameters).get(name)


def parse_media_type(header: str) -> MediaType:
    """Parse a Content-Type. Raises ValueError when it is malformed or names a parameter twice."""
    match = _TYPE.match(header)
    if match is None:
        raise ValueError("not a media type")
    position = match.end()
    parameters: list[tuple[str, str]] = []
    while position < len(header):
        found = _PARAMETER.match(header, position)
        if found is None:
            raise ValueError("malformed parameter")
        position = found.end()
        if found[1]:
            parameters.append((found[1].lower(), _unquoted(found[2])))
    if len(dict(parameters)) != len(parameters):
        raise ValueError("a parameter stands there twice")
    return MediaType(match[1].lower(), tuple(parameters))


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
