"""The SOAP applications of the providers: made once, before workers are forked, and taken over by reloads."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gateway.config.model import Service
from gateway.preflight.snapshot import Snapshot
from gateway.soap.application import SoapApplication
from gateway.soap.contract import Contract
from gateway.soap.spyne_application import SpyneApplication
from gateway.wss.names import SECURITY


def with_applications(snapshot: Snapshot, before: Snapshot | None = None) -> Snapshot:
    """Return the snapshot with the application of every provider; those of `before` where nothing has changed.

    What Spyne has of a service is shared by all whose operations have the same names.
    """
    known = before.soap if before else {}
    shared = {one.spyne.operations: one.spyne for one in known.values()}
    with _garbage_left():
        made = {
            name: _application(snapshot.home.services[name], contract, known.get(name), shared)
            for name, contract in snapshot.contracts.items()
        }
    return replace(snapshot, soap=made)


def keep() -> None:
    """Have the collector of garbage pass over all that there is now. Call it once, before workers are forked.

    A home of 2,000 services is some 700,000 objects. Going through them takes a collection half a second, in
    which no thread runs, and gives each worker its own copy of memory that all could share. Of what is kept,
    objects that refer to each other (what Spyne and zeep make) stay when a reload replaces them: that happens
    once, as what reloads make is not kept.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def _garbage_left() -> Iterator[None]:
    """Put off collecting garbage: what is made now is none, and it is thousands of objects to look at."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _application(
    service: Service,
    contract: Contract,
    known: SoapApplication | None,
    shared: dict[tuple[str, ...], SpyneApplication],
) -> SoapApplication:
    validate = service.settings.validate_body
    understood = frozenset({SECURITY}) if service.settings.security.token != "none" else frozenset()  # noqa: S105
    if known is not None and known.serves(contract, validate=validate, understood=understood):
        return known
    spyne = shared.get(tuple(contract.operations))
    made = SoapApplication(contract, validate=validate, understood=understood, spyne=spyne)
    shared[made.spyne.operations] = made.spyne
    return made
