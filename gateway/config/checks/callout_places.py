"""Where a setting of a consumer stands, and which bundles bring its calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gateway.config.catalogue import Kind
from gateway.config.checks.places import correlator_file
from gateway.config.model import BundleCallout, Consumer, ConsumerOperation, Home
from gateway.config.words import dotted
from gateway.errors import Problem


@dataclass(frozen=True, slots=True)
class ConsumerOperationPlace:
    """One operations table of one consumer."""

    consumer: Consumer
    name: str
    settings: ConsumerOperation

    def told(self, kind: Kind, key: str, text: str) -> Problem:
        """Return a finding about one key of the table."""
        return kind.at(correlator_file(self.consumer.name), dotted(("operations", self.name, key)), text)

    def __str__(self) -> str:
        return f"{dotted((self.name,))} of service {self.consumer.name}"


class Listening(NamedTuple):
    """A bundle whose tpipes are listened to."""

    callout: BundleCallout
    consumers: list[Consumer]
    """Whose calls they bring, one at least."""


def consumer_operations(consumer: Consumer) -> Iterator[ConsumerOperationPlace]:
    """Yield every operations table of a consumer, the one named "*" included."""
    for name, settings in consumer.settings.operations.items():
        yield ConsumerOperationPlace(consumer, name, settings)


def all_consumer_operations(home: Home) -> Iterator[ConsumerOperationPlace]:
    """Yield every operations table of every consumer."""
    for consumer in home.consumers.values():
        yield from consumer_operations(consumer)


def callers(home: Home) -> dict[str, list[Consumer]]:
    """Return the consumers that name each bundle; a bundle that none of them names is not there."""
    found: dict[str, list[Consumer]] = {}
    for consumer in home.consumers.values():
        for name in consumer.settings.bundles:
            found.setdefault(name, []).append(consumer)
    return found


def listening(home: Home) -> dict[str, Listening]:
    """Return the bundles whose tpipes are listened to: they have `[callout]`, and a consumer names them."""
    return {
        name: Listening(callout, consumers)
        for name, consumers in callers(home).items()
        if (callout := home.bundles[name].callout) is not None
    }
