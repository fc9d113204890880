"""PassTickets as credentials of the IMS Connect client: a fresh one for each interaction.

It stands above the client and above `identity`, which know nothing of each other. The gateway itself uses
`identity.seconds`, whose memory its workers share; here each object knows of its own PassTickets only.
"""

from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final, Literal

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.errors import GatewayError, M
from gateway.exchange import Secret
from gateway.identity import passticket
from gateway.imsconnect import Credentials

Kind = Literal["legacy", "enhanced", "enhanced-mixed"]

REACH: Final = timedelta(seconds=480)
"""How far ahead a second may be: RACF's ten minutes less two, for clocks that differ and waits for a socket."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_LEGACY_BYTES: Final = 8
_ENHANCED_BYTES: Final = range(32, 257)


class PassTickets:
    """Makes credentials for a user of an application; `Client` and `Connection` take it in place of them.

    RACF takes a PassTicket once, and one tells its second and nothing smaller. So each call gets a second of
    its own: the present one, or the next one ahead that nobody had. Thread-safe. Two objects for one user and
    application do not know of each other: in one second they make the same PassTicket.
    """

    def __init__(  # noqa: PLR0913  of which all but three have defaults
        self,
        user: str,
        application: str,
        key: Secret,
        *,
        kind: Kind = "legacy",
        group: str = "",
        replay_protection: bool = True,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`key` is the secured sign-on key in hexadecimal: 8 bytes, for the enhanced kinds 32 to 256.

        `replay_protection` false goes with APPLDATA('NO REPLAY PROTECTION') in the profile: then calls of one
        second have the same PassTicket. Raises ValueError for a key and for names that make no PassTicket.
        """
        self._user, self._application, self._group = user.upper(), application.upper(), group.upper()
        self._key = key
        self._kind = kind
        self._once = replay_protection
        self._clock = clock
        self._last = _EPOCH
        self._lock = Lock()
        _check_key(key, kind)
        self._ticket(clock.now())

    def __repr__(self) -> str:
        return f"<PassTickets of {self._user} for {self._application}>"

    def __call__(self) -> Credentials:
        """Return credentials for one interaction.

        Raises GatewayError BUSY where more than one a second was asked for, for so long that RACF would take
        none that is left.
        """
        ticket = self._ticket(self._take())
        return Credentials(self._user, ticket, self._group, self._application)

    def _take(self) -> datetime:
        now = self._clock.now().replace(microsecond=0)
        if not self._once:
            return now
        with self._lock:
            second = max(now, self._last + _SECOND)
            if second - now > REACH:
                told = f"more than one PassTicket a second for {self._user} at {self._application}"
                raise GatewayError(M.BUSY, private=told)
            self._last = second
        return second

    def _ticket(self, at: datetime) -> Secret:
        key, second = bytes.fromhex(self._key.reveal()), (at - _EPOCH) // _SECOND
        if self._kind == "legacy":
            return Secret(passticket.legacy(self._user, self._application, key, second))
        mixed = self._kind == "enhanced-mixed"
        return Secret(passticket.enhanced(self._user, self._application, key, second, mixed=mixed))


def _check_key(key: Secret, kind: Kind) -> None:
    try:
        length = len(bytes.fromhex(key.reveal()))
    except ValueError:
        # the error of Python would tell where the digit is that is none
        raise ValueError("the key of PassTickets is hexadecimal digits, two for a byte") from None
    if kind == "legacy" and length != _LEGACY_BYTES:
        raise ValueError(f"the key of a legacy PassTicket has {_LEGACY_BYTES} bytes, not {length}")
    if kind != "legacy" and length not in _ENHANCED_BYTES:
        raise ValueError(f"the key of an enhanced PassTicket has 32 to 256 bytes, not {length}")
