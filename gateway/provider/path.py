"""THE REQUEST PATH, readable in one file.

`Journey.admit` takes the bytes that HTTP delivered: parses them once, checks the envelope, lets the judge
decide, names the caller. Then SOAP finds the operation in the same tree and calls `Journey.perform`, which
makes the IMS message, signs on and sends, and turns the answer back into a payload. Whatever ends a request
early raises a GatewayError; the journey remembers what is worth telling, `ended` tells it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from cryptography import x509

from gateway import safexml
from gateway.audit.ports import RequestAudit, Unaudited
from gateway.clock import Clock
from gateway.config.model import Bundle, OperationSettings, Service
from gateway.envelope import Admitted, Envelope, read_envelope
from gateway.errors import GatewayError, ImsError, M, SecurityError, TransportError, WssFault
from gateway.exchange import Arrival, Caller, ImsAnswer, ImsCall, TrackingMark
from gateway.identity.authenticator import Authenticator, Circumstances
from gateway.identity.caller import authenticated_caller, caller_of
from gateway.identity.credentials import complete, is_own_fault, may_count, proof
from gateway.identity.places import own_peer
from gateway.identity.seconds import Seconds
from gateway.identity.signon import Attempt, SignOnGuard
from gateway.identity.users import Users
from gateway.imsconnect import CallNote
from gateway.imsconnect.extensions import longest_tracking_id
from gateway.limits import Admission
from gateway.mediatype import parse_media_type
from gateway.observe import timeline
from gateway.observe.events import RequestEnded
from gateway.observe.timeline import Timeline
from gateway.payload.reply import reply_payload
from gateway.payload.request import request_segments
from gateway.provider.rates import UserRate
from gateway.provider.record import Course, Ending, record_of
from gateway.soap.operations import Operation
from gateway.tls.trusted import TrustedKeys
from gateway.tls.unreadable import UNREADABLE
from gateway.tracking import Source, Tracked, tracked
from gateway.wss.judge import judge
from gateway.wss.policy import Policy, TransportFacts
from gateway.wss.replay import ReplayStore
from gateway.wss.rules import R
from gateway.wss.verdict import Claims, TokenKind, Vouching

_SLACK_SECONDS: Final = 5.0
_AUTHENTICATOR_SECONDS: Final = 60.0
"""How long a place of the sign-on guard outlives an authentication module that does not answer."""


class Backend(Protocol):
    """The way to one IMS Connect."""

    def call(self, call: ImsCall, note: CallNote) -> ImsAnswer:
        """Run one interaction, and note where it went; raises GatewayError and its kinds."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """Everything that is fixed for the requests of one service."""

    service: Service
    bundle: Bundle
    backend: Backend
    policy: Policy
    bounds: safexml.Bounds
    guard: SignOnGuard
    clock: Clock
    keys: Callable[[], TrustedKeys]
    """The service's truststore as it is now."""
    replay: ReplayStore
    seconds: Seconds
    """The seconds for which PassTickets were made, for all workers."""
    users: Users | None = None
    authenticator: Authenticator | None = None
    """A custom authentication module."""
    unified_faults: bool = False
    """Callers learn only that a security header was refused."""
    audit: RequestAudit = field(default_factory=Unaudited)
    """Nothing goes to IMS that could not be recorded."""
    tracking: tuple[Source, ...] = ()
    """Where the tracking id of a request may come from."""
    admission: Admission | None = None
    """Rates of addresses, users and the service."""


class Journey:
    """One request on its way. Used by one thread."""

    def __init__(self, route: Route, arrival: Arrival) -> None:
        self._route = route
        self._arrival = arrival
        self._rate = UserRate(route.admission)
        datastore = route.bundle.ims_connect.datastore
        self._course = Course(
            route.service.settings.bundle,
            datastore,
            route.policy.token,
            Timeline(route.clock),
            self._tracked(None),
        )

    @property
    def tracking_id(self) -> str:
        """What the request is known by; another once the message is read."""
        return self._course.tracked.id

    def _tracked(self, envelope: Envelope | None) -> Tracked:
        arrival = self._arrival
        return tracked(arrival.tracking_id, self._route.tracking, envelope, arrival.headers)

    # -- on the way in --------------------------------------------------------------------------------------

    def admit(self, arrival: Arrival) -> Admitted:
        """Parse, check and judge the message. Raises GatewayError when it may not go on.

        Rates of addresses and services come first: what is too much costs nothing. A stopped service refuses
        before anybody is identified: nothing is tried at RACF, no nonce is used up.
        """
        if self._route.admission is not None:
            self._route.admission.arrived(arrival.peer.address)
        with self._course.timeline.part(timeline.PARSE):
            charset = parse_media_type(arrival.content_type).parameter("charset")
            root = safexml.parse(arrival.body, self._route.bounds, charset)
            envelope = read_envelope(root)
            self._course.tracked = self._tracked(envelope)
        if not self._route.service.settings.enabled:
            raise GatewayError(M.SERVICE_STOPPED, {"service": self._route.service.name})
        return Admitted(arrival, envelope, self._identify(envelope))

    def _identify(self, envelope: Envelope) -> Caller:
        route, arrival = self._route, self._arrival
        facts = transport_facts(arrival)
        with self._course.timeline.part(timeline.JUDGE):
            verdict = judge(envelope, route.policy, facts, arrival.received, route.keys(), route.replay)
        self._course.verdict = verdict
        if verdict.claims is None:
            refusal = verdict.refusal or GatewayError(M.INTERNAL, private="a verdict without claims or refusal")
            raise unified(refusal, route.policy.token) if route.unified_faults else refusal
        with self._course.timeline.part(timeline.AUTHENTICATE):
            caller = self._course.caller = self._named(verdict.claims, envelope, facts)
        self._rate.believed(verdict.claims, caller.user, by_module=route.authenticator is not None)
        return caller

    def _named(self, claims: Claims, envelope: Envelope, facts: TransportFacts) -> Caller:
        route, arrival = self._route, self._arrival
        credentials = route.bundle.credentials
        if route.authenticator is None:
            return caller_of(claims, credentials, route.users)
        circumstances = Circumstances(
            service=arrival.service,
            operation=str(envelope.payload.tag).rpartition("}")[2],
            peer=arrival.peer.address,
            tls_certificate=facts.certificate,
        )
        with self._tried(claims):
            return authenticated_caller(claims, credentials, route.users, route.authenticator, circumstances)

    @contextmanager
    def _tried(self, claims: Claims) -> Iterator[None]:
        """Hold a place of the sign-on guard while a module looks at a password: nobody guesses there either.

        Names are folded for counting, as directories fold them when they compare.
        """
        if not claims.password:
            yield
            return
        route, name = self._route, " ".join(claims.user.casefold().split())
        asked = f"authenticator {route.service.settings.security.authenticator}"
        attempt = route.guard.begin(
            name, claims.password, self._arrival.peer.address, _AUTHENTICATOR_SECONDS, bundle=asked
        )
        try:
            yield
        except SecurityError:
            attempt.wrong()
            raise
        except BaseException:
            attempt.unknown()
            raise
        else:
            attempt.good()

    # -- through IMS and back -------------------------------------------------------------------------------

    def perform(self, admitted: Admitted, operation: Operation) -> Any:
        """Run the operation's transaction; returns the reply's payload element, None for one-way."""
        self._course.operation, self._course.one_way = operation.name, operation.one_way
        self._require_signed_choice(operation)
        settings = self._route.service.operation(operation.name)
        if settings is None:
            raise GatewayError(M.INTERNAL, private=f"no settings for operation {operation.name}")
        self._course.transaction = settings.transaction
        with self._course.timeline.part(timeline.REQUEST):
            call = self._call(admitted, settings, operation.one_way)
        self._route.audit.require()
        answer = self._sign_on_and_send(call, settings)
        if operation.one_way:
            return None
        with self._course.timeline.part(timeline.REPLY):
            return self._payload(answer, operation, settings)

    def _payload(self, answer: ImsAnswer, operation: Operation, settings: OperationSettings) -> Any:
        route = self._route
        expected = operation.output_element if route.service.settings.validate_body else None
        reply_bounds = replace(route.bounds, max_bytes=route.bundle.ims_connect.max_message_bytes)
        return reply_payload(answer.segments, settings, reply_bounds, expected)

    def _require_signed_choice(self, operation: Operation) -> None:
        """Refuse an operation that something unsigned chose in a message whose sender signs.

        Where operations share a payload element the signature over the body does not say which is meant.
        """
        verdict = self._course.verdict
        claims = verdict.claims if verdict else None
        if claims is None or claims.vouching is not Vouching.SIGNATURE or not operation.by_action:
            return
        if "Action" not in claims.covered:
            private = f"{R.COVERAGE.id}: operation {operation.name} was chosen by an action that is not signed"
            raise SecurityError.header(WssFault.FAILED_CHECK, private)

    def _call(self, admitted: Admitted, settings: OperationSettings, one_way: bool) -> ImsCall:
        limits = self._route.bundle.ims_connect
        with_adapter = settings.adapter == "xml"
        return ImsCall(
            transaction=settings.transaction,
            segments=request_segments(
                admitted.envelope.payload, settings, limits.max_segment_bytes, limits.max_message_bytes
            ),
            caller=self._shown(admitted.caller),
            commit_mode=settings.commit_mode,
            sync_level=settings.sync_level,
            send_only=one_way,
            lterm=settings.lterm,
            adapter=settings.adapter_name if with_adapter else "",
            converter=settings.converter if with_adapter else "",
            execution_timeout_ms=settings.execution_timeout_ms,
            socket_timeout_ms=settings.socket_timeout_ms,
            undeliverable=settings.undeliverable,
            reroute_name=settings.reroute_name,
            tracking=self._mark(limits.tracking_extension),
        )

    def _mark(self, extension: str) -> TrackingMark | None:
        """Return what IMS is told of the tracking id: the one that was made where the caller's does not fit."""
        if not extension:
            return None
        fits = len(self.tracking_id) <= longest_tracking_id(extension)
        return TrackingMark(extension, self.tracking_id if fits else self._arrival.tracking_id)

    def _shown(self, caller: Caller) -> Caller:
        """Return the caller with what IMS Connect is shown in place of a password, and who the token names."""
        assert self._course.verdict is not None, "nobody gets here without a verdict"
        claims = self._course.verdict.claims
        assert claims is not None, "nor with one that refuses"
        route = self._route
        return complete(caller, route.bundle, claims, route.seconds, route.clock.now())

    def _sign_on_and_send(self, call: ImsCall, settings: OperationSettings) -> ImsAnswer:
        caller = call.caller
        if caller.user and caller.password:
            with self._attempt(call, settings) as attempted:
                return self._send(attempted)
        try:
            return self._send(call)  # no password that RACF could count: a trusted user, or RACF=N
        except ImsError as error:
            if not error.sign_on_failed:
                raise
            raise _sign_on_refusal(caller, error) from error

    def _send(self, call: ImsCall) -> ImsAnswer:
        course = self._course
        course.reached = True
        try:
            with course.timeline.part(timeline.IMS):
                return self._route.backend.call(call, course.note)
        except TransportError as error:
            course.reached = error.maybe_sent
            raise
        except ImsError as error:
            course.reached = error.return_code is not None  # without a code it was refused before it was sent
            raise
        except GatewayError as error:
            course.reached = error.message is not M.REQUEST_SIZE
            raise
        finally:
            course.noted()

    @contextmanager
    def _attempt(self, call: ImsCall, settings: OperationSettings) -> Iterator[ImsCall]:
        """Hold a place of the sign-on guard while IMS Connect looks at the password; gives the call to make.

        Nothing answers a one-way call, a wrong password neither. So one with a password that is not proven asks
        for a receipt, and one without a receipt proves nothing.
        """
        caller = call.caller
        bundle, peer = self._route.service.settings.bundle, self._arrival.peer.address
        ours = caller.origin == "bundle" or bool(caller.application)  # a PassTicket is nothing to guess at
        if ours:
            peer = own_peer(bundle, "" if caller.origin == "bundle" else peer)
        try:
            within = self._within(settings)
            with self._course.timeline.part(timeline.SIGN_ON):
                attempt = self._route.guard.begin(caller.user, proof(caller), peer, within, bundle=bundle)
        except SecurityError as error:
            raise _own_sign_on(error) if ours else error from None
        blind = call.send_only and attempt.proven
        try:
            self._rate.signing_on(proven=attempt.proven)
            yield replace(call, receipt=True) if call.send_only and not blind else call
        except ImsError as error:
            _settle(attempt, caller, error)
            if error.message in _AFTER_SIGN_ON:
                self._rate.signed_on()
            if not error.sign_on_failed:
                raise
            raise _sign_on_refusal(caller, error) from error
        except BaseException:
            attempt.unknown()
            raise
        else:
            (attempt.unknown if blind else attempt.good)()
            self._rate.signed_on()

    def _within(self, settings: OperationSettings) -> float:
        """Return the longest time that the call may take, for a place of the guard to outlive it."""
        pool = self._route.bundle.ims_connect.pool
        return pool.wait_seconds + pool.connect_seconds + settings.socket_timeout_ms / 1000 + _SLACK_SECONDS

    # -- what is told of it ---------------------------------------------------------------------------------

    def ended(self, error: GatewayError | None, status: int = 0, reply_bytes: int = 0) -> RequestEnded:
        """Return the record of this request, which was answered with an HTTP status and so many bytes."""
        return record_of(self._arrival, self._course, Ending(error, status, reply_bytes))


def transport_facts(arrival: Arrival) -> TransportFacts:
    """Return what the connection proves; its certificate was verified by TLS or by a trusted proxy.

    One that cannot be read vouches for nobody.
    """
    certificate = None
    if arrival.peer.certificate:
        with suppress(*UNREADABLE):
            certificate = x509.load_der_x509_certificate(arrival.peer.certificate)
    return TransportFacts(tls=arrival.peer.tls, certificate=certificate, endpoint=arrival.endpoint)


def unified(refusal: GatewayError, token: TokenKind) -> GatewayError:
    """Return a refusal that tells nothing but that it is one; what is no fault of the header stays as it is."""
    if not isinstance(refusal, SecurityError):
        return refusal
    if token is TokenKind.USERNAME:
        return SecurityError.sign_on(refusal.private)
    return SecurityError.header(WssFault.INVALID_SECURITY, refusal.private)


_AFTER_SIGN_ON: Final = frozenset({M.EXECUTION_TIMEOUT, M.OTMA, M.ROLLED_BACK})
"""Answers that come from behind IMS Connect's call to RACF: the password was accepted."""


def _settle(attempt: Attempt, caller: Caller, error: ImsError) -> None:
    if error.sign_on_failed:
        counted = may_count(error) if caller.application else True
        (attempt.wrong if counted else attempt.unknown)()
    elif error.message in _AFTER_SIGN_ON:
        attempt.good()
    else:
        attempt.unknown()


def _sign_on_refusal(caller: Caller, error: ImsError) -> GatewayError:
    """Tell the caller of a failed sign-on, or of a mistake of ours."""
    refusal = SecurityError.sign_on(str(error))
    return _own_sign_on(refusal) if caller.origin == "bundle" or is_own_fault(caller, error) else refusal


def _own_sign_on(refusal: SecurityError) -> GatewayError:
    """Turn a refusal of the bundle's identity into an error of ours: the caller did nothing wrong."""
    return GatewayError(M.BUNDLE_SIGN_ON, private=refusal.private)
