"""Envelopes to put headers on."""

from datetime import UTC, datetime

from lxml import etree

from gateway.safexml import Bounds, parse
from gateway.wss.outbound import Lifetime, Vouched

NOW = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=UTC)
NAMESPACES = {
    "s11": "http://schemas.xmlsoap.org/soap/envelope/",
    "s12": "http://www.w3.org/2003/05/soap-envelope",
    "wsse": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "saml": "urn:oasis:names:tc:SAML:1.0:assertion",
    "saml2": "urn:oasis:names:tc:SAML:2.0:assertion",
}
NASTY = [
    '"><saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion"/>',
    "]]></Issuer><Issuer>admin",
    "<!-- -->admin",
    "&lt;&amp;&#60;",
    "a' b=\"c",
    "line\nbreak\ttab\rreturn",
    "ünïcode 漢字 😀",
]


def envelope(version="s11", header=""):
    space = NAMESPACES[version]
    return parse(f'<e:Envelope xmlns:e="{space}">{header}<e:Body><x/></e:Body></e:Envelope>'.encode(), Bounds())


def vouched(**changes):
    values = {"id": "_1", "issuer": "urn:gateway", "user": "ALICE", "lifetime": Lifetime.at(NOW)}
    return Vouched(**(values | changes))


def again(element):
    """Write and read an element, as the receiver would."""
    return parse(etree.tostring(element.getroottree()), Bounds())


def find(element, path):
    found = element.xpath(path, namespaces=NAMESPACES)
    assert len(found) == 1, path
    return found[0]
