"""A request status message as the error a caller gets.

Source: Return and reason codes for IMS Connect exits; HWSSMPL0 and HWSSMPL1 return and reason codes; the words
are those of `wire.codes`.
"""

from typing import Final

from gateway.errors import ImsError, M, Message
from gateway.imsconnect.outcome import told_by
from gateway.imsconnect.wire import CodeMeaning, Rsm, describe, timer_seconds

OTMA_SENSE: Final = 16
"""Return code of an RSM that carries an OTMA sense code."""

TIMEOUT_SOCKET_KEPT: Final = 40
"""Return code of a timeout after which IMS Connect keeps a persistent socket."""


def refusal(
    rsm: Rsm,
    where: str,
    timeout_ms: int,
    *,
    of_request: bool = True,
    meaning: CodeMeaning | None = None,
) -> ImsError:
    """Return the error for an RSM that came instead of output.

    `where` names the socket for the private reason, `timeout_ms` is the execution timeout that was asked for.
    The error of a timeout tells the time really in effect, as IRM_TIMER cannot say every value. `of_request` is
    false where the RSM answers what followed the request (an ACK, NAK or DEALLOCATE). `meaning` says what the
    codes mean where they mean something of their own.
    """
    meaning = describe(rsm) if meaning is None else meaning
    error = _worded(rsm, meaning, where, timeout_ms)
    error.meaning = meaning
    error.known = told_by(meaning, of_request=of_request)
    return error


def _worded(rsm: Rsm, meaning: CodeMeaning, where: str, timeout_ms: int) -> ImsError:
    private = f"{where}: {_codes(rsm, meaning)}"
    if meaning.timeout and not rsm.xml_adapter:
        seconds = timer_seconds(rsm.reason_code)
        effective_ms = timeout_ms if seconds is None else round(seconds * 1000)
        fields = {"milliseconds": str(effective_ms)}
        return _error(M.EXECUTION_TIMEOUT, fields, f"{private}; asked for {timeout_ms} ms", rsm)
    if meaning.deallocate == "aborted":
        return _error(M.ROLLED_BACK, {}, private, rsm)
    if meaning.sign_on_failed:
        # the words would tell a stranger which of user, password and group was wrong
        error = _error(M.IMS_CONNECT, {"meaning": "the sign-on was not accepted"}, private, rsm)
        error.sign_on_failed = True
        return error
    return _error(_message(rsm), {"meaning": meaning.text}, private, rsm)


def _message(rsm: Rsm) -> Message:
    if rsm.xml_adapter:
        return M.XML_ADAPTER
    return M.OTMA if rsm.return_code == OTMA_SENSE else M.IMS_CONNECT


def _error(message: Message, fields: dict[str, str], private: str, rsm: Rsm) -> ImsError:
    return ImsError(
        message,
        fields,
        private,
        return_code=rsm.return_code,
        reason_code=rsm.reason_code,
        racf_code=rsm.racf_or_otma,
    )


def _codes(rsm: Rsm, meaning: CodeMeaning) -> str:
    kind = "XML adapter status" if rsm.xml_adapter else "RSM"
    return (
        f"{kind} return code {rsm.return_code}, reason code {rsm.reason_code}, "
        f"RACF or OTMA code {rsm.racf_or_otma} ({meaning.name}: {meaning.text})"
    )
