"""Where files of a chain may end: what `verify` compares with what the gateway noted when it put them aside."""

import json
from pathlib import Path

from gateway.audit.anchor import Anchor, End
from gateway.audit.rotation import full_files, number_of


def is_deleted(file: Path, ends: dict[int, End], anchor: Anchor) -> bool:
    """Tell whether a gateway was ended between noting that a file is deleted, and deleting it."""
    end = ends.get(number_of(file)) if _is_full(file) else None
    return end is not None and end.sequence <= anchor.oldest


def wrong_end(file: Path, got: tuple[int, str], ends: dict[int, End]) -> str:
    """Return what is wrong with the end of a file, of which sequence and hash are given; empty: nothing is."""
    if not _is_full(file):
        return ""
    end = ends.get(number_of(file))
    if end is None:
        return "no gateway has put this file aside"
    if got == (end.sequence, end.hash):
        return ""
    return f"its end is missing: it was put aside behind sequence {end.sequence}"


def is_record(torn: bytes) -> bool:
    """Tell whether what looks torn is whole JSON, which no part of a record is."""
    try:
        return isinstance(json.loads(torn), dict)
    except (ValueError, RecursionError):
        return False


def _is_full(file: Path) -> bool:
    """Tell whether a file has the name of one that was put aside."""
    trail = file.name.rpartition(".")[0]
    return bool(trail) and file in full_files(file.with_name(trail))
