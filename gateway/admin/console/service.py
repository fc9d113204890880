"""One service, as its page tells of it: addresses, operations, what it asks of callers."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from gateway.config.model import Consumer, OperationSettings, ServerSettings, Service, parse_listen
from gateway.exchange import CommitMode, SyncLevel
from gateway.preflight.snapshot import Snapshot
from gateway.soap.contract import Contract
from gateway.web.wsgi import ENDPOINTS

_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared, not bound


@dataclass(frozen=True, slots=True)
class Port:
    """A WSDL port and where it is called."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation and what it does in IMS, in words."""

    name: str
    element: str
    """Local name of the body's element."""
    one_way: bool
    style: str
    transaction: str
    """Empty: the operation has no table, so it is not served."""
    way: tuple[str, ...]
    """Adapter, commit mode, code page, LTERM: what is not as usual, too."""
    execution_ms: int
    socket_ms: int


def ports(service: Service, contract: Contract, server: ServerSettings, host: str) -> tuple[Port, ...]:
    """Return where a provider is called; `host`: by which name this page was called, without port."""
    bases = _bases(server, host, plain=service.settings.security.token == "none")  # noqa: S105
    return tuple(
        Port(name, tuple(f"{base}{ENDPOINTS}{quote(name, safe='')}" for base in bases))
        for name in contract.ports
    )


def operations(service: Service, contract: Contract) -> tuple[Operation, ...]:
    """Return the operations of a provider, by name."""
    found = []
    for name, operation in sorted(contract.operations.items()):
        settings = service.operation(name)
        found.append(
            Operation(
                name=name,
                element=operation.input_element.rpartition("}")[2],
                one_way=operation.one_way,
                style=operation.style,
                transaction=settings.transaction if settings else "",
                way=_way(settings) if settings else (),
                execution_ms=settings.execution_timeout_ms if settings else 0,
                socket_ms=settings.socket_timeout_ms if settings else 0,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Called:
    """An operation of a web service that IMS programs call."""

    name: str
    one_way: bool
    timeout_ms: int
    way: tuple[str, ...]


def called(consumer: Consumer, snapshot: Snapshot) -> tuple[Called, ...]:
    """Return the operations of a consumer, by name."""
    contract = snapshot.consumers[consumer.name]
    found = []
    for name, operation in sorted(contract.operations.items()):
        settings = consumer.operation(name)
        way = []
        if settings is not None:
            if settings.adapter == "xml":
                way.append(f"XML adapter, converter {settings.converter}")
            if settings.acknowledge:
                way.append("response acknowledged by IMS")
            if settings.response_transaction:
                way.append(f"asynchronous answer to {settings.response_transaction}")
        found.append(Called(name, operation.one_way, settings.timeout_ms if settings else 0, tuple(way)))
    return tuple(found)


def _way(settings: OperationSettings) -> tuple[str, ...]:
    adapter = f"XML adapter, converter {settings.converter}" if settings.adapter == "xml" else "XML as it is"
    commit = "commit then send" if settings.commit_mode is CommitMode.COMMIT_THEN_SEND else "send then commit"
    level = "confirm" if settings.sync_level is SyncLevel.CONFIRM else "no sync"
    found = [adapter, f"{commit}, {level}", f"CCSID\u00a0{settings.host_ccsid}"]
    if settings.commit_mode is CommitMode.COMMIT_THEN_SEND:
        to = f" to {settings.reroute_name}" if settings.reroute_name else ""
        found.append(f"undeliverable output: {settings.undeliverable.value}{to}")
    if settings.lterm:
        found.append(f"LTERM {settings.lterm}")
    return tuple(found)


def _bases(server: ServerSettings, host: str, *, plain: bool) -> tuple[str, ...]:
    if server.public_url:
        return (server.public_url,)
    found = [f"https://{_reached(server.https, host)}"] if server.https else []
    if plain and server.http:
        found.append(f"http://{_reached(server.http, host)}")
    return tuple(found)


def _reached(listen: str, host: str) -> str:
    """Return a listener's address as it can be called: one that listens everywhere is known as we are here."""
    name, port = parse_listen(listen)
    name = host if name in _EVERYWHERE else name
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def name_of(host: str) -> str:
    """Return the name in a Host header, without port."""
    return urlsplit(f"//{host}").hostname or "localhost"
