"""Consumers, and the bundles and tpipes that bring their calls: what nobody reaches or cannot be told apart."""

from collections import defaultdict
from collections.abc import Iterator

from gateway.config.catalogue import callout as found
from gateway.config.catalogue import reach
from gateway.config.checks.callout_places import (
    all_consumer_operations,
    callers,
    consumer_operations,
    listening,
)
from gateway.config.checks.places import bundle_file, correlator_file, operations, used_bundles
from gateway.config.model import Consumer, Home
from gateway.config.words import dotted, nearest
from gateway.errors import Problem


def unreached(home: Home) -> Iterator[Problem]:
    """Name consumers whose bundles listen to nothing, and bundles that listen for nobody."""
    named = callers(home)
    for bundle, consumers in named.items():
        if home.bundles[bundle].callout is None:
            for consumer in consumers:
                text = f"bundle {bundle} has no [callout]: no IMS program can reach the service over it"
                yield found.UNHEARD.at(correlator_file(consumer.name), "bundles", text)
    for bundle in sorted(used_bundles(home) - named.keys()):
        if home.bundles[bundle].callout is not None:
            text = "no consumer service names this bundle: its tpipes are not listened to"
            yield found.NOBODY.at(bundle_file(bundle), "callout", text)


def same_name(home: Home) -> Iterator[Problem]:
    """Name services that a program could not tell apart: the same WSID over the same bundle.

    The name of a folder is a WSID too, but one that yields to the name of a WSDL.
    """
    told: set[tuple[str, str]] = set()
    for bundle, consumers in callers(home).items():
        in_order = sorted(consumers, key=lambda one: one.name)
        first: dict[str, Consumer] = {}
        for one in in_order:
            other = first.setdefault(one.wsdl.stem, one)
            if other is not one and (other.name, one.name) not in told:
                told.add((other.name, one.name))
                text = (
                    f"programs call it {one.wsdl.stem} (WSID, the name of its WSDL), and service {other.name} "
                    f"as well, over bundle {bundle}: rename one of the files"
                )
                yield found.SAME_NAME.at(correlator_file(one.name), "wsdl", text)
        folders = {one.name: one for one in consumers}
        for one in in_order:
            named = folders.get(one.wsdl.stem)
            if named is not None and named.wsdl.stem != one.wsdl.stem and (one.name, named.name) not in told:
                told.add((one.name, named.name))
                text = (
                    f"programs that say {named.name} (WSID) reach this service, and not the one in that folder"
                )
                yield found.HIDDEN_NAME.at(correlator_file(one.name), "wsdl", text)


def raw_messages(home: Home) -> Iterator[Problem]:
    """Name messages without an IOGCallout that never come, or that two services want."""
    for consumer in home.consumers.values():
        known = _tpipes(home, consumer)
        for tpipe in consumer.settings.raw.keys() - known if known else ():
            near = nearest(tpipe, known)
            text = f"its bundles do not listen to this tpipe, but to {', '.join(sorted(known))}"
            hint = f"; did you mean {near}?" if near else ""
            yield found.RAW_UNHEARD.at(correlator_file(consumer.name), dotted(("raw", tpipe)), text + hint)
    for (bundle, tpipe), consumers in _raw_readers(home).items():
        first, *others = sorted(consumers)
        for other in others:
            text = f"messages of this tpipe, over bundle {bundle}, are those of service {first} already"
            yield found.RAW_SHARED.at(correlator_file(other), dotted(("raw", tpipe)), text)


def _tpipes(home: Home, consumer: Consumer) -> set[str]:
    callouts = (home.bundles[name].callout for name in consumer.settings.bundles)
    return {tpipe for callout in callouts if callout is not None for tpipe in callout.tpipes}


def _raw_readers(home: Home) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for bundle, (callout, consumers) in listening(home).items():
        for consumer in consumers:
            for tpipe in consumer.settings.raw.keys() & set(callout.tpipes):
                found[bundle, tpipe].append(consumer.name)
    return found


def two_listeners(home: Home) -> Iterator[Problem]:
    """Name tpipes that two bundles listen to: only one at a time may read, unless IMS is told otherwise."""
    first: dict[tuple[str, str], str] = {}
    for bundle, (callout, _) in sorted(listening(home).items()):
        datastore = home.bundles[bundle].ims_connect.datastore
        for tpipe in callout.tpipes:
            other = first.setdefault((datastore, tpipe), bundle)
            if other != bundle:
                text = (
                    f"bundle {other} listens to tpipe {tpipe} of data store {datastore} as well: two listeners "
                    "at one tpipe need MULTIRTP=Y, and each message reaches one of them"
                )
                yield found.TWO_LISTENERS.at(bundle_file(bundle), "callout.tpipes", text)


def kinds(home: Home) -> Iterator[Problem]:
    """Name synchronous and asynchronous callouts on one tpipe, and settings for a kind that never comes."""
    asked = listening(home)
    for bundle, (callout, consumers) in asked.items():
        places = [place for consumer in consumers for place in consumer_operations(consumer)]
        later = [place for place in places if place.settings.response_transaction]
        others = [place for place in places if not place.settings.response_transaction]
        if callout.requests == "both" and later and others:
            text = (
                f'"both": {later[0]} is for asynchronous callouts (response_transaction), {others[0]} may be '
                "called synchronously: keep the two on tpipes of their own, in a bundle each"
            )
            yield found.MIXED_KINDS.at(bundle_file(bundle), "callout.requests", text)
    for consumer in home.consumers.values():
        heard = {asked[name][0].requests for name in consumer.settings.bundles if name in asked}
        if "retry" in consumer.settings.model_fields_set and heard == {"synchronous"}:
            text = "has no effect: its bundles bring synchronous callouts, which are called once"
            yield reach.EFFECT.at(correlator_file(consumer.name), "retry", text)
    for place in all_consumer_operations(home):
        kinds = {asked[name][0].requests for name in place.consumer.settings.bundles if name in asked}
        if place.settings.response_transaction and kinds == {"synchronous"}:
            text = "has no effect: its bundles bring synchronous callouts"
            yield place.told(reach.EFFECT, "response_transaction", text)
        if place.settings.acknowledge and kinds == {"asynchronous"}:
            text = "has no effect: its bundles bring asynchronous callouts"
            yield place.told(reach.EFFECT, "acknowledge", text)


def idle_or_endless(home: Home) -> Iterator[Problem]:
    """Name what a bundle says of messages that never come, or that come again and again."""
    for bundle, (callout, _) in listening(home).items():
        if callout.requests == "asynchronous" and callout.allowed_hosts:
            text = "has no effect: asynchronous callouts have no control data"
            yield reach.EFFECT.at(bundle_file(bundle), "callout.allowed_hosts", text)
        if callout.nak == "retain" and not callout.stop_on_error:
            text = (
                '"retain": a message that cannot be read is retrieved again and again until its ICAL times '
                "out; stop_on_error would stop that"
            )
            yield found.RETAINED.at(bundle_file(bundle), "callout.nak", text)


def rerouted(home: Home) -> Iterator[Problem]:
    """Name output that goes to a tpipe where it would be taken for a callout."""
    heard = {
        (home.bundles[bundle].ims_connect.datastore, tpipe): bundle
        for bundle, (callout, _) in listening(home).items()
        for tpipe in callout.tpipes
    }
    for place in operations(home):
        datastore = home.bundles[place.service.settings.bundle].ims_connect.datastore
        bundle = heard.get((datastore, place.settings.reroute_name))
        if bundle is not None:
            text = (
                f"{place.settings.reroute_name} is a tpipe that bundle {bundle} listens to: undeliverable "
                "output would be taken for callouts, and end as dead letters"
            )
            yield place.told(found.REROUTED, "reroute_name", text)


def stopped(home: Home) -> Iterator[Problem]:
    """Name consumers that are switched off while asynchronous callouts for them go on coming."""
    for bundle, (callout, consumers) in listening(home).items():
        for consumer in consumers:
            if not consumer.settings.enabled and callout.requests != "synchronous":
                text = (
                    f"false: asynchronous callouts of bundle {bundle} for this service wait in the journal "
                    "until it is started"
                )
                yield reach.STOPPED.at(correlator_file(consumer.name), "enabled", text)
