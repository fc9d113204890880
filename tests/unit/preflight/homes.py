"""A small home with one consumer, for the tests of its checks: a service with two ports and two operations."""

from pathlib import Path

WSDL = """<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="Rating" targetNamespace="urn:example:rating"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:svc="urn:example:rating">
  <wsdl:types>
    <xsd:schema targetNamespace="urn:example:rating" elementFormDefault="qualified">
      <xsd:element name="rate" type="xsd:string"/>
      <xsd:element name="rateResponse" type="xsd:string"/>
      <xsd:element name="report" type="xsd:string"/>
    </xsd:schema>
  </wsdl:types>
  <wsdl:message name="RateRequest"><wsdl:part name="body" element="svc:rate"/></wsdl:message>
  <wsdl:message name="RateResponse"><wsdl:part name="body" element="svc:rateResponse"/></wsdl:message>
  <wsdl:message name="ReportRequest"><wsdl:part name="body" element="svc:report"/></wsdl:message>
  <wsdl:portType name="Rating">
    <wsdl:operation name="Rate">
      <wsdl:input message="svc:RateRequest"/><wsdl:output message="svc:RateResponse"/>
    </wsdl:operation>
    <wsdl:operation name="Report"><wsdl:input message="svc:ReportRequest"/></wsdl:operation>
  </wsdl:portType>
  <wsdl:portType name="Reporting">
    <wsdl:operation name="Report"><wsdl:input message="svc:ReportRequest"/></wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="Rating" type="svc:Rating">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Rate">
      <soap:operation soapAction="urn:rate"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
    <wsdl:operation name="Report">
      <soap:operation soapAction="urn:report"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:binding name="Reporting" type="svc:Reporting">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Report">
      <soap:operation soapAction="urn:report"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="Rating">
    <wsdl:port name="RatingPort" binding="svc:Rating">
      <soap:address location="https://rating.example.com/rating"/>
    </wsdl:port>
    <wsdl:port name="ReportingPort" binding="svc:Reporting">
      <soap:address location="https://rating.example.com/reporting"/>
    </wsdl:port>
  </wsdl:service>
</wsdl:definitions>
"""
BUNDLE = """[ims_connect]
host = "127.0.0.1"
port = 9999
datastore = "IMS1"
maxsoc = 200

[credentials]
user = "GWUSER"
password = { env = "IMS1_PASSWORD" }

[callout]
tpipes = ["RATING"]
requests = "synchronous"
"""
CORRELATOR = 'role = "consumer"\nwsdl = "rating.wsdl"\nbundles = ["ims1"]\n'
OPERATIONS = '\n[operations."*"]\n'


def make(folder: Path, *, bundle: str = "", correlator: str = "", operations: str = OPERATIONS) -> Path:
    """Write the home; `bundle` and `correlator` are what is added to the files."""
    (folder / "bundles").mkdir(parents=True, exist_ok=True)
    (folder / "wsdl" / "rating").mkdir(parents=True, exist_ok=True)
    (folder / "gateway.toml").touch()
    (folder / "bundles" / "ims1.toml").write_text(BUNDLE + bundle)
    (folder / "wsdl" / "rating" / "correlator.toml").write_text(CORRELATOR + correlator + operations)
    (folder / "wsdl" / "rating" / "rating.wsdl").write_text(WSDL)
    return folder


def with_address(folder: Path, old: str, new: str) -> None:
    """Replace an address in the WSDL."""
    wsdl = folder / "wsdl" / "rating" / "rating.wsdl"
    text = wsdl.read_text()
    assert old in text
    wsdl.write_text(text.replace(old, new))
