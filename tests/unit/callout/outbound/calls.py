"""Calls of a service that the test deploys: a WSDL of both SOAP versions, a caller, one call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.callout.codes import CalloutError
from gateway.callout.deployment import Deployed, Deployment
from gateway.callout.outbound import ServiceCaller
from gateway.callout.values import Aim, Call, Form, Source
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import BasicAuthentication, BundleCallout, Consumer, ConsumerSettings
from gateway.exchange import Secret
from gateway.safexml import Bounds, parse
from gateway.soap.consumer import load_consumer
from tests.fixtures.hostile_service import RATING

PATIENCE = 30.0
SHORT = 0.3
"""Seconds of a call that is meant to run out of time."""
MESSAGE_ID = "urn:uuid:6a1f8d3e-0c7b-4f7e-9a51-5d0c5b1f2a77"

WSDL = """\
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"
  xmlns:s="urn:ims-gateway:lab:rating:service" xmlns:t="urn:ims-gateway:lab:rating"
  targetNamespace="urn:ims-gateway:lab:rating:service">
 <types><xs:schema targetNamespace="urn:ims-gateway:lab:rating" elementFormDefault="qualified">
  <xs:element name="Rate"><xs:complexType><xs:sequence>
   <xs:element name="customer" type="xs:string"/><xs:element name="amount" type="xs:int"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="RateResponse"><xs:complexType><xs:sequence>
   <xs:element name="score" type="xs:int"/><xs:element name="who" type="xs:string"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Post" type="xs:string"/>
 </xs:schema></types>
 <message name="Rate"><part name="p" element="t:Rate"/></message>
 <message name="RateResponse"><part name="p" element="t:RateResponse"/></message>
 <message name="Post"><part name="p" element="t:Post"/></message>
 <message name="Rpc"><part name="customer" type="xs:string"/></message>
 <message name="RpcResponse"><part name="score" type="xs:int"/></message>
 <portType name="Rating">
  <operation name="Rate"><input message="s:Rate"/><output message="s:RateResponse"/></operation>
  <operation name="Post"><input message="s:Post"/></operation>
 </portType>
 <portType name="Rpc">
  <operation name="RpcRate"><input message="s:Rpc"/><output message="s:RpcResponse"/></operation>
 </portType>
 <binding name="Rating" type="s:Rating"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="Rate"><soap:operation soapAction="urn:rate"/>
   <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>
  <operation name="Post"><soap:operation soapAction=""/><input><soap:body use="literal"/></input></operation>
 </binding>
 <binding name="Rating12" type="s:Rating"><soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="Rate"><soap12:operation soapAction="urn:rate"/>
   <input><soap12:body use="literal"/></input><output><soap12:body use="literal"/></output></operation>
  <operation name="Post"><soap12:operation/><input><soap12:body use="literal"/></input></operation>
 </binding>
 <binding name="Rpc" type="s:Rpc"><soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="RpcRate"><soap:operation soapAction="urn:rpc"/>
   <input><soap:body use="literal" namespace="urn:ims-gateway:lab:rating"/></input>
   <output><soap:body use="literal" namespace="urn:ims-gateway:lab:rating"/></output></operation>
 </binding>
 <service name="RatingService">
  <port name="Soap11" binding="s:Rating"><soap:address location="http://rating.example.com/"/></port>
  <port name="Soap12" binding="s:Rating12"><soap12:address location="http://rating.example.com/12"/></port>
  <port name="Rpc" binding="s:Rpc"><soap:address location="http://rating.example.com/rpc"/></port>
 </service>
</definitions>
"""
RATE = f'<Rate xmlns="{RATING}"><customer>C1</customer><amount>100</amount></Rate>'


@dataclass
class BundleStub:
    """All that a call needs of a bundle."""

    callout: BundleCallout


@dataclass
class Calling:
    """Deploys the service and calls it; everything is closed at the end."""

    folder: Path
    callers: list[ServiceCaller] = field(default_factory=list)
    callout: dict[str, Any] = field(default_factory=dict)
    """`[callout]` of the bundle, beside its tpipes."""

    def deployment(self, **settings: Any) -> Deployment:
        folder = self.folder / "rating"
        folder.mkdir(exist_ok=True)
        path = folder / "rating.wsdl"
        path.write_text(WSDL)
        given: dict[str, Any] = {
            "role": "consumer", "wsdl": path.name, "bundles": ["ims1"], "operations": {"*": {}}
        }  # fmt: skip
        made = ConsumerSettings.model_validate(given | settings)
        contract = load_consumer("rating", path, validate=made.validate_body)
        callout = BundleCallout.model_validate({"tpipes": ["TPIPE1"]} | self.callout)
        bundles: Any = {"ims1": BundleStub(callout)}
        return Deployment({"rating": Deployed(Consumer("rating", path, made), contract)}, bundles)

    def caller(self, **settings: Any) -> ServiceCaller:
        made = ServiceCaller(self.deployment(**settings), SYSTEM_CLOCK, home=self.folder)
        self.callers.append(made)
        return made

    def close(self) -> None:
        for caller in self.callers:
            caller.close()


def call(address: str, seconds: float = PATIENCE, **changed: Any) -> Call:
    """Return a call of Rate at an address, to be over after some seconds."""
    now = SYSTEM_CLOCK.monotonic()
    of_aim: Mapping[str, Any] = {
        "service": "rating", "port": "Soap11", "operation": "Rate", "payload": element(RATE),
        "form": Form.BODY, "ccsid": 1208,
    }  # fmt: skip
    aim = Aim(address=address, **{name: changed.pop(name, value) for name, value in of_aim.items()})
    base: dict[str, Any] = {
        "source": Source("ims1", "TPIPE1"), "message_id": MESSAGE_ID, "user": "ALICE",
        "deadline": now + seconds, "give_up": now + seconds,
    }  # fmt: skip
    return Call(aim, **(base | changed))


def element(text: str) -> Any:
    return parse(text.encode(), Bounds())


def failure(caller: ServiceCaller, made: Call) -> CalloutError:
    """Return the error that a call ends with."""
    with pytest.raises(CalloutError) as caught:
        caller.call(made)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


def basic(user: str, password: str) -> BasicAuthentication:
    return BasicAuthentication.model_construct(user=user, password=Secret(password))
