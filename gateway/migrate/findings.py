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
    """Gathers them while a migration goes on, each once, in the order in which they were found."""

    taken: dict[Taken, None] = field(default_factory=dict)
    changed: dict[Told, None] = field(default_factory=dict)
    unknown: dict[Told, None] = field(default_factory=dict)
    contradictions: dict[Told, None] = field(default_factory=dict)
    damaged: dict[Told, None] = field(default_factory=dict)
    needless: dict[Told, None] = field(default_factory=dict)
    aside: list[Aside] = field(default_factory=list)
    questions: dict[tuple[Whom, str], dict[str, None]] = field(default_factory=dict)

    def ask(self, whom: Whom, text: str, about: str = "") -> None:
        """Add a question; the same one about several things is asked once."""
        things = self.questions.setdefault((whom, text), {})
        if about:
            things[about] = None

    def take(self, place: Place, file: str, key: str = "") -> None:
        """Add a property that became a setting."""
        self.taken[Taken(place, file, key)] = None

    def contradict(self, text: str, place: Place | None = None) -> None:
        """Add a contradiction or doubt."""
        self.contradictions[Told(text, place)] = None

    def damage(self, place: Place, reason: str) -> None:
        """Add something that could not be read."""
        self.damaged[Told(reason, place)] = None

    def change(self, text: str, place: Place | None = None, file: str = "", key: str = "") -> None:
        """Add something that is not as it was."""
        self.changed[Told(text, place, file, key)] = None

    def stranger(self, text: str, place: Place) -> None:
        """Add something that was not understood."""
        self.unknown[Told(text, place)] = None

    def spare(self, text: str, place: Place) -> None:
        """Add something that has no counterpart here."""
        self.needless[Told(text, place)] = None
