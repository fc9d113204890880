"""A SOAP client for trying out the gateway's own services: `imsgw call` and `imsgw demo`."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
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
        """Read the WSDL at `address`?wsdl. `ca`: PEM, for the server's certificate. Raises CallError."""
        if ca:
            _check_authority(ca)
        self._address = address
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
            raise CallError(self._text(error)) from error

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
            raise CallError(self._text(error)) from error

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _text(self, error: Exception) -> str:
        """Return what went wrong and, where that is known, what to do about it."""
        match error:
            case TransportError():
                told = error.content.decode(errors="replace")[:300] if error.content else ""
                return f"HTTP {error.status_code}: {told}"
            case requests.HTTPError() if error.response.status_code == HTTPStatus.NOT_FOUND:
                return f"there is no service at {self._address} (HTTP 404)"
            case requests.Timeout():
                return f"{self._address}: no answer in time"
            case requests.ConnectionError():
                return f"{self._address} cannot be reached: {_reason(error)}"
        return str(error) or type(error).__name__


def _check_authority(ca: Path) -> None:
    try:
        ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise CallError(f"{ca}: is no PEM file with certificates") from error
    except OSError as error:
        raise CallError(f"{ca}: cannot be read: {error.strerror}") from error


def _reason(error: Exception) -> str:
    """Return what the system or TLS said below the libraries' words."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            said = f"its certificate is not accepted, {cause.verify_message}"
            return f"{said}; --ca names a PEM file with its authority"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return str(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
