"""The services by Spyne, a process: `python -m tests.interop.callout.spyne_service KEY CLIENTS SIGHTS`.

KEY: PEM file with key and certificate; CLIENTS: authorities of client certificates; SIGHTS: file that gets a
line of JSON for each call. Prints the ports as JSON, ends when its standard input does. What may be asked for
is in services.py; the contracts are Spyne's own, `?wsdl` behind each address.
"""

import base64
import json
import re
import ssl
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from lxml import etree

from gateway.soap.spyne_import import Application, Service, Soap11, Soap12, WsgiApplication, rpc  # isort: split

# behind the gateway's door to Spyne, without which it cannot be imported on Python 3.12 and later
from spyne.error import Fault
from spyne.model.primitive import DateTime, Integer32, Unicode

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
WSA = "{http://www.w3.org/2005/08/addressing}"
SAML11 = "{urn:oasis:names:tc:SAML:1.0:assertion}"
SAML20 = "{urn:oasis:names:tc:SAML:2.0:assertion}"
VOUCHES = {
    "1.1": "urn:oasis:names:tc:SAML:1.0:cm:sender-vouches",
    "2.0": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches",
}
USER, PASSWORD, TOKEN_PASSWORD = "gw", "partner-secret", "token-secret"
ISSUER = "ims-gateway"


class RefusalError(Exception):
    """The policy of the address is not kept."""


def moment(text):
    return datetime.fromisoformat(text)


def basic(environ):
    """Return user and password of the Authorization header."""
    kind, _, rest = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if kind.lower() != "basic":
        return None
    user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    return user, password


def assertion(security):
    """Return what the assertion of a Security header says, whatever its version."""
    found = security.find(f"{SAML11}Assertion")
    if found is not None:
        subject = found.find(f"*/{SAML11}Subject")
        conditions = found.find(f"{SAML11}Conditions")
        return {
            "version": f"{found.get('MajorVersion')}.{found.get('MinorVersion')}",
            "name": subject.findtext(f"{SAML11}NameIdentifier"),
            "method": subject.findtext(f"{SAML11}SubjectConfirmation/{SAML11}ConfirmationMethod"),
            "issuer": found.get("Issuer"),
            "audience": found.findtext(f".//{SAML11}Audience"),
            "conditions": conditions,
        }
    found = security.find(f"{SAML20}Assertion")
    if found is None:
        return None
    return {
        "version": found.get("Version"),
        "name": found.findtext(f"{SAML20}Subject/{SAML20}NameID"),
        "method": found.find(f"{SAML20}Subject/{SAML20}SubjectConfirmation").get("Method"),
        "issuer": found.findtext(f"{SAML20}Issuer"),
        "audience": found.findtext(f".//{SAML20}Audience"),
        "conditions": found.find(f"{SAML20}Conditions"),
    }


def saml_of(security):
    said = assertion(security)
    if said is None:
        return None
    conditions = said.pop("conditions")
    begin, end = moment(conditions.get("NotBefore")), moment(conditions.get("NotOnOrAfter"))
    now = datetime.now(UTC)  # noqa: TID251  this is no part of the product
    return {**said, "valid": begin <= now < end, "lifetime": round((end - now).total_seconds())}


def username_of(security):
    token = security.find(f"{WSSE}UsernameToken")
    if token is None:
        return None
    return {"user": token.findtext(f"{WSSE}Username"), "password": token.findtext(f"{WSSE}Password")}


def headers_of(document):
    root = etree.fromstring(document)  # noqa: TID251  this is no part of the product
    header = root.find("{*}Header")
    empty = etree.Element("none")
    header = empty if header is None else header
    security = header.find(f"{WSSE}Security")
    security = empty if security is None else security
    return {
        "soap": "1.2" if root.tag.startswith(f"{{{SOAP12}}}") else "1.1",
        "message_id": header.findtext(f"{WSA}MessageID"),
        "action": header.findtext(f"{WSA}Action"),
        "to": header.findtext(f"{WSA}To"),
        "saml": saml_of(security),
        "username": username_of(security),
    }


def judge(policy, sight):
    """Raise RefusalError unless the policy is kept; return who calls."""
    if policy == "open":
        return sight["basic"] or sight["certificate"] or "nobody"
    if policy == "basic":
        return sight["basic"]  # asked for before Spyne
    if policy == "username":
        if not sight["username"] or sight["username"]["password"] not in {None, TOKEN_PASSWORD}:
            raise RefusalError("no UsernameToken, or not this password")
        return sight["username"]["user"]
    saml, version = sight["saml"], {"saml11": "1.1", "saml20": "2.0"}[policy]
    if saml is None or saml["version"] != version:
        raise RefusalError(f"no assertion of SAML {version}")
    if saml["method"] != VOUCHES[version] or saml["issuer"] != ISSUER or not saml["valid"]:
        raise RefusalError("the assertion is of another kind, of somebody else, or over")
    if not sight["certificate"]:
        raise RefusalError("nobody vouches: there is no client certificate")
    return saml["name"]


class Sights:
    """The file that tests read."""

    def __init__(self, path):
        self._path = path
        self._lock = threading.Lock()

    def note(self, sight):
        with self._lock, self._path.open("a") as file:
            file.write(json.dumps(sight) + "\n")


SIGHTS = Sights(Path(sys.argv[3] if len(sys.argv) > 3 else "sights"))


def received(ctx, operation, **values):
    """Look at everything that came, note it, and return who calls. Raises Fault."""
    environ = ctx.transport.req_env
    user = basic(environ)
    sight = {
        "stack": "spyne",
        "policy": environ["PATH_INFO"].split("/")[1],
        "operation": operation,
        "values": values,
        "basic": user[0] if user else None,
        "certificate": environ["client.subject"],
        **headers_of(
            ctx.in_document if isinstance(ctx.in_document, bytes) else etree.tostring(ctx.in_document)
        ),
        "refused": "",
    }
    try:
        who = judge(sight["policy"], sight)
    except RefusalError as refusal:
        SIGHTS.note({**sight, "refused": str(refusal)})
        raise Fault("Client.Policy", str(refusal)) from None
    SIGHTS.note(sight)
    return who


class Rating(Service):  # type: ignore[misc]  # Spyne is untyped
    @rpc(
        Unicode(nillable=False),
        Integer32(nillable=False),
        _returns=(Integer32, Unicode),
        _out_variable_names=("score", "who"),
    )
    def Rate(ctx, customer, amount):  # noqa: N802, N805
        return amount % 97, received(ctx, "Rate", customer=customer, amount=amount)

    @rpc(Unicode, _returns=Unicode, _out_variable_name="reason")
    def Refuse(ctx, reason):  # noqa: N802, N805
        received(ctx, "Refuse", reason=reason)
        raise Fault("Client.Refused", f"refused: {reason}")


class Events(Service):  # type: ignore[misc]  # Spyne is untyped
    @rpc(
        Unicode, DateTime, Unicode
    )  # answered by an empty element: contracts of _is_async name headers that they lack
    def Post(ctx, id, time, text):  # noqa: A002, N802, N805
        received(ctx, "Post", id=id, time=time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), text=text)


def application(service, name, protocol):
    made = Application(
        [service],
        tns=f"urn:ims-gateway:lab:{name}",
        name=name,
        in_protocol=protocol(validator="lxml"),
        out_protocol=protocol(),
    )
    return WsgiApplication(made)


APPLICATIONS = {
    "rating": application(Rating, "rating", Soap11),
    "rating12": application(Rating, "rating", Soap12),
    "events": application(Events, "events", Soap11),
}


def served(environ, start_response):
    """Serve `/POLICY/SERVICE`; of policy `basic` nothing gets to Spyne without the password."""
    match = re.fullmatch(r"/(open|basic|username|saml11|saml20)/(\w+)", environ["PATH_INFO"])
    if match is None or match[2] not in APPLICATIONS:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"no such service\n"]
    asks = environ["REQUEST_METHOD"] == "POST" and match[1] == "basic"
    if asks and basic(environ) != (USER, PASSWORD):
        SIGHTS.note({"stack": "spyne", "policy": "basic", "refused": "HTTP Basic"})
        start_response(
            "401 Unauthorized", [("WWW-Authenticate", 'Basic realm="lab"'), ("Content-Type", "text/plain")]
        )
        return [b"who are you?\n"]
    return APPLICATIONS[match[2]](environ, start_response)


class Handler(WSGIRequestHandler):
    def setup(self):
        self.request.do_handshake()
        super().setup()

    def get_environ(self):
        subject = (self.request.getpeercert() or {}).get("subject", ())
        names = [value for rdn in subject for key, value in rdn if key == "commonName"]
        return {**super().get_environ(), "HTTPS": "on", "client.subject": names[0] if names else None}

    def log_message(self, *_):
        pass


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, key, clients, verify):
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=clients)
        context.load_cert_chain(key)
        context.verify_mode = verify
        # the handshake is the business of the connection's own thread
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.set_app(served)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass


def main():
    key, clients, _ = sys.argv[1:]
    ports = {
        name: Server(key, clients, verify).server_port
        for name, verify in (("tls", ssl.CERT_NONE), ("mutual", ssl.CERT_REQUIRED))
    }
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
