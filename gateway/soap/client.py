"""A SOAP client for trying out the gateway's own services: `imsgw call` and `imsgw demo`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import requests
import zeep
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault, TransportError
from zeep.helpers import serialize_object
from zeep.wsse.username import UsernameToken

from gateway.exchange import Secret


@dataclass(frozen=True, slots=True)
class SignOn:
    """What goes into the UsernameToken."""

    user: str
    password: Secret


class CallError(Exception):
    """The call brought no answer: a fault, an HTTP error or no connection. The text is for people."""

    def __init__(self, text: str, fault_code: str = "") -> None:
        super().__init__(text)
        self.fault_code = fault_code


class ServiceClient:
    """A client of one service, made from the WSDL that the service gives out."""

    def __init__(
        self, address: str, *, ca: Path | None, sign_on: SignOn | None, timeout_seconds: float = 30.0
    ) -> None:
        """Read the WSDL at `address`?wsdl. Raises CallError."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(ca) if ca else True
        self._session = session
        transport = zeep.Transport(session=session, timeout=timeout_seconds, operation_timeout=timeout_seconds)
        token = UsernameToken(sign_on.user, sign_on.password.reveal()) if sign_on else None
        settings = zeep.Settings(forbid_dtd=True)
        try:
            self._client = zeep.Client(f"{address}?wsdl", transport=transport, wsse=token, settings=settings)
        except (ZeepError, requests.RequestException, OSError) as error:
            self.close()
            raise CallError(_text(error)) from error

    def call(self, operation: str, values: Mapping[str, Any]) -> Any:
        """Call an operation; returns plain dictionaries, lists and values. Raises CallError."""
        try:
            method = self._client.service[operation]
        except AttributeError as error:
            raise CallError(f"the service has no operation {operation}") from error
        try:
            return serialize_object(method(**values), dict)
        except Fault as error:
            raise CallError(f"{error.code}: {error.message}", str(error.code)) from error
        except (ZeepError, requests.RequestException, OSError, TypeError, ValueError) as error:
            raise CallError(_text(error)) from error

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _text(error: Exception) -> str:
    if isinstance(error, TransportError):
        return (
            f"HTTP {error.status_code}: {error.content.decode(errors='replace')[:300] if error.content else ''}"
        )
    return str(error) or type(error).__name__
