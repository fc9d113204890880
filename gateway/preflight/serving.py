"""The SOAP applications of the providers: made once, before workers are forked, and taken over by reloads."""

import gc
from dataclasses import replace

from gateway.config.model import Service
from gateway.preflight.snapshot import Snapshot
from gateway.soap.application import SoapApplication
from gateway.soap.contract import Contract
from gateway.wss.names import SECURITY


def with_applications(snapshot: Snapshot, before: Snapshot | None = None) -> Snapshot:
    """Return the snapshot with an application for each provider, that of `before` where nothing has changed."""
    known = before.soap if before else {}
    made = {
        name: _application(snapshot.home.services[name], contract, known.get(name))
        for name, contract in snapshot.contracts.items()
    }
    return replace(snapshot, soap=made)


def keep() -> None:
    """Have the collector of garbage pass over all that there is now. Call it once, before workers are forked.

    Otherwise each collection would go through all services with every thread waiting, and give each worker its
    own copy of memory that all could share. Of what is kept, objects that refer to each other (what zeep
    makes of consumers) stay when a reload replaces them: that happens once, as what reloads make is not kept.
    """
    gc.collect()
    gc.freeze()


def _application(service: Service, contract: Contract, known: SoapApplication | None) -> SoapApplication:
    validate = service.settings.validate_body
    understood = frozenset({SECURITY}) if service.settings.security.token != "none" else frozenset()  # noqa: S105
    if known is not None and known.serves(contract, validate=validate, understood=understood):
        return known
    return SoapApplication(contract, validate=validate, understood=understood)
