"""Callout messages: what a program wants, where it goes, and how it gets its answer.

The steps are in modules of their own: `encoding` (bytes and text), `iogcallout` (the XML form), `lookup`
(service, port, operation), `ical` (control data), `target` (the address, and whether it is allowed).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from gateway import safexml
from gateway.callout.codes import CalloutError, Status
from gateway.callout.deployment import Deployed, Deployment
from gateway.callout.encoding import bytes_of, read_document, text_of, unreadable, write_element
from gateway.callout.ical import read_control
from gateway.callout.iogcallout import NAMESPACE, read_iogcallout
from gateway.callout.lookup import find_operation, find_port, find_service
from gateway.callout.target import AllowList, choose_address
from gateway.callout.values import Aim, Form, Received, Request, Source
from gateway.config.model import BundleCallout, RawMessages
from gateway.errors import GatewayError
from gateway.payload.request import standalone
from gateway.soap.consumer import ConsumerPort
from gateway.soap.single_value import SingleValue, read_value, single_value

_MESSAGE: Final = frozenset({NAMESPACE})
_XML: Final = frozenset({Form.IOGCALLOUT, Form.BODY})


class MessageReader:
    """The `Reader` of one deployment. Immutable, for any number of threads."""

    def __init__(self, deployment: Deployment, bounds: safexml.Bounds) -> None:
        """Take a deployment; `bounds` hold for messages that are XML."""
        self._services = deployment.services
        self._callouts: Mapping[str, BundleCallout] = {
            name: bundle.callout for name, bundle in deployment.bundles.items() if bundle.callout is not None
        }
        self._bounds = bounds
        self._raw = _raw_tpipes(deployment)
        self._values = dict(_single_values(deployment))
        self._allowed = {
            (name, bundle): AllowList.of(
                (port.address for port in service.contract.ports.values()),
                service.consumer.settings.hosts_beyond(self._callouts[bundle].allowed_hosts),
            )
            for name, service in deployment.services.items()
            for bundle in service.consumer.settings.bundles
            if bundle in self._callouts
        }

    def read(self, received: Received) -> Request:
        """Return what a message says, see `gateway.callout.ports.Reader`."""
        callout = self._callout(received)
        if not received.data:
            raise CalloutError(Status.RECEIVING_DISCARDED, "the message is empty")
        raw = self._raw.get(received.source, ())
        if len(raw) > 1:
            text = "several services take the messages of this tpipe as raw ones"
            raise CalloutError(Status.PARSING_DISCARDED, text, private=", ".join(name for name, _ in raw))
        if raw:
            return self._raw_request(received.data, callout.host_ccsid, *raw[0])
        root, ccsid = read_document(received.data, callout.host_ccsid, self._bounds)
        call = read_iogcallout(root)
        return Request(
            service=call.wsid,
            operation=call.operation,
            payload=self._detached(call.payload),
            form=Form.IOGCALLOUT,
            ccsid=ccsid,
            namespace=call.namespace,
            service_name=call.service,
            port=call.port,
        )

    def aim(self, request: Request, received: Received) -> Aim:
        """Return where it goes, see `gateway.callout.ports.Reader`."""
        callout = self._callout(received)
        control = read_control(received.control_data, callout.host_ccsid)
        deployed = find_service(self._services, request, received.source.bundle)
        port = find_port(deployed, request, control.port)
        operation = find_operation(deployed, port, request.operation)
        payload = self._payload(request, deployed, port)
        allowed = self._allowed[deployed.consumer.name, received.source.bundle]
        address, chosen = choose_address(control, port.address, allowed)
        settings = deployed.consumer.operation(operation.name)
        assert settings is not None, "find_operation saw to it"
        return Aim(
            service=deployed.consumer.name,
            port=port.name,
            operation=operation.name,
            address=address,
            payload=payload,
            form=request.form,
            ccsid=settings.response_ccsid or request.ccsid,
            converter=control.converter,
            chosen=chosen,
        )

    def response(self, aim: Aim, payload: Any) -> bytes:
        """Return a response as data for IMS, see `gateway.callout.ports.Reader`."""
        if aim.form in _XML:
            return write_element(payload, aim.ccsid)
        try:
            text = read_value(payload)
        except ValueError as error:
            raise CalloutError(Status.INVOKING, f"the response is no {aim.form.value}: {error}") from None
        return bytes_of(text, aim.form, aim.ccsid)

    def _callout(self, received: Received) -> BundleCallout:
        callout = self._callouts.get(received.source.bundle)
        if callout is None:
            raise CalloutError(Status.RECEIVING_DISCARDED, "its bundle has no [callout] any more")
        return callout

    def _raw_request(self, data: bytes, host_ccsid: int, service: str, raw: RawMessages) -> Request:
        form, ccsid = Form(raw.form), host_ccsid
        payload: Any = data
        if form is Form.BODY:
            payload, ccsid = read_document(data, host_ccsid, self._bounds)
        else:
            text_of(data, form, ccsid)  # that it can be said is known before IMS is told that we have it
        return Request(service, raw.operation, payload, form, ccsid, port=raw.port)

    def _detached(self, payload: safexml.Element) -> safexml.Element:
        """Return the payload as root of a document, without the namespaces of the message around it."""
        try:
            data = standalone(payload, _MESSAGE).encode()
            # written anew it may be longer than it came (> becomes &gt;); its size has been judged
            return safexml.parse(data, replace(self._bounds, max_bytes=len(data)))
        except GatewayError as error:
            raise unreadable(error) from None

    def _payload(self, request: Request, deployed: Deployed, port: ConsumerPort) -> safexml.Element:
        """Return the element for the SOAP body. Raises CalloutError INVOKING: the contract has another."""
        payload: safexml.Element = request.payload
        if request.form not in _XML:
            place = self._values.get((deployed.consumer.name, port.name, request.operation))
            if place is None:
                text = f"the operation takes no single value, as a message of form {request.form.value} is"
                raise CalloutError(Status.INVOKING, text)
            payload = place.build(text_of(request.payload, request.form, request.ccsid))
        expected = port.bound[request.operation].input_element
        if payload.tag != expected:
            raise CalloutError(Status.INVOKING, f"the payload is not the operation's element, {expected}")
        if deployed.consumer.settings.validate_body:
            try:
                deployed.contract.validate(payload)
            except GatewayError as error:
                raise unreadable(error, Status.INVOKING) from None
        return payload


def _raw_tpipes(deployment: Deployment) -> dict[Source, tuple[tuple[str, RawMessages], ...]]:
    """Return, by tpipe, the services that take its messages as raw ones; there ought to be one."""
    found: dict[Source, tuple[tuple[str, RawMessages], ...]] = {}
    for name, service in deployment.services.items():
        settings = service.consumer.settings
        for bundle in settings.bundles:
            for tpipe, raw in settings.raw.items():
                source = Source(bundle, tpipe)
                found[source] = (*found.get(source, ()), (name, raw))
    return found


def _single_values(deployment: Deployment) -> Iterator[tuple[tuple[str, str, str], SingleValue]]:
    """Yield service, port and operation of raw messages that are a value, and where the payload has it."""
    for name, service in deployment.services.items():
        operations = {raw.operation for raw in service.consumer.settings.raw.values() if raw.form != "body"}
        for port in service.contract.ports.values():
            for operation in operations & port.operations:
                place = single_value(service.contract, port, operation)
                if place is not None:
                    yield (name, port.name, operation), place
