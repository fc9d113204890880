"""Who may sign on (IMS Connect with RACF) and who may run a transaction (OTMA with RACF).

Rules: IMS Connect default RACF user ID; HWSSMPL0/HWSSMPL1 security actions; Defining the level of OTMA security
checking. The password is judged by IMS Connect alone and does not reach IMS.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.imsconnect.wire import Exit, Irm
from gateway.standin.config import ImsConnectPort, OtmaSecurity, TransactionSettings
from gateway.standin.racf import Racf, RacfCode
from gateway.standin.refusal import (
    NO_PASSWORD,
    NO_PASSWORD_NO_USER,
    NO_USER,
    OTMA_REASON_SECURITY,
    RC_IMS_CONNECT,
    RC_OTMA_NAK,
    SECURITY_FAILED,
    SENSE_SECURITY,
    Refusal,
)

PROFILE_LEVEL_WITH_RACF: OtmaSecurity = "check"
"""unverified: the security byte IMS Connect puts into its OTMA messages under RACF=Y, for OTMASE=P."""
PROFILE_LEVEL_WITHOUT_RACF: OtmaSecurity = "none"
"""unverified: the same under RACF=N."""

TRUSTING_EXITS = frozenset({Exit.HWSSMPL0, Exit.HWSSMPL1})
"""Trusted-user support for IMS Connect messages: not HWSSOAP1."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who IMS is told is calling."""

    user: str
    group: str


class SignOn:
    """IMS Connect's own check of user id, password and group."""

    def __init__(self, port: ImsConnectPort, racf: Racf) -> None:
        self._port = port
        self._racf = racf

    def judge(self, irm: Irm) -> Identity:
        """Return who is calling; raise Refusal 8/53, 8/54, 8/55 or 8/78."""
        given, password, group = irm.user, irm.password, irm.group
        user = given or self._port.racfid
        if not self._port.racf:
            return Identity(user, group)
        if not user:
            reason = NO_USER if password else NO_PASSWORD_NO_USER
            raise Refusal(RC_IMS_CONNECT, reason, "RACF=Y, and the message carries no user id")
        if given and self._trusted(irm):
            # unverified: that the user must exist is told here already; OTMA would ask the same
            code = self._racf.look_up(user, group)
        elif not password:
            if given or not self._port.racfid_without_password:
                raise Refusal(RC_IMS_CONNECT, NO_PASSWORD, f"RACF=Y, and no password for {user}")
            code = self._racf.look_up(user, group)
        else:
            code = self._racf.verify(user, password, group, irm.application or self._port.application)
        if code is not RacfCode.OK:
            why = f"RACF: {user}: {code.name.lower().replace('_', ' ')}"
            raise Refusal(RC_IMS_CONNECT, SECURITY_FAILED, why, racf_or_otma=code)
        return Identity(user, group)

    def _trusted(self, irm: Irm) -> bool:
        """Tell whether the exit takes the user for authenticated (OMUSR_TRSTUSR)."""
        mark = self._port.trusted_user
        if mark is None or irm.exit not in TRUSTING_EXITS:
            return False
        value = mark.value.reveal().encode(irm.code.value)
        return any(one.id == mark.extension and one.data == value for one in irm.extensions)


class OtmaAuthorization:
    """OTMA's check of a user against a transaction (class TIMS)."""

    def __init__(
        self, port: ImsConnectPort, racf: Racf, transactions: Mapping[str, TransactionSettings]
    ) -> None:
        self._level = port.otma_security
        if self._level == "profile":
            self._level = PROFILE_LEVEL_WITH_RACF if port.racf else PROFILE_LEVEL_WITHOUT_RACF
        self._racf = racf
        self._permits = {name: settings.permit for name, settings in transactions.items()}

    def judge(self, identity: Identity, transaction: str) -> None:
        """Raise Refusal with the sense code of a security failure when the user may not run the transaction."""
        if self._level in {"none", "join"}:
            return
        code = self._racf.look_up(identity.user, identity.group)
        if code is not RacfCode.OK:
            self._refuse(f"{identity.user or 'nobody'}: {code.name.lower().replace('_', ' ')}")
        permit = self._permits.get(transaction)
        if permit is None:
            return
        if {identity.user, *self._racf.groups(identity.user)}.isdisjoint(permit):
            self._refuse(f"{identity.user} may not run {transaction}")

    @staticmethod
    def _refuse(why: str) -> None:
        raise Refusal(RC_OTMA_NAK, SENSE_SECURITY, f"OTMA: {why}", racf_or_otma=OTMA_REASON_SECURITY)
