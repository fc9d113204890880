"""zeep as an outside client of the gateway.

usage: client.py <base-url> <ca.pem> <service>/<call>/<soap>/<token> [user password]

Prints one line of JSON and exits 0 when a reply or a SOAP fault came; anything else (no TLS, no
HTTP, no envelope) goes to standard error with exit 1.
"""

# mypy: allow-untyped-calls
import json
import sys
from typing import Any

import requests
from zeep import Client, Settings, Transport
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.wsa import WsAddressingPlugin
from zeep.wsse.username import UsernameToken

PORTS = {"plain": "PhoneBookPort", "secure": "SecurePhoneBookPort"}
REQUESTS: dict[str, tuple[str, dict[str, str]]] = {
    "whoami": ("WhoAmI", {}),
    "display": ("PhoneBook", {"command": "DISPLAY", "lastName": "LAST1"}),
    "unknown": ("PhoneBook", {"command": "DISPLAY", "lastName": "MÜLLER"}),
    "invalid": ("PhoneBook", {"command": "ERASE", "lastName": "LAST1"}),
}


class Soap12Transport(Transport):
    """Reads a contract whose binding names SOAP 1.1 as if it named SOAP 1.2: zeep takes the version from it."""

    def load(self, url: str) -> bytes:
        binding = b"http://schemas.xmlsoap.org/wsdl/soap/"
        contract: bytes = super().load(url)
        return contract.replace(binding, b"http://schemas.xmlsoap.org/wsdl/soap12/")


class Caller:
    """One zeep client and the HTTP status that it does not show."""

    def __init__(
        self, base: str, ca: str, service: str, version: str, *, wsse: UsernameToken | None, addressed: bool
    ) -> None:
        self.http_status: int | None = None
        session = requests.Session()
        session.trust_env = False
        session.verify = ca
        session.hooks["response"].append(self._note_status)
        transport = Soap12Transport if version == "1.2" else Transport
        # The address is left to the WSDL: the one in it has to be the live one.
        self._client = Client(
            f"{base}/imssoap/services/{PORTS[service]}?wsdl",
            wsse=wsse,
            plugins=[WsAddressingPlugin()] if addressed else [],
            transport=transport(session=session, timeout=30, operation_timeout=30),
            settings=Settings(forbid_dtd=True),
        )

    def _note_status(self, response: requests.Response, **_: Any) -> None:
        self.http_status = response.status_code

    def call(self, operation: str, arguments: dict[str, str]) -> dict[str, Any]:
        try:
            result = serialize_object(self._client.service[operation](**arguments), dict)
        except Fault as fault:
            return {"ok": False, "fault": self._describe(fault), "result": None}
        return {"ok": True, "fault": None, "result": result}

    def _describe(self, fault: Fault) -> dict[str, Any]:
        subcodes = [str(subcode) for subcode in fault.subcodes or ()]
        return {
            "code": fault.code,
            "subcode": subcodes[0] if subcodes else None,
            "string": fault.message,
            "httpStatus": self.http_status,
        }


def main(base: str, ca: str, scenario: str, user: str = "", password: str = "") -> None:
    service, call, version, token = scenario.split("/")
    wsse = None if token == "none" else UsernameToken(user, password, use_digest=token == "digest")
    operation, arguments = REQUESTS[call]
    answer = Caller(base, ca, service, version, wsse=wsse, addressed=token == "addressed").call(
        operation, arguments
    )
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except requests.RequestException as trouble:
        sys.exit(str(trouble))
