"""What OTMA lets a user do: transactions (TIMS), commands (CIMS), output of tpipes (RIMS).

Rules: Defining the level of OTMA security checking; RACF security classes used by OTMA; Securing asynchronous
hold queues by using RACF. No password reaches IMS: RACF is asked for the user id alone.
"""

from collections.abc import Callable
from typing import Final

from gateway.standin.bid import ClientBid
from gateway.standin.config_security import OtmaSecurity, OtmaSettings, SecurityKeys
from gateway.standin.racf import Racf, RacfCode
from gateway.standin.refusal import OTMA_REASON_SECURITY, RC_OTMA_NAK, SENSE_SECURITY, Refusal
from gateway.standin.saf import SafCode
from gateway.standin.sign_on import Identity, SignOn

__all__ = ["Identity", "OtmaAuthorization", "SignOn", "TpipeExit"]

PROFILE_LEVEL_WITH_RACF: Final[OtmaSecurity] = "check"
"""unverified: the security byte IMS Connect puts into its OTMA messages under RACF=Y, for OTMASE=P."""
PROFILE_LEVEL_WITHOUT_RACF: Final[OtmaSecurity] = "none"
"""unverified: the same under RACF=N."""
SENSE_TPIPE_SECURITY: Final = 0x33
"""RESUME TPIPE authorization failure."""
REASON_NO_USER: Final = 2
"""Beside X'33': a user id is required (ICO0002E lists these reasons)."""
REASON_USER_NOT_DEFINED: Final = 7
"""Beside X'33': RACF has no profile of the user."""
REASON_NOT_AUTHORIZED: Final = 8
"""Beside X'33': an authorized user id is required. unverified: that it stands for the exit's refusal too."""
REASON_NO_TPIPE: Final = 9
"""Beside X'33': a valid tpipe name is required. unverified: that it stands for a tpipe OTMA does not know."""
COMMANDS_NEED_A_PROFILE: Final = False
"""unverified: whether a command that no profile of class CIMS protects is refused."""
VERB_LENGTH: Final = 3
"""Profiles of class CIMS are named by the first three letters of the verb."""

_DEFAULTS: Final = OtmaSettings()
_UNCHECKED: Final = frozenset({"none", "join"})
"""Levels at which no message is checked."""

TpipeExit = Callable[[str, str, str, str, int], str]
"""DFSYRTUX: user, group, tpipe, member and SAF return code in; allow, deny or keep out."""


class OtmaAuthorization:
    """OTMA's checks in one IMS, at its level: OTMASE=, or what /SECURE OTMA has set since."""

    def __init__(
        self,
        port: SecurityKeys,
        racf: Racf,
        settings: OtmaSettings = _DEFAULTS,
        *,
        tpipe_exit: TpipeExit | None = None,
    ) -> None:
        """`port` are the settings as they are for this IMS: `otma_security` is its OTMASE=."""
        self.level: OtmaSecurity = port.otma_security
        """As /DISPLAY OTMA shows it."""
        self.bid = ClientBid(racf, settings, self._checks_bids)
        """Whether this IMS has let IMS Connect in."""
        self._racf = racf
        self._settings = settings
        self._verified = port.racf
        self._tpipe_exit = tpipe_exit

    def judge(self, identity: Identity, transaction: str) -> None:
        """Raise Refusal with the sense code of a security failure when the user may not run the transaction."""
        if self.message_level in _UNCHECKED:
            return
        self._verify(identity)
        if self._racf.access("TIMS", transaction, identity.user) is SafCode.DENIED:
            raise _refusal(f"{identity.user} may not run {transaction}")

    def judge_command(self, identity: Identity, verb: str) -> None:
        """Raise Refusal when the user may not enter the command; `verb` with or without its slash."""
        if self.message_level in _UNCHECKED:
            return
        self._verify(identity)
        name = verb.lstrip("/").upper()[:VERB_LENGTH]
        code = self._racf.access("CIMS", name, identity.user)
        if code is SafCode.DENIED or (COMMANDS_NEED_A_PROFILE and code is SafCode.NO_DECISION):
            raise _refusal(f"{identity.user} may not enter /{name}")

    def judge_tpipe(self, identity: Identity, tpipe: str, *, exists: bool = True) -> None:
        """Raise Refusal 16/X'33' when the user may not ask for the output of a tpipe.

        `exists`: OTMA knows the tpipe. The exit is called after RACF, at every level, and has the last word.
        """
        saf = self._tpipe_access(identity, tpipe, exists=exists)
        verdict = "keep"
        if self._tpipe_exit is not None:
            member = self._settings.member
            verdict = self._tpipe_exit(identity.user, identity.group, tpipe, member, int(saf))
        if verdict == "allow" or (verdict == "keep" and saf is not SafCode.DENIED):
            return
        by_exit = verdict != "keep"
        raise Refusal(
            RC_OTMA_NAK,
            SENSE_TPIPE_SECURITY,
            f"OTMA: {identity.user or 'nobody'} may not resume {tpipe}: {'exit' if by_exit else 'RACF'}",
            racf_or_otma=REASON_NOT_AUTHORIZED if by_exit else self._tpipe_reason(identity, exists=exists),
        )

    def _tpipe_reason(self, identity: Identity, *, exists: bool) -> int:
        if not identity.user:
            return REASON_NO_USER
        if self._racf.look_up(identity.user, "") is RacfCode.USER_NOT_DEFINED:
            return REASON_USER_NOT_DEFINED
        return REASON_NOT_AUTHORIZED if exists else REASON_NO_TPIPE

    def _tpipe_access(self, identity: Identity, tpipe: str, *, exists: bool) -> SafCode:
        if self.message_level in _UNCHECKED:
            return SafCode.NO_DECISION
        code = self._racf.access("RIMS", tpipe, identity.user)
        if code is SafCode.NO_DECISION:
            return code
        known = self._racf.look_up(identity.user, identity.group) is RacfCode.OK
        return code if known and exists else SafCode.DENIED

    # -- levels

    @property
    def tells_denials(self) -> bool:
        """Whether who may not run something reads DFS1292E as data, and not IMS Connect's RSM for the NAK.

        Source: IMS Connect recorder trace for TM error scenarios. The explanation of DFS1292E itself says only
        that the OTMA client gets a NAK.
        """
        return self._settings.denied == "message"

    @property
    def message_level(self) -> OtmaSecurity:
        """The level at which a message is checked: with `profile`, what its security byte says."""
        if self.level != "profile":
            return self.level
        return PROFILE_LEVEL_WITH_RACF if self._verified else PROFILE_LEVEL_WITHOUT_RACF

    def secure(self, level: OtmaSecurity) -> None:
        """Do /SECURE OTMA: set the level. It outlasts restarts of IMS Connect, as those are not IMS's."""
        self.level = level

    def refresh(self) -> None:
        """Do /SECURE OTMA REFRESH: nothing, as no ACEE is kept from one message to the next."""

    def acee_user(self, identity: Identity) -> str:
        """Return whose ACEE the dependent region has: the user's with `full`, otherwise nobody's (empty)."""
        return identity.user if self.message_level == "full" else ""

    def _checks_bids(self) -> bool:
        return self.level != "none"

    def _verify(self, identity: Identity) -> None:
        code = self._racf.look_up(identity.user, identity.group)
        if code is not RacfCode.OK:
            raise _refusal(f"{identity.user or 'nobody'}: {code.name.lower().replace('_', ' ')}")


def _refusal(why: str) -> Refusal:
    return Refusal(RC_OTMA_NAK, SENSE_SECURITY, f"OTMA: {why}", racf_or_otma=OTMA_REASON_SECURITY)
