"""Homes of any number of services, no two of them alike: each has names, types and operations of its own."""

from pathlib import Path

from gateway import testkeys
from gateway.exchange import Secret
from tests.fixtures.running_gateway import BUNDLE_PASSWORD, KEYSTORE_PASSWORD

ENVIRON = {"IMSGW_KEYSTORE_PASSWORD": KEYSTORE_PASSWORD, "IMS1_PASSWORD": BUNDLE_PASSWORD}

_GATEWAY = """[server]
https = "127.0.0.1:{https}"
keystore = {{ path = "keystores/server.p12", password = {{ env = "IMSGW_KEYSTORE_PASSWORD" }} }}
[admin]
listen = ""
"""
_BUNDLE = """[ims_connect]
host = "127.0.0.1"
port = 9999
datastore = "IMS1"
maxsoc = 512
[credentials]
user = "GWUSER"
password = { env = "IMS1_PASSWORD" }
[passticket]
application = "IMSAPPL"
key = { file = "keystores/passticket.key" }
"""
_CORRELATOR = """role = "provider"
wsdl = "service.wsdl"
bundle = "ims1"
validate = true
{security}
[operations."*"]
execution_timeout_ms = 5000
socket_timeout_ms = 10000
{operations}"""
_SECURITY = (
    "",
    '[security]\ntoken = "username"\n',
    """[security]
token = "saml20"
signed = true
trust = "chain"
truststore = { path = "keystores/ca.pem" }
senders = ["CN=IMS Gateway test sender,O=IMS Gateway test keys"]
audiences = ["urn:example:{name}"]
""",
)
_OPERATIONS = ("Find", "Store", "List")
_SCHEMA = """<?xml version="1.0" encoding="UTF-8"?>
<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:example:{name}"
            targetNamespace="urn:example:{name}" elementFormDefault="qualified">
  <!-- Lengths are those of the segments. -->
  <xsd:simpleType name="Key{name}">
    <xsd:restriction base="xsd:string"><xsd:maxLength value="10"/></xsd:restriction>
  </xsd:simpleType>
  <xsd:simpleType name="Kind{name}">
    <xsd:restriction base="xsd:string">
      <xsd:enumeration value="NEW"/><xsd:enumeration value="OLD"/><xsd:enumeration value="GONE"/>
    </xsd:restriction>
  </xsd:simpleType>
  <xsd:complexType name="Row{name}">
    <xsd:sequence>
      <xsd:element name="key" type="t:Key{name}"/>
      <xsd:element name="kind" type="t:Kind{name}"/>
      <xsd:element name="amount" type="xsd:decimal" minOccurs="0"/>
      <xsd:element name="changed" type="xsd:dateTime" minOccurs="0"/>
      <xsd:element name="text" type="xsd:string" minOccurs="0" maxOccurs="unbounded"/>
    </xsd:sequence>
  </xsd:complexType>
{elements}</xsd:schema>
"""
_ELEMENTS = """  <xsd:element name="{operation}{name}">
    <xsd:complexType><xsd:sequence><xsd:element name="row" type="t:Row{name}"/></xsd:sequence></xsd:complexType>
  </xsd:element>
  <xsd:element name="{operation}{name}Response">
    <xsd:complexType>
      <xsd:sequence>
        <xsd:element name="row" type="t:Row{name}" minOccurs="0" maxOccurs="unbounded"/>
        <xsd:element name="message" type="xsd:string"/>
      </xsd:sequence>
    </xsd:complexType>
  </xsd:element>
"""
_WSDL = """<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="{name}" targetNamespace="urn:example:{name}:service"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema"
    xmlns:s="urn:example:{name}:service" xmlns:t="urn:example:{name}">
  <wsdl:types>
    <xsd:schema><xsd:import namespace="urn:example:{name}" schemaLocation="service.xsd"/></xsd:schema>
  </wsdl:types>
{messages}  <wsdl:portType name="{name}">
{abstract}  </wsdl:portType>
  <wsdl:binding name="{name}" type="s:{name}">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
{bound}  </wsdl:binding>
  <wsdl:service name="{name}">
    <wsdl:port name="{name}Port" binding="s:{name}">
      <soap:address location="https://localhost:8443/imssoap/services/{name}Port"/>
    </wsdl:port>
  </wsdl:service>
</wsdl:definitions>
"""
_MESSAGES = """  <wsdl:message name="{operation}{name}">
    <wsdl:part name="in" element="t:{operation}{name}"/>
  </wsdl:message>
  <wsdl:message name="{operation}{name}Response">
    <wsdl:part name="out" element="t:{operation}{name}Response"/>
  </wsdl:message>
"""
_ABSTRACT = """    <wsdl:operation name="{operation}{name}">
      <wsdl:input message="s:{operation}{name}"/><wsdl:output message="s:{operation}{name}Response"/>
    </wsdl:operation>
"""
_BOUND = """    <wsdl:operation name="{operation}{name}">
      <soap:operation soapAction="urn:example:{name}:{operation}"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
"""


def make(home: Path, services: int, https: int = 8443) -> None:
    """Write a home; services have no WS-Security, passwords or signed assertions in turn."""
    (home / "bundles").mkdir(parents=True)
    (home / "gateway.toml").write_text(_GATEWAY.format(https=https))
    (home / "bundles/ims1.toml").write_text(_BUNDLE)
    testkeys.create(home / "keystores", password=Secret(KEYSTORE_PASSWORD))
    for number in range(services):
        _service(home / f"wsdl/service{number:04}", f"S{number:04}", _SECURITY[number % len(_SECURITY)])


def change(home: Path, number: int) -> None:
    """Have the contract of a service be another one, which says the same."""
    with (home / f"wsdl/service{number:04}/service.wsdl").open("a") as wsdl:
        wsdl.write("<!-- changed -->\n")


def _service(folder: Path, name: str, security: str) -> None:
    def each(template: str) -> str:
        return "".join(template.format(name=name, operation=operation) for operation in _OPERATIONS)

    folder.mkdir(parents=True)
    tables = each('[operations.{operation}{name}]\ntransaction = "IVTNO"\n')
    correlator = _CORRELATOR.format(security=security.replace("{name}", name), operations=tables)
    (folder / "correlator.toml").write_text(correlator)
    (folder / "service.xsd").write_text(_SCHEMA.format(name=name, elements=each(_ELEMENTS)))
    wsdl = _WSDL.format(name=name, messages=each(_MESSAGES), abstract=each(_ABSTRACT), bound=each(_BOUND))
    (folder / "service.wsdl").write_text(wsdl)
