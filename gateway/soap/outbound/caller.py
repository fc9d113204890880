"""Calls of one web service: the request by zeep from the deployed WSDL, the answer by its contract."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import zeep

from gateway.envelope import SoapVersion
from gateway.errors import GatewayError
from gateway.exchange import Secret
from gateway.safexml import Element
from gateway.soap.bindings import Bound
from gateway.soap.consumer import ConsumerContract, ConsumerPort
from gateway.soap.outbound.connection import Target
from gateway.soap.outbound.errors import OutboundError, Trouble, no_answer
from gateway.soap.outbound.http import HttpAnswer, HttpClient
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.message import AddressingPlugin, fill
from gateway.soap.outbound.reply import Expected, read_reply, without_secrets
from gateway.soap.wsse import OutboundSecurity
from gateway.tracecontext import TRACEPARENT

_AGENT: Final = "ims-gateway"


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """User and password of HTTP Basic (RFC 7617)."""

    user: str
    password: Secret

    @property
    def coded(self) -> Secret:
        """What goes into the Authorization header behind the word Basic, in UTF-8."""
        return Secret(base64.b64encode(f"{self.user}:{self.password.reveal()}".encode()).decode())


@dataclass(frozen=True, slots=True)
class SoapRequest:
    """One request, ready but for the envelope."""

    port: str
    operation: str
    address: str
    payload: Element = field(repr=False)
    message_id: str
    """An absolute URI."""
    addressing: bool
    """Send WS-Addressing headers."""
    validate: bool
    """Check request and response against the schemas."""
    security: OutboundSecurity | None = None
    """Puts a token on."""
    basic: BasicCredentials | None = None
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    """What else goes out and must not come back in a text."""
    traceparent: str = ""
    """W3C trace context; empty: none is sent."""

    @property
    def all_secrets(self) -> tuple[Secret, ...]:
        """Everything that nobody may be told, even if the service says it back to us."""
        if self.basic is None:
            return self.secrets
        return (*self.secrets, self.basic.coded, self.basic.password)


class SoapCaller:
    """Calls the operations of one contract. Any thread."""

    def __init__(self, contract: ConsumerContract) -> None:
        self._contract = contract
        self._bindings = {
            port.name: contract.document.services[port.service].ports[port.name].binding
            for port in contract.ports.values()
            if port.bound
        }

    def call(self, request: SoapRequest, client: HttpClient, limits: Limits) -> Element | None:
        """Send a request and return the element in the body of the response; None: the operation is one-way.

        A token goes to https: addresses only. Raises OutboundError.
        """
        try:
            return self._call(request, client, limits)
        except OutboundError as error:
            error.text = without_secrets(error.text, request.all_secrets)
            error.private = without_secrets(error.private, request.all_secrets)
            raise

    def _call(self, request: SoapRequest, client: HttpClient, limits: Limits) -> Element | None:
        port, bound = self._find(request)
        self._check_request(request, bound)
        answer = self._send(request, port, bound, client, limits)
        version = SoapVersion(port.version)
        expected = Expected(version, bound.output_element, limits.most_bytes, request.all_secrets)
        payload = read_reply(answer, expected)
        if payload is not None and request.validate:
            self._check_response(payload)
        return payload

    def _find(self, request: SoapRequest) -> tuple[ConsumerPort, Bound]:
        port = self._contract.ports.get(request.port)
        bound = port.bound.get(request.operation) if port else None
        if port is None or bound is None:
            raise OutboundError(Trouble.REQUEST, "the WSDL has no such port or operation that can be called")
        return port, bound

    def _check_request(self, request: SoapRequest, bound: Bound) -> None:
        if not request.validate:
            return
        if request.payload.tag != bound.input_element:
            raise OutboundError(Trouble.REQUEST, f"the operation takes the element {bound.input_element}")
        complaint = self._complaint(request.payload)
        if complaint:
            raise OutboundError(Trouble.REQUEST, f"the request does not follow the WSDL: {complaint}")

    def _check_response(self, payload: Element) -> None:
        complaint = self._complaint(payload)
        if complaint:
            raise no_answer(f"the response of the web service does not follow its WSDL: {complaint}")

    def _complaint(self, payload: Element) -> str:
        """Say why a payload is not valid, without values of it; empty: it is."""
        try:
            self._contract.validate(payload)
        except GatewayError as error:
            return error.fields.get("reason", error.text)
        return ""

    def _send(
        self, request: SoapRequest, port: ConsumerPort, bound: Bound, client: HttpClient, limits: Limits
    ) -> HttpAnswer:
        target = Target.of(request.address)
        if request.security is not None and target.origin.scheme != "https":
            raise OutboundError(Trouble.REQUEST, "a security token goes to https addresses only")
        wire: Any = _Wire(request, target, client, limits)
        plugins = []
        if request.addressing:
            plugins.append(AddressingPlugin(bound.request_action, request.address, request.message_id))
        zeep_client: Any = zeep.Client(
            self._contract.document,
            transport=wire,
            wsse=_Token(request.security) if request.security else None,
            plugins=plugins,
            settings=zeep.Settings(raw_response=True),
        )
        binding = self._bindings[port.name]
        answer = binding.send(zeep_client, {"address": request.address}, bound.name, (), {})
        assert isinstance(answer, HttpAnswer), "that is what the transport returns"
        return answer


@dataclass(frozen=True, slots=True)
class _Token:
    """zeep's wsse for one request."""

    security: OutboundSecurity

    def apply(self, envelope: Element, headers: Mapping[str, str]) -> tuple[Element, Mapping[str, str]]:
        """Put the token on. Raises OutboundError."""
        try:
            return self.security.apply(envelope, headers)
        except ValueError as error:
            text = "the user of the call cannot be named in a security token"
            raise OutboundError(Trouble.IDENTITY, text, str(error)) from None


@dataclass(frozen=True, slots=True)
class _Wire:
    """zeep's transport for one request."""

    request: SoapRequest
    target: Target
    client: HttpClient
    limits: Limits

    def post_xml(self, address: str, envelope: Element, headers: Mapping[str, str]) -> HttpAnswer:
        """Send the message that zeep has made. Raises OutboundError."""
        assert address == self.request.address, "zeep was told no other"
        message = fill(envelope, self.request.payload)
        return self.client.post(self.target, self._headers(headers), message, self.limits)

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of zeep, in SOAP 1.2 without that of 1.1, and what else belongs there."""
        sent = {"User-Agent": _AGENT, "Accept": "application/soap+xml, text/xml", **headers}
        if headers["Content-Type"].startswith(SoapVersion.SOAP12.content_type):
            sent.pop("SOAPAction", None)
            sent["Content-Type"] = headers["Content-Type"].removesuffix('; action=""')
        if self.request.basic is not None:
            sent["Authorization"] = f"Basic {self.request.basic.coded.reveal()}"
        if self.request.traceparent:
            sent[TRACEPARENT] = self.request.traceparent
        return sent
