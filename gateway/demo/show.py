"""The tables of the demonstration."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from gateway.demo.caller import Answer, Cast
from gateway.demo.outside import CalloutStep, Outside
from gateway.demo.steps import PLAIN, SECURE, Step
from gateway.standin import RunningStandin
from gateway.standin.seen import Seen

_KINDS: Final = {PLAIN: "none", SECURE: "username"}
_TOLD: Final = ("lastName", "firstName", "extension", "user", "group")


def show_steps(console: Console, title: str, steps: Iterable[Step], cast: Cast, standin: RunningStandin) -> int:
    """Play the steps one after another and show them in a table; return how many went wrong."""
    headings = {"": 0, "Call": 0, "Service": 12, "Answer": len("FailedAuthentication"), "What IMS saw": 0}
    columns = [Column(name, overflow="fold", min_width=width) for name, width in headings.items()]
    table = Table(*columns, title=title, box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    wrong: list[tuple[Step, Answer]] = []
    with console.status(f"{title} ..."):
        for step in steps:
            before = len(standin.seen)
            answer = step.play(cast)
            saw = standin.seen[before:]
            right = step.is_right(answer, saw)
            if not right:
                wrong.append((step, answer))
            mark = "[green]ok[/]" if right else "[bold red]FAILED[/]"
            table.add_row(mark, step.says, _service(step.port), _shown(answer), _seen(saw))
    console.print(table)
    for step, answer in wrong:
        told = answer.text or " ".join(value for value in answer.fields.values() if value)
        console.print(f"FAILED: {step.says} at {step.port}: {answer.fault} {told}", markup=False)
    return len(wrong)


def show_callouts(console: Console, title: str, steps: Iterable[CalloutStep], outside: Outside) -> int:
    """Play callouts one after another and show them in a table; return how many went wrong."""
    names = ("", "Transaction", "Web service", "Answer", "What the web service saw")
    columns = [Column(name, overflow="fold", no_wrap=name == "Web service") for name in names]
    table = Table(*columns, title=title, box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    complaints: list[str] = []
    with console.status(f"{title} ..."):
        for step in steps:
            came = step.play(outside)
            complaints += (
                [f"FAILED: {step.says}, {step.service}: {'; '.join(came.wrong)}"] if came.wrong else []
            )
            mark = "[bold red]FAILED[/]" if came.wrong else "[green]ok[/]"
            table.add_row(mark, step.says, step.service, escape(came.answer), escape(came.seen))
    console.print(table)
    for complaint in complaints:
        console.print(complaint, markup=False)
    return len(complaints)


def _service(port: str) -> str:
    """Return the kind of the service: none, username, or the end of its folder's name, like saml20-one."""
    if port in _KINDS:
        return _KINDS[port]
    token, how = port.removeprefix("PhoneBook").removesuffix("Port")[:6], port[len("PhoneBookSaml20") : -4]
    return f"{token}-{how}".lower().rstrip("-")


def _shown(answer: Answer) -> str:
    """Say in few words what came: what tells one answer from another."""
    if answer.fault:
        return answer.fault
    return " ".join(value for name in _TOLD if (value := answer.fields.get(name)))


def _seen(saw: tuple[Seen, ...]) -> str:
    return "; ".join(_one(seen) for seen in saw) or "nothing"


def _one(seen: Seen) -> str:
    group = f" ({seen.group})" if seen.group else ""
    network = f", netuid {seen.netuid}" if seen.netuid else ""
    refused = f", {seen.outcome}" if seen.outcome.startswith("refused") else ""
    return f"{seen.transaction} by {seen.user or 'nobody'}{group}{network}{refused}"


def show_record(console: Console, trail: Path) -> None:
    """Show one record of the audit trail, as QRadar would get it, and how many there are."""
    lines = trail.read_text(encoding="utf-8").splitlines()
    record = next((line for line in reversed(lines) if "|AuthFailure|" in line), lines[-1])
    console.print(f"Audit trail: {len(lines)} records; one of them, in LEEF (tabs shown as spaces):")
    console.print(record.replace("\t", "  "), markup=False, soft_wrap=True, highlight=False)
    console.print()
