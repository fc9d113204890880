"""The client bid: IMS Connect asks OTMA to be let in, before any message passes (FACILITY IMSXCF.group.member).

Source: General OTMA security considerations. The bid is made when IMS Connect has something for the IMS and is
not in yet, so after a refusal with every message anew. Once in, IMS Connect stays in until it is restarted.
"""

from collections.abc import Callable
from typing import Final

from gateway.standin.config_security import OtmaSettings
from gateway.standin.racf import Racf, RacfCode
from gateway.standin.refusal import RC_IMS_CONNECT, Refusal
from gateway.standin.saf import SafCode

BID_REFUSED: Final = 74
"""unverified: what a client hears of a data store that has not let IMS Connect in (IMS disconnected)."""


class ClientBid:
    """IMS Connect's place as a client of one OTMA."""

    def __init__(self, racf: Racf, settings: OtmaSettings, checked: Callable[[], bool]) -> None:
        """Stand outside; `checked` tells whether OTMA's level has it check bids now."""
        self._racf = racf
        self._settings = settings
        self._checked = checked
        self.accepted = False
        """Whether IMS Connect is in."""

    @property
    def resource(self) -> str:
        """The profile of class FACILITY that protects this place."""
        return f"IMSXCF.{self._settings.group}.{self._settings.member}"

    def make(self) -> None:
        """Be let in, unless that is so already. Raises Refusal 8/74 when RACF does not allow it."""
        if self.accepted:
            return
        if self._checked() and not self._allowed():
            user = self._settings.user
            raise Refusal(
                RC_IMS_CONNECT,
                BID_REFUSED,
                f"OTMA: client bid refused: {user} has no access to {self.resource}",
            )
        self.accepted = True

    def leave(self) -> None:
        """Leave the XCF group, as IMS Connect does when it ends."""
        self.accepted = False

    def _allowed(self) -> bool:
        """Ask RACF; without a profile everybody is let in."""
        user = self._settings.user
        code = self._racf.access("FACILITY", self.resource, user)
        if code is SafCode.NO_DECISION:
            return True
        return code is SafCode.ALLOWED and self._racf.look_up(user, "") is RacfCode.OK
