"""Our end of Spyne's protocols: a checked tree goes in, an envelope of the version asked comes out.

Spyne's own SOAP protocol parses bytes, follows href, opens multipart messages and takes the first of several
bodies. None of that code is reached: the message is read before Spyne is called, and its tree and operation are
handed over in the WSGI environment under `DISPATCH`.
"""

from dataclasses import dataclass
from typing import Any, Final

from gateway.envelope import Admitted, SoapVersion
from gateway.soap.addressing import Addressing, reply_headers
from gateway.soap.answer import build_envelope, content_type
from gateway.soap.operations import Operation
from gateway.soap.spyne_import import Soap11, Soap12
from gateway.soap.steps import Steps

DISPATCH: Final = "gateway.dispatch"


@dataclass(slots=True)
class Dispatch:
    """One checked request on its way through Spyne, and what became of it."""

    admitted: Admitted
    operation: Operation
    method: str
    """What Spyne calls it."""
    steps: Steps
    addressing: Addressing | None
    error: Exception | None = None
    """What the operation raised; Spyne is not told, it would write it into a log and a fault of its own."""
    finished: bool = False
    """The operation has run, to whichever end."""


def dispatch_of(context: Any) -> Dispatch:
    """Return the request that a method context of Spyne belongs to."""
    dispatch = context.transport.req_env[DISPATCH]
    assert isinstance(dispatch, Dispatch)
    return dispatch


class _Checked:
    """What the protocols of both versions have in common."""

    version: SoapVersion

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ARG002  Spyne's signature
        """Take the tree that was checked; the bytes that WSGI would give are never looked at."""
        admitted = dispatch_of(ctx).admitted
        ctx.in_document = admitted.envelope.root
        ctx.out_protocol = ctx.app.config[admitted.envelope.version]

    def decompose_incoming_envelope(self, ctx: Any, message: Any = None) -> None:  # noqa: ARG002
        """Name the operation that the contract chose."""
        dispatch = dispatch_of(ctx)
        ctx.in_body_doc = dispatch.admitted.envelope.payload
        ctx.method_request_string = dispatch.method

    def deserialize(self, ctx: Any, message: Any) -> None:  # noqa: ARG002
        """Hand the payload over as it is."""
        ctx.in_object = ctx.in_body_doc

    def serialize(self, ctx: Any, message: Any) -> None:  # noqa: ARG002
        """Put the payload of the reply into an envelope."""
        if ctx.out_error is not None:
            raise SpyneError(f"Spyne failed by itself: {type(ctx.out_error).__name__}")
        dispatch = dispatch_of(ctx)
        headers = reply_headers(dispatch.addressing, dispatch.operation.reply_action)
        ctx.out_document = build_envelope(self.version, headers, ctx.out_object[0])


class SpyneError(Exception):
    """Spyne did something that it has no reason to do."""


class CheckedSoap11(_Checked, Soap11):  # type: ignore[misc]  # Spyne has no types
    """Takes messages of both versions in, writes replies of SOAP 1.1."""

    version = SoapVersion.SOAP11
    mime_type = content_type(SoapVersion.SOAP11)


class CheckedSoap12(_Checked, Soap12):  # type: ignore[misc]
    """Writes replies of SOAP 1.2."""

    version = SoapVersion.SOAP12
    mime_type = content_type(SoapVersion.SOAP12)
