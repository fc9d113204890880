"""How long calls take, what is asked of IMS Connect for their answers, where messages are kept meanwhile."""

from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import parse_qsl

from gateway.config.catalogue import backend, files, reach
from gateway.config.catalogue import callout as found
from gateway.config.catalogue import timeouts as late
from gateway.config.checks.callout_places import all_consumer_operations, listening
from gateway.config.checks.places import GATEWAY_FILE, correlator_file, is_loopback, takes_token
from gateway.config.journal import POSTGRESQL, journal_hosts
from gateway.config.model import Consumer, Home
from gateway.config.words import number
from gateway.errors import Problem


def timeouts(home: Home) -> Iterator[Problem]:
    """Name services whose calls end before a connection may have taken its time."""
    for consumer in home.consumers.values():
        connect = consumer.settings.connect_timeout_ms
        shortest = min(settings.timeout_ms for settings in consumer.settings.operations.values())
        if connect >= shortest:
            text = (
                f"{connect} ms are not less than timeout_ms ({shortest} ms): a service that cannot be reached "
                "is told as one that does not answer (1001, not 1009)"
            )
            yield late.CONNECT.at(correlator_file(consumer.name), "connect_timeout_ms", text)


def drain(home: Home) -> Iterator[Problem]:
    """Name a graceful stop that is shorter than a call may take."""
    limit = home.gateway.callout.drain_seconds
    slow = [place for place in all_consumer_operations(home) if place.settings.timeout_ms / 1000 > limit]
    if slow:
        longest = max(slow, key=lambda place: place.settings.timeout_ms)
        text = (
            f"{number(limit)} s are less than timeout_ms of {longest} ({longest.settings.timeout_ms} ms): a "
            "graceful stop would cut calls off"
        )
        yield late.DRAIN.at(GATEWAY_FILE, "callout.drain_seconds", text)


def exits(home: Home) -> Iterator[Problem]:
    """Name conversions that IMS Connect does not do with the exit of the bundle, or hardly."""
    heard = listening(home)
    for place in all_consumer_operations(home):
        if place.settings.adapter != "xml":
            if place.settings.converter and not _converts(place.consumer):
                text = 'has no effect: it goes with adapter = "xml"'
                yield place.told(reach.EFFECT, "converter", text)
            continue
        for name in place.consumer.settings.bundles:
            user_exit = home.bundles[name].ims_connect.exit
            if name in heard and user_exit != "HWSSOAP1":
                text = f'"xml" needs the exit HWSSOAP1, and bundle {name} uses {user_exit}'
                yield place.told(backend.ADAPTER_EXIT, "adapter", text)
        converter = place.settings.converter
        if not converter.endswith("D"):
            text = f"{converter}: the name of a converter driver ends with D"
            yield place.told(backend.CONVERTER, "converter", text)


def _converts(consumer: Consumer) -> bool:
    """Whether an operation has its responses converted: the converter may come from the table of all."""
    return any(settings.adapter == "xml" for settings in consumer.settings.operations.values())


def journal(home: Home) -> Iterator[Problem]:
    """Name a journal that cannot be opened here, or whose keeper nobody checks."""
    settings = home.gateway.journal
    if not settings.store.startswith(POSTGRESQL) or not home.consumers:
        return
    if find_spec("psycopg") is None:
        text = 'PostgreSQL needs the extra "postgresql": pip install "ims-gateway[postgresql]"'
        yield found.JOURNAL_DRIVER.at(GATEWAY_FILE, "journal.store", text)
    parameters = dict(parse_qsl(settings.store.partition("?")[2]))
    yield from _one_machine_s(home)
    checked = settings.truststore is not None or parameters.get("sslmode") == "verify-full"
    host = next((one for one in journal_hosts(settings.store) if not is_loopback(one.strip("[]"))), None)
    if not checked and host is not None:
        text = f"is missing: messages travel to {host} in clear, or to whoever pretends to be it"
        yield found.JOURNAL_UNCHECKED.at(GATEWAY_FILE, "journal.truststore", text)


def _one_machine_s(home: Home) -> Iterator[Problem]:
    """Name a replay store of this machine beside a journal that several machines share."""
    if home.gateway.replay.store == "sqlite" and any(takes_token(one) for one in home.services.values()):
        text = (
            '"sqlite" is a file of this machine, and journal.store is shared by several: a message that was '
            "seen here could be played again there"
        )
        yield files.MACHINES.at(GATEWAY_FILE, "replay.store", text)
