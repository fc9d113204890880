"""Which file of the installation a path in it means: the paths are those of another machine."""

import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import Final

from gateway.migrate.places import RefusedError

_VARIABLE: Final = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%")
_KEY_RING: Final = re.compile(r"safkeyring(?:hw|hybrid|jce|jcecca)?:", re.IGNORECASE)


def is_key_ring(text: str) -> bool:
    """Tell a key ring of RACF from a file."""
    return _KEY_RING.match(text.strip()) is not None


def locate(text: str, near: str, files: Iterable[str]) -> str:
    """Return the file that a path means. `near`: the file in which the path stands.

    First beside that file and below the installation's folder, then the file that ends in the most names of the
    path, case last of all. RefusedError: there is none, or several are equally good.
    """
    known = tuple(files)
    parts = _parts(text)
    if not parts:
        raise RefusedError("names no file")
    wanted = "/".join(parts)
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(near), wanted))
    for exact in (beside, wanted):
        if exact in known:
            return exact
    for fold in (str, str.casefold):
        found = _by_ending([fold(part) for part in parts], {one: fold(one) for one in known})
        if len(found) == 1:
            return found[0]
        if found:
            raise RefusedError(f"could be {' or '.join(sorted(found)[:4])}")
    raise RefusedError("is not among the files")


def _parts(text: str) -> list[str]:
    bare = _VARIABLE.sub("", text.strip().strip("\"'").replace("\\", "/"))
    bare = re.sub(r"^(?:file:)?/*(?:[A-Za-z]:)?", "", bare)
    return [part for part in posixpath.normpath(bare).split("/") if part not in {"", ".", ".."}] if bare else []


def _by_ending(parts: Sequence[str], known: dict[str, str]) -> list[str]:
    """Return the files that end in as many of the path's names as any does, at least in the last."""
    for start in range(len(parts)):
        ending = "/".join(parts[start:])
        found = [name for name, folded in known.items() if folded == ending or folded.endswith(f"/{ending}")]
        if found:
            return found
    return []
