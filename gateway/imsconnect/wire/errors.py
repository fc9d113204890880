"""The three ways a conversation with IMS Connect goes wrong, told apart by who broke the rules.

`LocalProtocolError`: we were about to. `RemoteProtocolError`: IMS Connect did (client role). `InputViolation`:
the client did (server role). None of them ever holds message data, so all may go to a log.
"""

from dataclasses import dataclass, field

from gateway.imsconnect.wire.header import Exit, HeaderCode


class LocalProtocolError(Exception):
    """Our own side asked for something the protocol does not allow; nothing was sent."""


class RemoteProtocolError(Exception):
    """The bytes from IMS Connect break its protocol; the socket must not be used again."""


class EarlyCloseError(RemoteProtocolError):
    """IMS Connect closed the connection while a reply was due or half read."""


@dataclass(eq=False)
class InputViolation(Exception):  # noqa: N818 - a violation is the thing itself, not a failure of ours
    """An input message that IMS Connect refuses, with the answer it would give.

    `return_code` and `reason_code` are those of the RSM (HWSSMPL0 and HWSSMPL1 return and reason codes).
    Without `exit` and `code` nobody knows how to write an RSM: the connection is closed without a word.
    `silent` marks the send-only messages that get no answer even then.
    """

    reason: str
    return_code: int
    reason_code: int
    exit: Exit | None = field(default=None, kw_only=True)
    code: HeaderCode | None = field(default=None, kw_only=True)
    silent: bool = field(default=False, kw_only=True)

    @property
    def answerable(self) -> bool:
        """Tell whether an RSM can and may be sent before closing."""
        return self.exit is not None and self.code is not None and not self.silent

    def __str__(self) -> str:
        return f"{self.reason} (return code {self.return_code}, reason code {self.reason_code})"
