"""A deployment of one rating service with several ports and operations, from files that the test writes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.callout.deployment import Deployed, Deployment
from gateway.callout.message import MessageReader
from gateway.callout.values import Received, Source
from gateway.config.model import Bundle, Consumer, ConsumerSettings
from gateway.safexml import Bounds
from gateway.soap.consumer import load_consumer

NAMESPACE = "urn:rating:service"
TYPES = "urn:rating"
CALLOUT = "http://www.ibm.com/IMS/Callout"

_OPERATIONS = ("Rate", "Echo", "Note", "Many")
_WSDL = """\
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:s="urn:rating:service" xmlns:t="urn:rating"
    targetNamespace="urn:rating:service">
 <types><xs:schema targetNamespace="urn:rating" elementFormDefault="qualified" xmlns:t="urn:rating">
  <xs:element name="rate"><xs:complexType><xs:sequence>
   <xs:element name="age" type="xs:int"/><xs:element name="name" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="rateResponse" type="xs:string"/>
  <xs:element name="echo" type="xs:string"/>
  <xs:element name="echoResponse" type="xs:string"/>
  <xs:element name="note"><xs:complexType><xs:sequence>
   <xs:element name="data" type="xs:base64Binary"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="many" type="t:Many"/>
  <xs:complexType name="Many"><xs:sequence>
   <xs:element name="item" type="xs:string" maxOccurs="unbounded"/>
   <xs:element name="count" type="xs:int" minOccurs="0"/>
  </xs:sequence></xs:complexType>
 </xs:schema></types>
 <message name="rate"><part name="p" element="t:rate"/></message>
 <message name="rateResponse"><part name="p" element="t:rateResponse"/></message>
 <message name="echo"><part name="p" element="t:echo"/></message>
 <message name="echoResponse"><part name="p" element="t:echoResponse"/></message>
 <message name="note"><part name="p" element="t:note"/></message>
 <message name="many"><part name="p" element="t:many"/></message>
 <portType name="Rating">
  <operation name="Rate"><input message="s:rate"/><output message="s:rateResponse"/></operation>
  <operation name="Echo"><input message="s:echo"/><output message="s:echoResponse"/></operation>
  <operation name="Note"><input message="s:note"/></operation>
  <operation name="Many"><input message="s:many"/></operation>
 </portType>
 <portType name="Small">
  <operation name="Rate"><input message="s:rate"/><output message="s:rateResponse"/></operation>
 </portType>
 <binding name="Rating" type="s:Rating">
  <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>{operations}
 </binding>
 <binding name="Small" type="s:Small">
  <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>{small}
 </binding>
 <service name="RatingService">
  <port name="RatingPort" binding="s:Rating"><soap:address location="{address}"/></port>
  <port name="SecondPort" binding="s:Rating">
   <soap:address location="http://second.example.com:8080/rating/v2?tenant=a"/></port>
  <port name="SmallPort" binding="s:Small"><soap:address location="https://small.example.com/"/></port>
 </service>
</definitions>
"""
_BOUND = """
  <operation name="{name}"><soap:operation soapAction="urn:{name}"/>
   <input><soap:body use="literal"/></input>{output}</operation>"""
_OUTPUT = '<output><soap:body use="literal"/></output>'

ADDRESS = "https://rating.example.com/rating"


def wsdl(address: str = ADDRESS) -> str:
    """Return the text of the WSDL, the first port at an address."""
    return _WSDL.format(address=address, operations=_bound(*_OPERATIONS), small=_bound("Rate"))


def _bound(*names: str) -> str:
    return "".join(
        _BOUND.format(name=name, output=_OUTPUT if name in {"Rate", "Echo"} else "") for name in names
    )


@dataclass(frozen=True)
class Deploying:
    """Puts services into a folder of the test."""

    folder: Path

    def service(self, name: str = "rating", stem: str = "rating", *, text: str = "", **values: Any) -> Deployed:
        """Return a service in folder `name` with a WSDL called `stem`; `values` go into its correlator."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        path = folder / f"{stem}.wsdl"
        path.write_text(text or wsdl())
        given = {"role": "consumer", "wsdl": path.name, "bundles": ["ims1"], "operations": {"*": {}}} | values
        settings = ConsumerSettings.model_validate(given)
        contract = load_consumer(name, path, validate=settings.validate_body)
        return Deployed(Consumer(name, path, settings), contract)

    def reader(self, *services: Deployed, bounds: Bounds | None = None, **callout: Any) -> MessageReader:
        """Return the reader of services (one as `service` has it) over bundles ims1 and ims2."""
        found = services or (self.service(),)
        deployment = Deployment(
            {one.consumer.name: one for one in found},
            {"ims1": bundle(**callout), "ims2": bundle(**callout)},
        )
        return MessageReader(deployment, bounds or Bounds())


def bundle(**callout: Any) -> Bundle:
    """Return a bundle with a `[callout]`."""
    ims = {"host": "127.0.0.1", "port": 9999, "datastore": "IMS1"}
    return Bundle.model_validate({"ims_connect": ims, "callout": {"tpipes": ["TPIPE1"]} | callout})


def received(data: bytes, *control: tuple[str, bytes], bundle: str = "ims1", tpipe: str = "TPIPE1") -> Received:
    """Return a message of a tpipe."""
    return Received(Source(bundle, tpipe), data, bytes(40), "ALICE", tuple(control))


SERVICE_DATA = {
    "WSID": "rating",
    "Namespace": NAMESPACE,
    "Service": "RatingService",
    "Port": "RatingPort",
    "Operation": "Rate",
}
PAYLOAD = '<rate xmlns="urn:rating"><age>30</age></rate>'


def iogcallout(payload: str = PAYLOAD, **changed: str) -> str:
    """Return the text of an IOGCallout; `changed` replaces what its IOGServiceData says."""
    named = "".join(f"<{name}>{value}</{name}>" for name, value in (SERVICE_DATA | changed).items())
    return (
        f'<IOGCallout xmlns="{CALLOUT}"><IOGServiceData>{named}</IOGServiceData>'
        f"<IOGPayloadData>{payload}</IOGPayloadData></IOGCallout>"
    )
