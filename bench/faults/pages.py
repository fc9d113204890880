"""The page of what is promised, with the figures of a run of the suite."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).with_name("page.template.md")
_ALREADY_SHOWN = {
    *("promise", "done", "seconds", "sent", "right", "refused", "no_answer", "copies_sent", "executed_by_ims"),
    *("executed_but_not_answered", "wrong", "executed_twice", "answered_but_not_executed", "internal_errors"),
    *("refused_as_not_done_but_executed", "not_right_after_recovery", "slowest_seconds", "recovery_seconds"),
    *("callouts", "breaches", "skipped"),
}

Figures = Mapping[str, Any]


def write_page(record: Path, docs: Path) -> None:
    """Write it for the figures in a file of `bench.evidence`."""
    told = json.loads(record.read_text())
    (docs / "resilience.md").write_text(page(told))


def page(told: Mapping[str, Any]) -> str:
    """Return the page."""
    figures: Mapping[str, Figures] = told["figures"]
    requests = [_request(name, each) for name, each in figures.items() if "callouts" not in each]
    callouts = [_callout(name, each) for name, each in figures.items() if "callouts" in each]
    values = {
        **told,
        "requests": "\n".join(requests),
        "callouts": "\n".join(callouts),
        "done": "\n".join(f"| `{name}` | {each['done']} |" for name, each in figures.items()),
        "also": "\n".join(_also(name, each) for name, each in figures.items() if _rest(each)),
    }
    return TEMPLATE.read_text().format_map(values)


def _request(name: str, each: Figures) -> str:
    if "skipped" in each:
        return f"| `{name}` | {each['promise']} | not run: {each['skipped']} | | | | | | |"
    back = each["recovery_seconds"]
    cells = (
        *(each["sent"], each["right"], _counts(each["refused"]), _counts(each["no_answer"])),
        *(each["executed_but_not_answered"], f"{each['slowest_seconds']:.1f} s"),
        "not felt" if back is None else f"{back:.1f} s",
    )
    return f"| `{name}` | {each['promise']} | {' | '.join(map(str, cells))} |"


def _callout(name: str, each: Figures) -> str:
    told = each["callouts"]
    cells = (
        *(told["messages"], told["deliveries"], told["lost"]),
        *(told["doubles_with_the_same_message_id"], told["doubles_that_ims_handed_over_again"]),
    )
    return f"| `{name}` | {each['promise']} | {' | '.join(map(str, cells))} |"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "0"


def _rest(each: Figures) -> dict[str, Any]:
    found = {name: value for name, value in each.items() if name not in _ALREADY_SHOWN}
    if each.get("copies_sent"):
        found["copies_sent"] = each["copies_sent"]
    return found


def _also(name: str, each: Figures) -> str:
    """Return the figures that only this fault has, in words."""
    told = [
        f"{what.replace('_', ' ')}: {_counts(value) if isinstance(value, Mapping) else value}"
        for what, value in _rest(each).items()
    ]
    return f"- `{name}`: {'; '.join(told)}."
