"""What Spyne has of a service: a WSGI application with one method for each operation.

All that a method does is to run the steps of the request at hand, so services whose operations have the same
names can share one. It takes half a millisecond to make and is some 400 objects that refer to each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.envelope import SoapVersion
from gateway.errors import GatewayError, M
from gateway.safexml import Element
from gateway.soap.protocol import CheckedSoap11, CheckedSoap12, dispatch_of
from gateway.soap.spyne_import import (
    AnyXml,
    Application,
    InterfaceDocumentsBase,
    Service,
    WsgiApplication,
    rpc,
)

_NAMESPACE: Final = "urn:ims-gateway:operations"
_NAME: Final = "Operations"

Wsgi = Callable[..., Any]
"""A WSGI application; the dispatch stands in the environment, see `gateway.soap.protocol`."""


class _NoDocuments(InterfaceDocumentsBase):  # type: ignore[misc]  # Spyne has no types
    """Spyne's own WSDL is not wanted: the deployed one is served."""

    def __init__(self, interface: Any) -> None:
        super().__init__(interface, wsdl11=None)


@dataclass(frozen=True, slots=True)
class SpyneApplication:
    """An application of Spyne; `spyne_application` makes it. For any number of threads."""

    operations: tuple[str, ...]
    """The names of those it serves."""
    wsgi: Wsgi = field(repr=False)


def spyne_application(operations: tuple[str, ...]) -> SpyneApplication:
    """Return an application that serves operations of these names."""
    methods = {
        f"operation_{number}": _method(f"operation_{number}", name) for number, name in enumerate(operations)
    }
    service = type(Service)(_NAME, (Service,), methods)
    soap11, soap12 = CheckedSoap11(), CheckedSoap12()
    application = Application(
        [service],
        tns=_NAMESPACE,
        name=_NAME,
        # Spyne wants two; each request chooses by its version which of them writes the reply
        in_protocol=soap11,
        out_protocol=soap12,
        config={SoapVersion.SOAP11: soap11, SoapVersion.SOAP12: soap12},
        documents_container=_NoDocuments,
    )
    return SpyneApplication(operations, WsgiApplication(application))


def _method(python_name: str, name: str) -> Any:
    """Return a method of Spyne for the operation `name`: a payload in, a payload out."""

    def operation(ctx: Any, _payload: Element) -> Element | None:
        return _run(ctx)

    operation.__name__ = python_name
    declare = rpc(
        AnyXml,
        _returns=AnyXml,
        _body_style="bare",
        _in_message_name=f"{{{_NAMESPACE}}}{name}",
        _args=["payload"],
    )
    return declare(operation)


def _run(ctx: Any) -> Element | None:
    """Perform the operation of a dispatch; keep from Spyne what it must not write: faults and empty replies."""
    dispatch = dispatch_of(ctx)
    payload = None
    try:
        payload = dispatch.steps.perform(dispatch.admitted, dispatch.operation)
    except Exception as error:  # noqa: BLE001  raised again by the application, out of Spyne's reach
        dispatch.error = error
    if payload is None and not dispatch.operation.one_way and dispatch.error is None:
        dispatch.error = GatewayError(M.INTERNAL, private=f"operation {dispatch.operation.name} gave no reply")
    dispatch.finished = True
    if payload is None:
        ctx.out_string = [b""]
    return payload
