"""Correlators of providers to folders of wsdl/."""

import re
from typing import Final

from gateway.config.words import shown
from gateway.migrate.draft import Draft
from gateway.migrate.entries import Entry
from gateway.migrate.findings import Findings, Whom
from gateway.migrate.tokens import NONE, TokenType
from gateway.migrate.values import Reader, times_of

_DEFAULT_ADAPTER: Final = "HWSXMLA0"
_NAME: Final = re.compile(r"[A-Za-z0-9@#$]{1,8}")
CCSIDS: Final = (
    ("host_ccsid", "host_ccsid"),
    ("inbound_ccsid", "inbound_ccsid"),
    ("outbound_ccsid", "outbound_ccsid"),
)


def uses_adapter(entry: Entry, reader: Reader) -> bool:
    """Tell whether IMS Connect converts: an adapter is named, or none is spoken of and there is a converter."""
    if entry.has("adapter"):
        return not reader.is_one_of("no_adapter", entry.text("adapter"))
    return "adapter" not in entry.said and entry.has("converter")


def put_adapter(draft: Draft, path: tuple[str, ...], entry: Entry, reader: Reader) -> bool:
    """Put adapter and converter of an operation; return whether there is an adapter."""
    if not uses_adapter(entry, reader):
        if entry.has("converter"):
            text = "a converter without an adapter has no effect: left out"
            reader.findings.contradict(text, entry.at("converter"))
        return False
    draft.put((*path, "adapter"), "xml", *((entry.at("adapter"),) if entry.has("adapter") else ()))
    named = entry.text("adapter").upper()
    if _NAME.fullmatch(named) and named != _DEFAULT_ADAPTER:
        draft.put((*path, "adapter_name"), named, entry.at("adapter"))
    if entry.has("converter"):
        draft.put((*path, "converter"), entry.text("converter"), entry.at("converter"))
    return True


def put_operation(draft: Draft, name: str, entry: Entry, reader: Reader) -> bool:
    """Put one operation of a provider; return whether it has an adapter."""
    path = ("operations", name)
    draft.section(path)
    if entry.has("transaction"):
        draft.put((*path, "transaction"), entry.text("transaction"), entry.at("transaction"))
    with_adapter = put_adapter(draft, path, entry, reader)
    service = draft.file.split("/")[1]
    times = times_of(entry, reader, f"{service}.{name}")
    for key, value, said in (
        ("execution_timeout_ms", times.execution, "execution_timeout"),
        ("socket_timeout_ms", times.socket, "socket_timeout"),
    ):
        draft.put((*path, key), value, *((entry.at(said),) if entry.has(said) else ()))
    if entry.has("lterm"):
        draft.put((*path, "lterm"), entry.text("lterm"), entry.at("lterm"))
    host = entry.text("host_ccsid") or "1140 (the default: nothing is said)"
    text = f"is CCSID {shown(host)} the code page of the programs behind these?"
    reader.findings.ask(Whom.IMS, text, service)
    for said, key in CCSIDS:
        number = reader.number(entry, said)
        if number is not None:
            draft.put((*path, key), number, entry.at(said))
    for said in ("callout_timeout", "acknowledge", "callout_token", "callout_uri"):
        if entry.has(said) and not reader.is_one_of("no", entry.text(said)):
            text = f"{said.replace('_', ' ')} is of consumers, and this is a provider: left out"
            reader.findings.change(text, entry.at(said))
    return with_adapter


def ask_about(draft: Draft, kind: TokenType, bundle: str, user: str, findings: Findings) -> None:
    """Ask what follows from who the callers of a provider are for IMS."""
    service = draft.file.split("/")[1]
    if kind is NONE:
        who = f"user {shown(user)}" if user else "nobody (no user in the bundle)"
        text = f"is it meant that every client of these services is {who} for IMS (bundle {bundle})?"
        findings.ask(Whom.RACF, text, service)
    elif kind.token == "username":  # noqa: S105  a kind of token
        text = f"may the users of these services use their passwords at IMS Connect (RACF=Y, bundle {bundle})?"
        findings.ask(Whom.RACF, text, service)
    else:
        text = (
            f"an assertion brings no password: is it RACF=N at IMS Connect, or is there a PassTicket key "
            f"(PTKTDATA) for [passticket] of bundle {bundle}?"
        )
        findings.ask(Whom.RACF, text, service)
        text = f"SAML under RACF=Y: does IMS Connect behind bundle {bundle} run with RACF=Y?"
        findings.ask(Whom.IMS, text, service)
