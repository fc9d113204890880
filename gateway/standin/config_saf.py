"""The tables of the security product: users, options, profiles by class."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Protocol

from pydantic import BeforeValidator, Field

from gateway.config.model import Settings
from gateway.config.values import MisfitError, RefusalError
from gateway.standin.config_security import OtmaSettings, PassTicketProfile, PermitSettings, RacfSettings, User
from gateway.standin.config_values import named
from gateway.standin.saf import Profiles, SafClass

_FACILITY: Final = re.compile(r"[A-Z0-9@#$]{1,8}(?:\.[A-Z0-9@#$]{1,16}){0,3}")


def _facilities(value: Any) -> Any:
    if isinstance(value, Mapping):
        MisfitError.check(
            {
                str(name): None
                if _FACILITY.fullmatch(str(name))
                else 'the name of the table must read like "IMSXCF.GROUP.MEMBER"'
                for name in value
            }
        )
    return value


Permits = Annotated[Mapping[str, PermitSettings], BeforeValidator(named)]


class Protected(Protocol):
    """A table that may have a profile."""

    @property
    def permit(self) -> tuple[str, ...] | None:
        """Users and groups with access; None: there is no profile."""
        ...


class SafTables(Settings):
    """Users and profiles, as they are at the start."""

    racf: RacfSettings = Field(default_factory=RacfSettings)
    otma: OtmaSettings = Field(default_factory=OtmaSettings)
    users: Annotated[Mapping[str, User], BeforeValidator(named)] = Field(default_factory=dict)
    passtickets: Annotated[Mapping[str, PassTicketProfile], BeforeValidator(named)] = Field(
        default_factory=dict
    )
    applications: Permits = Field(default_factory=dict)
    commands: Permits = Field(default_factory=dict)
    terminals: Permits = Field(default_factory=dict)
    facility: Annotated[Mapping[str, PermitSettings], BeforeValidator(_facilities)] = Field(
        default_factory=dict
    )

    def protected(self) -> Mapping[SafClass, Mapping[str, Protected]]:
        """Return the tables with profiles by class; the model of the whole file adds its own."""
        return {
            "APPL": self.applications,
            "CIMS": self.commands,
            "TERMINAL": self.terminals,
            "FACILITY": self.facility,
        }

    def profiles(self) -> Profiles:
        """Return the profiles of every class. A command goes by the first three letters of its verb."""
        return Profiles(
            {
                kind: {name[:3] if kind == "CIMS" else name: who for name, who in _permits(table)}
                for kind, table in self.protected().items()
            }
        )

    def check_permits(self) -> None:
        """Raise RefusalError for a permit that names nobody."""
        known = set(self.users) | {self.otma.user}
        known |= {group for user in self.users.values() for group in user.connected}
        for table in self.protected().values():
            for _, permit in _permits(table):
                for who in permit:
                    if who not in known:
                        raise RefusalError(f"permit names {who}, which is neither a user nor the group of one")


def _permits(table: Mapping[str, Protected]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, settings in table.items():
        if settings.permit is not None:
            yield name, settings.permit
