"""The output segments of a transaction as the payload of a SOAP reply."""

from typing import Any, Final

from gateway import safexml
from gateway.config.model import OperationSettings
from gateway.dfs import find_dfs
from gateway.errors import GatewayError, ImsError, M, SecurityError
from gateway.payload.xml_text import without_declaration, xml_text

_SHOWN: Final = 200
"""Most characters of an IMS message that a fault shows."""


def reply_payload(
    segments: tuple[bytes, ...], operation: OperationSettings, bounds: safexml.Bounds, expected: str | None
) -> Any:
    """Return the reply's root element.

    `expected` is the Clark name that the contract gives the reply, None when any will do. Raises
    ImsError for a DFS message, GatewayError when the reply is no XML or another element.
    """
    raise_for_dfs(segments, operation.host_ccsid)
    data = b"".join(segments)
    text = _text(data, operation.outbound_ccsid)
    try:
        root = safexml.parse(without_declaration(text).encode(), bounds)
    except GatewayError as error:
        shown = _printable(text) or "(empty)"
        raise GatewayError(M.REPLY_NOT_XML, {"text": shown}, private=str(error)) from error
    if expected is not None and root.tag != expected:
        raise GatewayError(M.REPLY_ELEMENT, {"got": root.tag, "expected": expected})
    return root


def raise_for_dfs(segments: tuple[bytes, ...], host_ccsid: int) -> None:
    """Raise when the output is a message of IMS itself (it begins with DFSnnnn)."""
    message = find_dfs(segments, host_ccsid)
    if message is None:
        return
    shown = message.text[:_SHOWN].rstrip()
    said = ImsError(M.DFS, {"text": shown}, dfs=message.number)
    if message.not_authorized:
        raise SecurityError.sign_on(f"IMS does not let the user run the transaction: {shown}") from said
    raise said


def _text(data: bytes, ccsid: int) -> str:
    try:
        return xml_text(data, ccsid)
    except ValueError as error:
        raise GatewayError(M.NOT_TEXT, {"ccsid": str(ccsid)}, private=str(error)) from error


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()[:_SHOWN].rstrip()
