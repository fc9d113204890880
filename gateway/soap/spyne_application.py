"""What Spyne has of a service: a WSGI application with one method for each operation.

All that a method does is to run the steps of the request at hand. So services with as many operations share
one: it takes half a millisecond to make, and is some 400 objects that refer to each other.
"""

from collections.abc import Callable
from functools import lru_cache
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


def method_name(number: int) -> str:
    """Return what Spyne calls the operation of that number; they count from 0."""
    return f"operation_{number}"


@lru_cache(maxsize=64)
def spyne_application(operations: int) -> Wsgi:
    """Return an application with so many methods. For any number of threads."""
    methods = {method_name(number): _method(method_name(number)) for number in range(operations)}
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
    wsgi: Wsgi = WsgiApplication(application)
    return wsgi


def _method(name: str) -> Any:
    """Return a method of Spyne: a payload in, a payload out."""

    def operation(ctx: Any, _payload: Element) -> Element | None:
        return _run(ctx)

    operation.__name__ = name
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
