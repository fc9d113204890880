"""Which failures let a call try again: only those after which it is certain that nothing was executed."""

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.imsconnect import Client, ConnectionSettings, Credentials, Endpoint, Interaction, SyncLevel
from gateway.imsconnect.attempts import Attempts, SharedPaths
from gateway.imsconnect.line import NothingSentError
from tests.fixtures.scripted_server import Expect, Send
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.worked_examples import F3, patched, rsm

TWO = ConnectionSettings(endpoints=(Endpoint("a", 1), Endpoint("b", 2)), datastore="IMS1", name="ims1")


def attempts(*, generated: bool = True) -> Attempts:
    return Attempts(SharedPaths(TWO, SYSTEM_CLOCK), lambda _index: 0, generated=generated)


def refused(return_code: int, reason_code: int, *, answers_request: bool = True) -> ImsError:
    error = ImsError(M.IMS_CONNECT, {"meaning": "x"}, return_code=return_code, reason_code=reason_code)
    error.answers_request = answers_request
    return error


AGAIN = [
    TransportError(M.UNREACHABLE, {"bundle": "ims1"}, maybe_sent=False),
    TransportError(M.NO_SOCKET, {"seconds": "1"}, maybe_sent=False),
    refused(8, 73),
    refused(8, 80),
]
NEVER = [
    TransportError(M.CONNECTION_LOST),
    TransportError(M.SOCKET_TIMEOUT, {"milliseconds": "1"}),
    TransportError(M.BAD_REPLY),
    TransportError(M.STOPPING, maybe_sent=False),
    GatewayError(M.INTERACTION, {"rule": "x", "text": "y"}),
    refused(8, 73, answers_request=False),
    refused(8, 77),
    refused(8, 78),
    refused(8, 56),
    refused(16, 0x1A),
    refused(32, 0x45),
    refused(40, 0x45),
    ImsError(M.ROLLED_BACK),
]


@pytest.mark.parametrize("error", AGAIN, ids=str)
def test_what_certainly_did_not_reach_ims_goes_to_the_next_endpoint(error):
    tries = attempts()
    tries.failed(error)
    assert tries.endpoint == 1
    tries.failed(error)
    assert tries.endpoint is None
    assert isinstance(tries.exhausted(), GatewayError)


@pytest.mark.parametrize("error", NEVER, ids=str)
def test_what_may_have_been_executed_is_never_tried_again(error):
    tries = attempts(generated=False)
    with pytest.raises(GatewayError) as caught:
        tries.failed(error)
    assert caught.value is error


def test_a_socket_that_was_gone_is_replaced_at_the_same_endpoint_first():
    tries = attempts()
    for _ in range(2):
        tries.failed(NothingSentError("gone"))
        assert tries.endpoint == 0
    tries.failed(NothingSentError("gone"))
    assert tries.endpoint == 1


def test_another_client_id_is_made_up_when_somebody_has_it_already():
    tries = attempts()
    tries.failed(refused(8, 56))
    assert tries.endpoint == 0


def test_no_endpoint_at_all_names_each_with_its_reason():
    tries = attempts()
    for reason in ("refused", "not in time"):
        tries.failed(TransportError(M.UNREACHABLE, {"bundle": "ims1"}, reason, maybe_sent=False))
    error = tries.exhausted()
    assert error.message is M.UNREACHABLE
    assert "a:1: refused; b:2: not in time" in error.private


class TestOverRealSockets:
    @pytest.mark.parametrize(("return_code", "reason_code"), [(8, 72), (8, 73), (8, 74), (8, 80), (8, 56)])
    def test_a_refusal_in_answer_to_the_ack_sends_no_transaction_again(
        self, scripted_server, return_code, reason_code
    ):
        request = patched(wire.IVTNO, {wire.TIMER: "28", F3: "01"})
        ack = patched(wire.ACK, {})
        refusal = rsm(return_code, reason_code)
        first = scripted_server([Expect(request), Send(wire.OUTPUT_ACK), Expect(ack), Send(refusal)])
        other = scripted_server()
        settings = ConnectionSettings(
            endpoints=(Endpoint(first.host, first.port), Endpoint(other.host, other.port)),
            datastore="IMS1",
            credentials=Credentials.of("USER1", "PASSW0RD"),
        )
        interaction = Interaction(
            transaction="IVTNO",
            segments=(wire.IVTNO_DATA,),
            sync_level=SyncLevel.CONFIRM,
            execution_timeout_ms=1000,
        )
        with (
            Client(settings, client_ids=lambda _prefix: "CLIENT01") as client,
            pytest.raises(ImsError) as caught,
        ):
            client.run(interaction)
        assert (caught.value.return_code, caught.value.reason_code) == (return_code, reason_code)
