"""What a migration has to tell: what was taken, changed, not understood, and whom to ask what.

Nothing here holds a value that could be a secret: names, places and words of ours only.
"""

from dataclasses import dataclass, field
from enum import Enum

from gateway.migrate.places import Place


class Whom(Enum):
    """Who knows the answer to a question."""

    IMS = "IMS systems programmer"
    RACF = "RACF administrator"
    NETWORK = "Network and TLS"
    OWNERS = "Owners of services and of programs"


@dataclass(frozen=True, slots=True, order=True)
class Taken:
    """A property that became a setting."""

    place: Place
    file: str
    """Of the new home."""
    key: str
    """Dotted; empty: the file as a whole."""


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """One thing to know."""

    text: str
    place: Place | None = None
    file: str = ""
    """Of the new home, where it is about one."""
    key: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Aside:
    """A bundle or service that does not stand in the home, because the gateway would not start with it."""

    unit: str
    """What it would be in the home: `bundles/ims1.toml`, `wsdl/phonebook`."""
    reason: str
    kept: str = ""
    """Where its draft lies in the home, empty where there is none."""


@dataclass(slots=True)
class Findings:
    """Gathers them while a migration goes on."""

    taken: list[Taken] = field(default_factory=list)
    changed: list[Told] = field(default_factory=list)
    unknown: list[Told] = field(default_factory=list)
    contradictions: list[Told] = field(default_factory=list)
    damaged: list[Told] = field(default_factory=list)
    needless: list[Told] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    questions: dict[tuple[Whom, str], list[str]] = field(default_factory=dict)

    def ask(self, whom: Whom, text: str, about: str = "") -> None:
        """Add a question; the same one about several things is asked once."""
        things = self.questions.setdefault((whom, text), [])
        if about and about not in things:
            things.append(about)

    def contradict(self, text: str, place: Place | None = None) -> None:
        """Add a contradiction, once."""
        if (told := Told(text, place)) not in self.contradictions:
            self.contradictions.append(told)

    def damage(self, place: Place, reason: str) -> None:
        """Add something that could not be read, once."""
        if (told := Told(reason, place)) not in self.damaged:
            self.damaged.append(told)

    def change(self, text: str, place: Place | None = None, file: str = "", key: str = "") -> None:
        """Add something that is not as it was, once."""
        if (told := Told(text, place, file, key)) not in self.changed:
            self.changed.append(told)
