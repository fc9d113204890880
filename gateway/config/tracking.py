"""`[tracking]` of `gateway.toml`: where the id that a request is known by comes from."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from gateway.config.values import RefusalError, Settings, Words
from gateway.tracking import Source, parse_source

_MOST: Final = 10


def _sources(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > _MOST:
        raise ValueError("not a list of sources")
    found: list[Source] = []
    for number, item in enumerate(value, start=1):
        try:
            source = parse_source(item if isinstance(item, str) else "")
        except ValueError as error:
            raise RefusalError(f"entry {number} {error}") from None
        if source in found:
            raise RefusalError(f"entry {number} stands there before already")
        found.append(source)
    return tuple(map(str, found))


Sources = Annotated[
    tuple[str, ...],
    BeforeValidator(_sources),
    Words("a list of sources, at most 10 of message-id, traceparent, element:{namespace}name and header:NAME"),
]


class TrackingSettings(Settings):
    """What a request is tracked by."""

    sources: Sources = Field(
        default=("message-id", "traceparent"),
        description="Where the tracking id of a request may come from; the first that has one of the right "
        "form counts, and where none has, the gateway makes one. `message-id`: WS-Addressing MessageID. "
        "`traceparent`: the trace id of that HTTP header. `element:{namespace}name`: an element of the SOAP "
        "header, or where there is none of the body. `header:NAME`: an HTTP header. Empty: always made.",
    )

    @property
    def places(self) -> tuple[Source, ...]:
        """The sources, read."""
        return tuple(map(parse_source, self.sources))
