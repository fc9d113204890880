"""The results of a comparison as Markdown: one table of servers, and the smaller ones."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bench.comparison.aims import aims
from bench.comparison.figures import Figures
from bench.comparison.place import MANY, ONE, PLAIN, USERNAME
from bench.comparison.results import caution
from bench.pages import table

SERVERS: Final = {
    "gateway": "IMS Gateway",
    "spyne": "bare Spyne",
    "gsoap": "gSOAP",
    "node": "node-soap",
    "wss4j": "WSS4J",
}
KINDS: Final = {
    PLAIN: "no token",
    USERNAME: "UsernameToken",
    ONE: "SAML 2.0, one sender",
    MANY: "SAML 2.0, {senders:,} senders",
}
TRANSPORTS: Final = ("HTTP", "HTTPS")


def markdown(record: Mapping[str, Any]) -> str:
    """Return all that a run found; of an interrupted one, what there is."""
    figures = Figures(record)
    parts = [_facts(record), _servers(figures), _aims(figures), _refusals(figures)]
    parts += [_latency(figures), _payload(figures), _services(figures), _waiting(figures), _memory(figures)]
    return "\n\n".join(part for part in parts if part)


def _facts(record: Mapping[str, Any]) -> str:
    machine, settings = record["machine"], record["settings"]
    whole = "" if record["complete"] else " The run was not finished, or was one of some parts only."
    facts = (
        f"Measured on {record['date']} at commit `{record['commit']}`: {machine['cores']} cores of "
        f"{machine['processor']}, Linux {machine['kernel']}, load before the run {machine['load_before'][0]}; "
        f"{settings['rounds']} loads of {settings['seconds']:g} s a figure, {settings['connections']} "
        f"connections.{whole}{caution(machine)}"
    )
    lines = [facts, ""]
    lines += [f"- {SERVERS[name]}: {versions}" for name, versions in record["versions"].items()]
    lines += [f"- {SERVERS[name]}: {'; '.join(why)}" for name, why in record["missing"].items()]
    return "\n".join(lines)


# -- the servers --------------------------------------------------------------------------------------------


def _servers(figures: Figures) -> str:
    measured = [name for name in SERVERS if any(row["server"] == name for row in figures.rows)]
    if not measured:
        return ""
    head = ["message", *(SERVERS[name] for name in measured)]
    words = (
        "CPU microseconds of a server for a request, requests a second behind it; in brackets how many times "
        "as much the gateway takes:"
    )
    return f"{words}\n\n{table(head, _rows(figures, measured))}"


def _rows(figures: Figures, measured: Sequence[str]) -> Iterator[Sequence[str]]:
    for kind, words in KINDS.items():
        for transport in TRANSPORTS:
            ours = figures.row("gateway", transport, kind)
            cells = [_cell(figures.row(name, transport, kind), ours) for name in measured]
            yield [f"{words.format(senders=figures.senders)}, {transport}", *cells]


def _cell(row: Mapping[str, Any] | None, ours: Mapping[str, Any] | None) -> str:
    if row is None:
        return "-"
    ratio = ""
    if ours is not None and row is not ours:
        ratio = f" ({ours['cpu_microseconds'] / row['cpu_microseconds']:.1f})"
    return f"{row['cpu_microseconds']:,.0f}{ratio}, {row['requests_per_second']:,}/s"


def _aims(figures: Figures) -> str:
    found = [[aim.words, aim.figure, aim.verdict] for aim in aims(figures)]
    return table(["aim", "figure", "reached"], found, numbers=False)


def _refusals(figures: Figures) -> str:
    rows = []
    for kind, words in KINDS.items():
        by_server = figures.refusals(kind)
        if not by_server:
            continue
        common = set.intersection(*(set(each) for each in by_server.values()))
        first = next(iter(by_server.values()))
        also = {
            name: [each for each in found if each not in common]
            for name, found in by_server.items()
            if set(found) - common
        }
        more = "; ".join(f"{SERVERS[name]} also: {', '.join(each)}" for name, each in also.items())
        names = ", ".join(each for each in first if each in common)
        rows.append([words.format(senders=figures.senders), f"{names}{f'; {more}' if more else ''}"])
    if not rows:
        return ""
    words = "Before it was measured each server had to accept a good message, and to refuse:"
    return f"{words}\n\n{table(['message', 'refused by every server'], rows, numbers=False)}"


# -- the gateway alone --------------------------------------------------------------------------------------


def _latency(figures: Figures) -> str:
    rows = [
        [
            f"{KINDS[row['service']]}, {row['load']} ({row['calls_per_second']:,} calls a second)",
            *(
                f"{row[whose][at]:.2f}"
                for whose in ("direct_milliseconds", "gateway_milliseconds", "added_milliseconds")
                for at in ("p50", "p99")
            ),
        ]
        for row in figures.part("latency")
    ]
    head = ["milliseconds", "direct p50", "p99", "gateway p50", "p99", "added p50", "p99"]
    return table(head, rows) if rows else ""


def _payload(figures: Figures) -> str:
    rows = [
        [f"{row['bytes']:,}", *(_growing(figures.payload(kind, row["bytes"])) for kind in (PLAIN, ONE))]
        for row in figures.part("payload")
        if row["service"] == PLAIN
    ]
    head = ["bytes of payload", "no token, CPU microseconds (a KB)", "signed SAML 2.0"]
    return table(head, rows) if rows else ""


def _growing(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "-"
    return f"{row['cpu_microseconds']:,.0f} ({row['cpu_microseconds_a_kilobyte']:,.1f})"


def _services(figures: Figures) -> str:
    rows = [[f"{row['services']:,}", f"{row['cpu_microseconds']:,.0f}"] for row in figures.part("services")]
    return table(["services", "CPU microseconds"], rows) if rows else ""


def _waiting(figures: Figures) -> str:
    rows = [
        [
            f"{row['waiting']:,}, each {row['sleep_milliseconds']:,} ms",
            f"{row['cpu_microseconds']:,.0f}",
            f"{row['requests_per_second']:,}",
            *(f"{row['added_milliseconds'][at]:,.0f}" for at in ("p50", "p99")),
        ]
        for row in figures.part("waiting")
    ]
    head = ["requests that wait for IMS", "CPU microseconds", "a second", "added ms p50", "p99"]
    return table(head, rows) if rows else ""


def _memory(figures: Figures) -> str:
    rows = [
        [
            f"{SERVERS[row['server']]}, {row['transport']}",
            ", ".join(f"{each:g}" for each in row["worker_megabytes"]),
        ]
        for row in figures.part("memory")
    ]
    return table(["memory of each worker after the loads", "MB (PSS)"], rows) if rows else ""
