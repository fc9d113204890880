"""From an input message to work for IMS: the checks in the order IMS Connect and OTMA make them.

1. RACF, when RACF=Y. 2. The data store. 3. Commit mode and sync level. 4. Translation and XML adapter. 5.
OTMA's authorization. unverified: the order among 1 to 3; that RACF comes before OTMA is IBM's word (General
OTMA security considerations).
"""

from dataclasses import dataclass

from gateway.imsconnect.wire import F3, InputMessage, Irm, Verb
from gateway.standin.demands import check_send_only, check_send_receive, network_identity
from gateway.standin.ims import Work
from gateway.standin.programs import Converter, transaction_code
from gateway.standin.refusal import DATASTORE_NOT_FOUND, RC_IMS_CONNECT, Refusal
from gateway.standin.security import Identity
from gateway.standin.services import Services
from gateway.standin.translation import inbound


@dataclass(frozen=True, slots=True)
class Admitted:
    """An input that IMS may work on."""

    work: Work
    converter: Converter | None
    """What turns the answer into XML, when the XML adapter was asked for."""


def admit(services: Services, connection: int, number: int, client_id: str, message: InputMessage) -> Admitted:
    """Return the work that an input asks for; `number` is its place in the record. Raises Refusal."""
    irm = message.irm
    identity = identify(services, number, irm)
    (check_send_receive if irm.verb is Verb.SEND_RECEIVE else check_send_only)(irm)
    segments, converter = services.adapter.inbound(irm, message.segments)
    if converter is None:
        segments = inbound(irm, segments)
    transaction, rest = transaction_code(segments[0])
    services.seen.update(number, transaction=transaction, segments=segments)
    services.otma.judge(identity, transaction)
    netuid, netsid = network_identity(irm)
    work = Work(
        connection=connection,
        transaction=transaction,
        segments=segments,
        data=b"".join((rest, *segments[1:])),
        identity=identity,
        lterm=irm.lterm,
        client_id=client_id,
        datastore=irm.datastore,
        netuid=netuid,
        netsid=netsid,
        serial=F3.ORDER in irm.f3 and irm.verb is not Verb.SEND_RECEIVE,
    )
    return Admitted(work, converter)


def identify(services: Services, number: int, irm: Irm, terminal: str = "") -> Identity:
    """Return who an input of any kind is from, for the data store it names.

    IMS Connect's own part: sign-on, then the data store, which must have let IMS Connect in. Raises Refusal.
    """
    identity = services.sign_on.judge(irm, terminal)
    services.seen.update(number, user=identity.user, group=identity.group)
    if irm.datastore != services.port.datastore:
        raise Refusal(RC_IMS_CONNECT, DATASTORE_NOT_FOUND, f"no data store {irm.datastore or '(blank)'}")
    services.otma.bid.make()
    return identity
