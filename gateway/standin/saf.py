"""Profiles: what a resource is called, and who has READ access to it.

Classes as IMS and IMS Connect use them: APPL, CIMS, FACILITY, RIMS, TERMINAL, TIMS. Profiles are discrete: no
generics, no grouping classes, and no access but READ.
"""

import string
from collections.abc import Iterable, Mapping
from enum import IntEnum
from threading import Lock
from typing import Final, Literal

SafClass = Literal["APPL", "CIMS", "FACILITY", "RIMS", "TERMINAL", "TIMS"]

PASSWORD_CHARACTERS: Final = frozenset(string.ascii_letters + string.digits + "$#@" + ".<+|&!*-%_>?:=")
"""What a RACF password may be made of, read in cp037 (APAR PI48112)."""


class SafCode(IntEnum):
    """SAF return codes of RACROUTE REQUEST=AUTH."""

    ALLOWED = 0
    NO_DECISION = 4
    """No profile protects the resource."""
    DENIED = 8


class Profiles:
    """Who may use what. May be changed at any time and from any thread; a change counts at the next check.

    So it is as with class profiles that are refreshed at once: there is no RACLIST to refresh, and no ACEE is
    kept from one message to the next.
    """

    def __init__(self, permits: Mapping[SafClass, Mapping[str, Iterable[str]]] | None = None) -> None:
        self._lock = Lock()
        self._permits: dict[tuple[SafClass, str], frozenset[str]] = {
            (kind, resource): frozenset(who)
            for kind, profiles in (permits or {}).items()
            for resource, who in profiles.items()
        }

    def check(self, kind: SafClass, resource: str, names: Iterable[str]) -> SafCode:
        """Say whether one of `names`, a user and its groups, has access."""
        with self._lock:
            permitted = self._permits.get((kind, resource))
        if permitted is None:
            return SafCode.NO_DECISION
        return SafCode.DENIED if permitted.isdisjoint(names) else SafCode.ALLOWED

    def permit(self, kind: SafClass, resource: str, *names: str) -> None:
        """Define the profile if there is none, and add users and groups to it (RDEFINE, PERMIT)."""
        with self._lock:
            key = (kind, resource)
            self._permits[key] = self._permits.get(key, frozenset()) | frozenset(names)

    def forbid(self, kind: SafClass, resource: str, *names: str) -> None:
        """Take users and groups from a profile (PERMIT DELETE); the profile goes on protecting."""
        with self._lock:
            key = (kind, resource)
            self._permits[key] = self._permits.get(key, frozenset()) - frozenset(names)

    def delete(self, kind: SafClass, resource: str) -> None:
        """Delete a profile, if it is there: nothing protects the resource any more (RDELETE)."""
        with self._lock:
            self._permits.pop((kind, resource), None)
