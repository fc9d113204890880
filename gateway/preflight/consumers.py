"""The contracts of consumers against their correlators, and the addresses that are called."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from gateway.callout.deployment import Consumers
from gateway.config.catalogue import contracts as kinds
from gateway.config.catalogue import reach
from gateway.config.checks.callout_places import listening
from gateway.config.checks.places import bundle_file, correlator_file, is_loopback
from gateway.config.model import Consumer, Home, RawMessages
from gateway.config.words import dotted, nearest, shown
from gateway.errors import Problem
from gateway.preflight.marked import marked
from gateway.soap.consumer import ConsumerContract, ConsumerPort, is_address
from gateway.soap.single_value import single_value


def consumer_contract_problems(home: Home, found: Consumers) -> Iterator[Problem]:
    """Yield what is wrong with contracts of consumers and their addresses, or unlike their correlators."""
    yield from marked(found.unreadable)
    for name, contract in found.contracts.items():
        consumer = home.consumers[name]
        yield from marked(contract.warnings)
        yield from _disagreements(consumer, contract)
        yield from _addresses(home, consumer, contract)
    yield from _mixed_tpipes(home, found.contracts)


def _mixed_tpipes(home: Home, loaded: Mapping[str, ConsumerContract]) -> Iterator[Problem]:
    """Name bundles over which one-way operations and such with an answer come on the same tpipes.

    Programs insert the ones (asynchronous) and wait for the others (synchronous): each wants tpipes of its own.
    """
    for name, (callout, consumers) in listening(home).items():
        if callout.requests != "both":
            continue
        operations = [
            (f"{consumer.name}.{operation}", contract.operations[operation].one_way)
            for consumer in consumers
            if (contract := loaded.get(consumer.name)) is not None
            for operation in contract.operations
        ]
        one_way = [operation for operation, alone in operations if alone]
        answered = [operation for operation, alone in operations if not alone]
        if one_way and answered:
            text = (
                f'"both" lets one-way calls ({one_way[0]}) and calls that are waited for ({answered[0]}) share '
                "tpipes, and hold each other up: give each a bundle and tpipes of its own"
            )
            yield kinds.ONE_WAY.at(bundle_file(name), "callout.requests", text)


def _disagreements(consumer: Consumer, contract: ConsumerContract) -> Iterator[Problem]:
    file, known = correlator_file(consumer.name), contract.operations
    for unknown in sorted(consumer.settings.operations.keys() - known.keys() - {"*"}):
        text = f"the WSDL has no such operation that can be called; it has {', '.join(sorted(known))}"
        yield kinds.OPERATION.at(file, dotted(("operations", unknown)), text)
    for name, operation in known.items():
        settings = consumer.operation(name)
        if settings is None:
            text = f'operation {name} of the WSDL has no settings: add a table for it, or one for "*"'
            yield kinds.SETTINGS.at(file, "operations", text)
        elif operation.one_way and name in consumer.settings.operations and settings.response_transaction:
            key = dotted(("operations", name, "response_transaction"))
            yield reach.EFFECT.at(file, key, "has no effect: the operation is one-way, nothing comes back")
    for tpipe, raw in consumer.settings.raw.items():
        for key, text in _raw(raw, contract):
            yield kinds.RAW.at(file, dotted(("raw", tpipe, key)), text)


def _raw(raw: RawMessages, contract: ConsumerContract) -> Iterator[tuple[str, str]]:
    """Yield keys of a table that name nothing in the WSDL, each with what is wrong."""
    if raw.operation not in contract.operations:
        yield "operation", f"the WSDL has no such operation{_hint(raw.operation, list(contract.operations))}"
    port = contract.ports.get(raw.port) if raw.port else next(iter(contract.ports.values()), None)
    if port is None:
        yield "port", f"the WSDL has no such port{_hint(raw.port, list(contract.ports))}"
    elif raw.operation in contract.operations and raw.operation not in port.operations:
        yield ("port" if raw.port else "operation"), f"port {port.name} does not have operation {raw.operation}"
    elif raw.form != "body" and not _has_single_value(raw, contract, port):
        text = f'"{raw.form}" needs an operation whose element holds one value, itself or in its only child'
        yield "form", text


def _has_single_value(raw: RawMessages, contract: ConsumerContract, port: ConsumerPort) -> bool:
    known = raw.operation in contract.operations
    return not known or single_value(contract, port, raw.operation) is not None


def _hint(word: str, known: list[str]) -> str:
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else f"; it has {', '.join(sorted(known))}"


def _addresses(home: Home, consumer: Consumer, contract: ConsumerContract) -> Iterator[Problem]:
    """Name addresses that hold a name, and plain ones where a token or a password would be seen on the way."""
    security = consumer.settings.security
    callouts = (home.bundles[name].callout for name in consumer.settings.bundles)
    basic = security.basic or any(callout.basic for callout in callouts if callout is not None)
    for port in contract.ports.values():
        if not is_address(port.address):
            continue  # the contract has said so
        parts = urlsplit(port.address)
        user, _, host = parts.netloc.rpartition("@")
        where = f"port {port.name} has the address {parts.scheme}://{shown(host)}"
        if user:
            text = f"{where} with a name before the host: it is not sent; use security.basic"
            yield kinds.ADDRESS.at(correlator_file(consumer.name), "wsdl", text)
        if parts.scheme == "https":
            continue
        if security.token != "none":  # noqa: S105  a kind of token
            text = f'{where}: a token ("{security.token}") goes over HTTPS only, so it cannot be called'
            yield kinds.ADDRESS.at(correlator_file(consumer.name), "wsdl", text)
        elif basic and not is_loopback(parts.hostname or ""):
            text = f"{where}: the password for HTTP Basic travels in clear"
            yield kinds.PLAIN_BASIC.at(correlator_file(consumer.name), "wsdl", text)
        if security.keystore is not None:
            text = f"{where}: without TLS the certificate of security.keystore is not shown"
            yield kinds.PLAIN_CERTIFICATE.at(correlator_file(consumer.name), "wsdl", text)
