"""Who may sign on: the user message exit, its security exit, and IMS Connect's call of RACF.

Rules: IMS Connect default RACF user ID; HWSSMPL0 and HWSSMPL1 security actions; Trusted-user support for IMS
Connect messages. The password is judged here and does not reach IMS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.exchange import Secret
from gateway.imsconnect.wire import Exit, Irm
from gateway.standin.config_security import SecurityKeys
from gateway.standin.racf import Racf, RacfCode, SignOnRequest
from gateway.standin.refusal import (
    NO_PASSWORD,
    NO_PASSWORD_NO_USER,
    NO_USER,
    RC_IMS_CONNECT,
    SECURITY_FAILED,
    Refusal,
)

RC_SECURITY_EXIT: Final = 8
"""unverified: the return code beside reason 40 when the security exit says no; 4 is possible too."""
SECURITY_VIOLATION: Final = 40
"""Reason code when the security exit says no."""
GENERIC_RACF_CODE: Final = 0
"""unverified: RSM_RACFRC under RACFGENRC=Y, and where codes are not told at all."""
LEVEL_OF_RACF_CODES: Final = 3
"""Protocol level from which RSM_RACFRC tells RACF's return code in any case."""

TRUSTING_EXITS: Final = frozenset({Exit.HWSSMPL0, Exit.HWSSMPL1})
"""Trusted-user support for IMS Connect messages: not HWSSOAP1."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who IMS is told is calling."""

    user: str
    group: str


@dataclass(frozen=True, slots=True)
class ExitUser:
    """What a security exit lets a message go on as. A blank user becomes RACFID, as without the exit."""

    user: str
    group: str = ""
    trusted: bool = False
    """RACF is not asked (OMUSR_TRSTUSR)."""


SecurityExit = Callable[[str, str, Secret, str], ExitUser | None]
"""IMSLSECX: user, group, password and application as they came; None refuses the message."""


class SignOn:
    """IMS Connect's own check of user id, password and group, for one data store."""

    def __init__(
        self,
        port: SecurityKeys,
        racf: Racf,
        *,
        protocol_level: int = 0,
        security_exit: SecurityExit | None = None,
    ) -> None:
        """`port` are the settings as they are for this data store: `application` is its APPL=."""
        self._port = port
        self._racf = racf
        self._exit = security_exit
        self._tells_codes = port.racf_codes or protocol_level >= LEVEL_OF_RACF_CODES

    @property
    def verifies(self) -> bool:
        """RACF=Y."""
        return self._port.racf

    def judge(self, irm: Irm, terminal: str = "") -> Identity:
        """Return who is calling; raise Refusal 8/40, 8/53, 8/54, 8/55 or 8/78."""
        given = self._through_exit(irm)
        identity = self._named(given)
        if not self._port.racf:
            return identity
        password = irm.password or None
        if given.user and (given.trusted or self._trusted(irm)):
            # unverified: that the user must exist is told here already; OTMA would ask the same
            password = None
        else:
            self._demand(given.user, identity.user, password)
        self.settle(identity.user, self._racf.sign_on(self.request(identity, password, irm, terminal)))
        return identity

    def claimed(self, irm: Irm) -> Identity:
        """Return whom a password change is for; raise Refusal 8/40, 8/53, 8/54 or 8/55."""
        given = self._through_exit(irm)
        identity = self._named(given)
        self._demand(given.user, identity.user, irm.password)
        return identity

    def request(
        self, identity: Identity, password: Secret | None, irm: Irm, terminal: str = ""
    ) -> SignOnRequest:
        """Return what RACF is asked: with the application, and the password as PSWDMC= has it."""
        application = irm.application or self._port.application
        folded = self.folds
        return SignOnRequest(identity.user, password, identity.group, application, terminal, folded)

    @property
    def folds(self) -> bool:
        """Whether IMS Connect folds passwords to upper case (PSWDMC=N, or R and RACF does)."""
        case = self._port.case_rule
        return case == "N" or (case == "R" and not self._racf.mixed_case)

    def settle(self, user: str, code: RacfCode) -> None:
        """Raise the Refusal that RACF's return code means, if it is one."""
        if code is RacfCode.OK:
            return
        told = int(code) if self._tells_codes and not self._port.racfgenrc else GENERIC_RACF_CODE
        why = f"RACF: {user}: {code.name.lower().replace('_', ' ')}"
        raise Refusal(RC_IMS_CONNECT, SECURITY_FAILED, why, racf_or_otma=told)

    def _named(self, given: ExitUser) -> Identity:
        return Identity(given.user or self._port.racfid, given.group)

    def _demand(self, given: str, user: str, password: Secret | None) -> None:
        """Raise Refusal when user id or password is missing."""
        if not user:
            reason = NO_USER if password else NO_PASSWORD_NO_USER
            raise Refusal(RC_IMS_CONNECT, reason, "RACF=Y, and the message carries no user id")
        if not password and (given or not self._port.racfid_without_password):
            raise Refusal(RC_IMS_CONNECT, NO_PASSWORD, f"RACF=Y, and no password for {user}")

    def _through_exit(self, irm: Irm) -> ExitUser:
        if self._exit is None:
            return ExitUser(irm.user, irm.group)
        verdict = self._exit(irm.user, irm.group, irm.password, irm.application)
        if verdict is None:
            raise Refusal(RC_SECURITY_EXIT, SECURITY_VIOLATION, "the security exit refuses the message")
        return verdict

    def _trusted(self, irm: Irm) -> bool:
        """Tell whether the exit takes the user for authenticated (OMUSR_TRSTUSR)."""
        mark = self._port.trusted_user
        if mark is None or irm.exit not in TRUSTING_EXITS:
            return False
        value = mark.value.reveal().encode(irm.code.value)
        return any(one.id == mark.extension and one.data == value for one in irm.extensions)
