"""One service's SOAP application: from an arrived request to the answer for HTTP.

The order of steps: Content-Type, admission (given: parse, shape, WS-Security, caller), version against
Content-Type, WS-Addressing, mustUnderstand, operation, schema; then Spyne, which runs the operation's method
and writes the reply. Whatever goes wrong becomes a fault here; nothing is raised.
"""

import logging
import traceback
from collections.abc import Set as AbstractSet
from io import BytesIO
from typing import Any, Final

from gateway.envelope import Admitted, SoapVersion, refuse_references, require_understood
from gateway.errors import GatewayError, M
from gateway.exchange import Arrival
from gateway.mediatype import MediaType, parse_media_type
from gateway.soap import addressing, faults
from gateway.soap.addressing import Addressing, read_addressing
from gateway.soap.answer import SoapAnswer
from gateway.soap.contract import Contract
from gateway.soap.operations import Operation
from gateway.soap.protocol import DISPATCH, Dispatch, SpyneError
from gateway.soap.spyne_application import method_name, spyne_application
from gateway.soap.steps import Steps

_LOG: Final = logging.getLogger(__name__)
_ACCEPTED: Final = SoapAnswer(202, (), b"")
_LONGEST_NAME: Final = 200
_OWN_URL: Final = ""
"""Spyne would put an address together, for a WSDL of its own."""
_ENVIRON: Final = {
    "REQUEST_METHOD": "POST",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/",
    "QUERY_STRING": "",
    "SERVER_NAME": "gateway",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "CONTENT_LENGTH": "0",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.input": BytesIO(),
    "wsgi.errors": BytesIO(),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
"""A WSGI environment of ours, to which the dispatch is added: nothing is from a caller but the checked message.

`CONTENT_TYPE` is left out: of what Spyne would read from it, the charset, nothing is used."""


class SoapApplication:
    """A contract, served. `handle` may run in any number of threads at once."""

    def __init__(
        self,
        contract: Contract,
        *,
        validate: bool = True,
        understood: AbstractSet[str] = frozenset(),
    ) -> None:
        """Make it.

        `understood`: Clark names of header blocks that the steps process, besides those of WS-Addressing.
        ValueError: `validate` asks for schemas that the contract was loaded without.
        """
        if validate and contract.schema is None:
            raise ValueError("the contract was loaded without its schemas")
        self._contract = contract
        self._validate = validate
        self._understood = addressing.UNDERSTOOD | understood
        self._methods = {name: method_name(number) for number, name in enumerate(contract.operations)}
        self._wsgi = spyne_application(len(self._methods))

    def serves(
        self, contract: Contract, *, validate: bool = True, understood: AbstractSet[str] = frozenset()
    ) -> bool:
        """Tell whether it was built from this contract (the very one), with these settings."""
        settings = (validate, addressing.UNDERSTOOD | understood)
        return contract is self._contract and settings == (self._validate, self._understood)

    def handle(self, arrival: Arrival, steps: Steps) -> SoapAnswer:
        """Serve one request. Raises no Exception: an error becomes a fault, and the `error` of the answer."""
        version = version_of(arrival.content_type)
        request: Addressing | None = None
        try:
            media = _media_type(arrival.content_type)
            admitted = steps.admit(arrival)
            version = admitted.envelope.version
            _check_version(media, version)
            request = read_addressing(admitted.envelope)
            require_understood(admitted.envelope, self._understood)
            operation = self._operation(admitted, media, request)
            return self._dispatch(Dispatch(admitted, operation, self._methods[operation.name], steps, request))
        except GatewayError as error:
            return faults.render(error, version, steps.tracking_id, request)
        except Exception as error:  # noqa: BLE001  the last line: a fault without a word of it, and a log entry
            return faults.render(_unforeseen(error, arrival), version, steps.tracking_id, request)

    def _operation(self, admitted: Admitted, media: MediaType, request: Addressing | None) -> Operation:
        """Return the operation that the message means; its payload follows the contract."""
        payload, action = admitted.envelope.payload, media.parameter("action")
        operation = self._contract.resolve(
            str(payload.tag),
            admitted.arrival.soap_action,
            action if admitted.envelope.version is SoapVersion.SOAP12 else None,
            request.action if request else None,
        )
        if not self._contract.knows_href:
            refuse_references(payload)
        if self._validate:
            self._contract.validate(operation, payload)
        return operation

    def _dispatch(self, dispatch: Dispatch) -> SoapAnswer:
        """Let Spyne run the operation. Raises what the operation raised."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
            started.append((status, headers))

        body = b"".join(self._wsgi({**_ENVIRON, DISPATCH: dispatch}, start_response, _OWN_URL))
        if dispatch.error is not None:
            raise dispatch.error
        if not dispatch.finished or not started:
            raise SpyneError("Spyne did not run the operation")
        wants_no_reply = dispatch.addressing is not None and dispatch.addressing.no_reply
        if dispatch.operation.one_way or wants_no_reply:
            return _ACCEPTED
        status, headers = started[0]
        # how long a body is, and how that is told, is the business of HTTP
        kept = tuple((name, value) for name, value in headers if name != "Content-Length")
        return SoapAnswer(int(status.split()[0]), kept, body)


def version_of(content_type: str) -> SoapVersion:
    """Return the version that a Content-Type names: SOAP 1.1 unless it is that of 1.2."""
    named = content_type.partition(";")[0].strip().lower()
    return SoapVersion.SOAP12 if named == SoapVersion.SOAP12.content_type else SoapVersion.SOAP11


def _media_type(content_type: str) -> MediaType:
    try:
        media = parse_media_type(content_type)
    except ValueError:
        raise GatewayError(M.CONTENT_TYPE, {"got": "a malformed header"}) from None
    if media.type not in {version.content_type for version in SoapVersion}:
        raise GatewayError(M.CONTENT_TYPE, {"got": media.type[:_LONGEST_NAME]})
    return media


def _check_version(media: MediaType, version: SoapVersion) -> None:
    if media.type != version.content_type:
        raise GatewayError(M.VERSION_CONTENT_TYPE, {"got": media.type, "version": version.value})


def _unforeseen(error: Exception, arrival: Arrival) -> GatewayError:
    """Log an exception that nobody expected, without its text, which may hold a piece of the message."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _LOG.error("tracking id %s: unforeseen %s\n%s", arrival.tracking_id, type(error).__name__, frames)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" at {last[0].name} line {last[0].lineno}" if last else ""
    return GatewayError(M.INTERNAL, private=f"{type(error).__name__}{place}")
