"""A SOAP client outside the containers: `call.py wait|call BASE-URL CA.pem [SECONDS]`.

`wait` returns when the gateway says that it is ready. `call` calls both phone books of the example home with
zeep: who IMS saw must be the bundle's user without a token and the token's user with one, and a wrong
password must be refused. Exit code 1 with a line that says what was otherwise.
"""

import sys
import time

import requests
import zeep
from zeep.exceptions import Fault
from zeep.wsse.username import UsernameToken

BUNDLE_USER = "GWUSER"
USER, PASSWORD = "ALICE", "WONDER1"
WRONG = "WONDER9"
TIMEOUT_SECONDS = 15


class Client:
    """Calls the example services at one gateway; TLS is verified against `ca`, proxies are not used."""

    def __init__(self, base: str, ca: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ca

    def ready(self) -> str:
        """Return what is in the way of readiness, empty when nothing is."""
        try:
            answer = self.session.get(f"{self.base}/readyz", timeout=5)
        except requests.RequestException as error:
            return f"{type(error).__name__}: {error}"
        return "" if answer.ok else f"HTTP {answer.status_code}: {answer.text[:200]}"

    def service(self, port: str, token: UsernameToken | None = None) -> zeep.Client:
        """Return a client made from the WSDL that the gateway gives out for a port."""
        transport = zeep.Transport(
            session=self.session, timeout=TIMEOUT_SECONDS, operation_timeout=TIMEOUT_SECONDS
        )
        address = f"{self.base}/imssoap/services/{port}"
        return zeep.Client(f"{address}?wsdl", transport=transport, wsse=token)


def wait(client: Client, seconds: float) -> str:
    """Ask for readiness until it is there or the time is up; return what was in the way."""
    deadline = time.monotonic() + seconds
    while True:
        trouble = client.ready()
        if not trouble or time.monotonic() > deadline:
            return trouble
        time.sleep(0.3)


def call(client: Client) -> str:
    """Make the calls; return the first that did not go as it must."""
    plain = client.service("PhoneBookPort")
    seen = plain.service.WhoAmI()
    print(f"  plain service: IMS saw {seen.user}, group {seen.group}")
    if seen.user != BUNDLE_USER:
        return f"the plain service was called as {seen.user!r}, not as the bundle's user"
    secure = client.service("SecurePhoneBookPort", UsernameToken(USER, PASSWORD))
    seen = secure.service.WhoAmI()
    print(f"  UsernameToken: IMS saw {seen.user}")
    if seen.user != USER:
        return f"the secure service was called as {seen.user!r}, not as the token's user"
    entry = secure.service.PhoneBook(command="DISPLAY", lastName="LAST1")
    print(f"  phone book: {entry.firstName} {entry.lastName}, extension {entry.extension}: {entry.message}")
    if entry.lastName.strip() != "LAST1" or not entry.extension.strip():
        return f"the phone book answered {entry!r}"
    try:
        client.service("SecurePhoneBookPort", UsernameToken(USER, WRONG)).service.WhoAmI()
    except Fault as fault:
        print(f"  wrong password: {fault.code}")
        return "" if str(fault.code).endswith("FailedAuthentication") else f"a wrong password gave {fault.code}"
    return "a wrong password was accepted"


def main(verb: str, base: str, ca: str, seconds: str = "60") -> int:
    """Do what the verb says."""
    client = Client(base, ca)
    try:
        trouble = wait(client, float(seconds)) if verb == "wait" else call(client)
    except (zeep.exceptions.Error, requests.RequestException) as error:
        trouble = f"{type(error).__name__}: {error}"
    if trouble:
        print(trouble, file=sys.stderr)
    return int(bool(trouble))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
