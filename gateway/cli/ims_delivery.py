"""A message of a tpipe as text, as a dump, or as a line of JSON."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from gateway.cli.ims_text import Writing, visible
from gateway.cli.printed_json import printed_json

if TYPE_CHECKING:
    from gateway.imsconnect import Delivery


class Form(Enum):
    """How messages are written; the value is how names of files end."""

    TEXT = ".txt"
    RAW = ".hex"
    JSON = ".json"


class NotTextError(Exception):
    """A message that cannot be written as text without losing something."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """How the messages of a tpipe are written. Nothing of a message is lost in any form."""

    tpipe: str
    form: Form
    writing: Writing

    def of(self, delivery: "Delivery", number: int) -> bytes:
        """Return a message, each line ended. Raises NotTextError in the form TEXT."""
        if self.form is Form.JSON:
            return (printed_json(self._facts(delivery, number), indent=None) + "\n").encode()
        lines = [self._head(delivery)] if delivery.synchronous else []
        for tag, data in delivery.control_data:
            lines += [f"control data {visible(tag)}", *self._lines(data)]
        for piece in _data(delivery):
            lines += self._lines(piece)
        return "".join(f"{line}\n" for line in lines).encode()

    def _lines(self, data: bytes) -> list[str]:
        if self.form is Form.TEXT and self.writing.decode(data) is None:
            raise NotTextError(f"is not text in CCSID {self.writing.ccsid}; --json and --raw take any")
        return self.writing.lines(data, raw=self.form is Form.RAW)

    def _head(self, delivery: "Delivery") -> str:
        return f"callout {delivery.correlation_token.hex().upper()} {visible(delivery.user)}".rstrip()

    def _facts(self, delivery: "Delivery", number: int) -> dict[str, Any]:
        return {
            "tpipe": self.tpipe,
            "number": number,
            "segments": [self.writing.facts(segment) for segment in delivery.segments],
            "callout": self._callout(delivery) if delivery.synchronous else None,
            "mod_name": delivery.mod_name or None,
            "network_user": delivery.network_user.hex().upper() or None,
            "network_session": delivery.network_session.hex().upper() or None,
            "more_queued": delivery.more_queued,
        }

    def _callout(self, delivery: "Delivery") -> dict[str, Any]:
        return {
            "token": delivery.correlation_token.hex().upper(),
            "user": delivery.user,
            "request": self.writing.facts(delivery.request or b""),
            "control_data": [{"tag": tag, **self.writing.facts(data)} for tag, data in delivery.control_data],
        }


def _data(delivery: "Delivery") -> tuple[bytes, ...]:
    return delivery.segments if delivery.request is None else (delivery.request,)
