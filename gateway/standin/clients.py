"""Client ids in use: each at most once per port."""

import re
from itertools import count
from typing import Generic, Protocol, TypeVar

from gateway.imsconnect.wire import F2, F3, Irm
from gateway.standin.refusal import (
    DUPLICATE_CLIENT,
    INVALID_BUFFER,
    RC_EXIT,
    RC_IMS_CONNECT,
    Refusal,
)

GENERATED_PREFIX = "HWS"
_VALID = re.compile(r"[A-Z0-9@#$]{1,8}")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Cancellable(Protocol):
    """Who holds a client id and can be made to give it up."""

    def cancel(self, why: str) -> None:
        """End the session and its connection."""
        ...


Holder = TypeVar("Holder", bound=Cancellable)


class ClientIds(Generic[Holder]):
    """Who is active under which client id on one port."""

    def __init__(self) -> None:
        self._holders: dict[str, Holder] = {}
        self._generated = count(1)

    def holder(self, client_id: str) -> Holder | None:
        """Return who is active under a client id."""
        return self._holders.get(client_id)

    def check(self, client_id: str, port: int) -> None:
        """Refuse an id that no client may choose (Client ID (clientID)).

        unverified: the codes 4/9; the rule itself is IBM's.
        """
        if not _VALID.fullmatch(client_id):
            raise Refusal(RC_EXIT, INVALID_BUFFER, "client id is not 1 to 8 of A-Z 0-9 @ # $")
        if client_id.startswith(GENERATED_PREFIX):
            raise Refusal(RC_EXIT, INVALID_BUFFER, "client id starts with HWS and was not generated here")
        if client_id == str(port):
            raise Refusal(RC_EXIT, INVALID_BUFFER, "client id is the port number")

    def generate(self) -> str:
        """Return an id that is not in use: HWS and five more characters."""
        while True:
            number, digits = next(self._generated), ""
            for _ in range(5):
                number, digit = divmod(number, len(_DIGITS))
                digits = _DIGITS[digit] + digits
            if (name := GENERATED_PREFIX + digits) not in self._holders:
                return name

    def enter(self, client_id: str, holder: Holder, *, cancel: bool) -> None:
        """Make `holder` the one under this id.

        With `cancel` (IRM_F3 X'80') the session before is ended, without it this one is refused with 8/56.
        """
        before = self._holders.get(client_id)
        if before is holder:
            return
        if before is not None:
            if not cancel:
                raise Refusal(RC_IMS_CONNECT, DUPLICATE_CLIENT, f"client id {client_id} is in use")
            before.cancel(f"client id {client_id} was taken over")
        self._holders[client_id] = holder

    def leave(self, client_id: str, holder: Holder) -> None:
        """Give an id up, unless somebody else has taken it over."""
        if self._holders.get(client_id) is holder:
            del self._holders[client_id]


class Claim(Generic[Holder]):
    """The client id of one session, which may change from one transaction to the next."""

    def __init__(self, clients: ClientIds[Holder], holder: Holder, port: int) -> None:
        self.client_id = ""
        self._generated = False
        self._clients = clients
        self._holder = holder
        self._port = port

    def enter(self, irm: Irm) -> None:
        """Take the client id of an input, or a generated one when it is blank or IRM_F2 X'01' asks for that.

        unverified: a blank client id on a later transaction keeps the id generated for this connection.
        """
        if self._generated and irm.client_id in {"", self.client_id}:
            return
        generated = not irm.client_id or F2.GENCLID in irm.f2
        client_id = self._clients.generate() if generated else irm.client_id
        if not generated and client_id != self.client_id:
            self._clients.check(client_id, self._port)
        self._clients.enter(client_id, self._holder, cancel=F3.CANCID in irm.f3)
        if client_id != self.client_id:
            self.leave()
        self.client_id, self._generated = client_id, generated

    def leave(self) -> None:
        """Give the client id up."""
        self._clients.leave(self.client_id, self._holder)
