"""HWSPWCH: a client changes the RACF password of the user in its IRM.

The data of a send-receive reads ``HWSPWCH old/new/new``, the keyword in upper case and at least one blank
behind it. IMS Connect answers itself; IMS is not asked. Source: Changing RACF passwords by using client
messages. Password phrases, which that function takes in quotes, are not there.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.exchange import Secret
from gateway.imsconnect.wire import Csm, CsmFlags, InputMessage, Irm, OutputMessage
from gateway.standin.demands import Keyword
from gateway.standin.racf import RacfCode
from gateway.standin.refusal import (
    FUNCTION_NOT_FOUND,
    INVALID_BUFFER,
    NO_PASSWORD,
    RC_EXIT,
    RC_IMS_CONNECT,
    Refusal,
)
from gateway.standin.sign_on import Identity, SignOn

if TYPE_CHECKING:
    from gateway.standin.session import Session

PASSWORD_CHANGED: Final = "HWSC0031I PASSWORD CHANGE SUCCESSFUL"  # noqa: S105  the message, no password
REASON_WITHOUT_RACF: Final = FUNCTION_NOT_FOUND
"""unverified: what a password change gets under RACF=N, beside return code 8; that it needs RACF=Y is IBM's."""
UNREADABLE: Final = (RC_EXIT, INVALID_BUFFER)
"""unverified: return and reason code when there are not three passwords of one to eight characters."""
NEW_PASSWORDS_DIFFER: Final = RacfCode.NEW_PASSWORD_INVALID
"""unverified: the RACF code, beside 8/78, when the two new passwords are not the same."""
OLD_PASSWORDS_DIFFER: Final = RacfCode.PASSWORD_WRONG
"""unverified: the RACF code, beside 8/78, when the old password is not that of the IRM. RACF is not asked."""


@dataclass(frozen=True, slots=True)
class _Passwords:
    old: Secret
    new: Secret
    again: Secret


async def change_password(session: "Session", number: int, message: InputMessage) -> None:
    """Change a password, `number` in the record of inputs. Raises Refusal and ClientGoneError."""
    services, irm = session.services, message.irm
    sign_on = services.datastores.named(irm.datastore).sign_on
    if not sign_on.verifies:
        why = "password changes need RACF=Y"
        raise Refusal(RC_IMS_CONNECT, REASON_WITHOUT_RACF, why)
    identity = sign_on.claimed(irm)
    services.seen.update(number, user=identity.user, group=identity.group)
    code = _changed(session, sign_on, identity, message)
    sign_on.settle(identity.user, code)
    services.seen.settle(number, "password changed")
    # IMS is not asked, so nothing is known of output that waits there
    csm = Csm(CsmFlags.LEVEL_VALID, services.port.protocol_level)
    await session.send(OutputMessage(segments=(PASSWORD_CHANGED.encode(irm.code.value),), csm=csm))


def _changed(session: "Session", sign_on: SignOn, identity: Identity, message: InputMessage) -> RacfCode:
    irm = message.irm
    if not irm.password:
        raise Refusal(RC_IMS_CONNECT, NO_PASSWORD, f"RACF=Y, and no password for {identity.user}")
    given = _read(message)
    if _kept(sign_on, given.old) != _kept(sign_on, irm.password):
        return OLD_PASSWORDS_DIFFER
    new = _kept(sign_on, given.new)
    if new != _kept(sign_on, given.again):
        return NEW_PASSWORDS_DIFFER
    request = sign_on.request(identity, irm.password, irm, session.link.terminal)
    return session.services.racf.change_password(request, Secret(new))


def _kept(sign_on: SignOn, password: Secret) -> str:
    """Return a password as IMS Connect hands it to RACF."""
    return password.reveal().upper() if sign_on.folds else password.reveal()


def _read(message: InputMessage) -> _Passwords:
    """Return the three passwords. Raises Refusal, which shows none of them."""
    text = _text(message.irm, b"".join(message.segments))
    parts = text[len(Keyword.PASSWORD_CHANGE.value) :].strip(" \x00").split("/")
    if len(parts) != len(("old", "new", "new")) or not all(_readable(part) for part in parts):
        raise Refusal(*UNREADABLE, "HWSPWCH is not followed by old/new/new")
    return _Passwords(*map(Secret, parts))


def _readable(part: str) -> bool:
    return bool(part) and " " not in part and "\ufffd" not in part


def _text(irm: Irm, data: bytes) -> str:
    return data.decode(irm.code.value, errors="replace")
