"""Correlators of consumers to folders of wsdl/."""

from typing import Final

from gateway.migrate.draft import Draft
from gateway.migrate.entries import Entry
from gateway.migrate.findings import Whom
from gateway.migrate.providers import put_adapter
from gateway.migrate.values import Reader

_OF_PROVIDERS: Final = ("execution_timeout", "socket_timeout", "outbound_ccsid", "token")
_LONGEST_MS: Final = 3_600_000
_UTF_8: Final = 1208


def is_consumer(entry: Entry) -> bool:
    """Tell whether an entry is of a service outside: it names bundles for callouts, or says nothing else."""
    if entry.has("callout_bundles"):
        return True
    speaks = entry.has("callout_uri") or entry.has("callout_token") or entry.has("callout_timeout")
    return speaks and not entry.has("bundle") and not entry.has("transaction") and not entry.has("soap_action")


def put_call(draft: Draft, name: str, entry: Entry, reader: Reader) -> bool:
    """Put one operation of a consumer; return whether it has an adapter."""
    path = ("operations", name)
    draft.section(path)
    timeout = reader.number(entry, "callout_timeout")
    if timeout is not None:
        chosen = min(max(timeout, 10), _LONGEST_MS) if timeout > 0 else 5000
        draft.put((*path, "timeout_ms"), chosen, entry.at("callout_timeout"))
        if chosen != timeout:
            draft.change(
                f"{timeout} ms is {chosen} ms here", (*path, "timeout_ms"), entry.at("callout_timeout")
            )
    if reader.flag(entry, "acknowledge"):
        draft.put((*path, "acknowledge"), True, entry.at("acknowledge"))
    with_adapter = put_adapter(draft, path, entry, reader)
    number = reader.number(entry, "inbound_ccsid")
    if number is not None and number != _UTF_8:
        draft.put((*path, "response_ccsid"), number, entry.at("inbound_ccsid"))
    _response(draft, name, entry, reader)
    for said in _OF_PROVIDERS:
        if entry.has(said):
            text = f"{said.replace('_', ' ')} has no effect for calls that leave: left out"
            reader.findings.change(text, entry.at(said))
    return with_adapter


def _response(draft: Draft, name: str, entry: Entry, reader: Reader) -> None:
    """Put the transaction that gets the answers of asynchronous callouts."""
    if not entry.has("transaction"):
        return
    path = ("operations", name)
    draft.put((*path, "response_transaction"), entry.text("transaction"), entry.at("transaction"))
    if entry.has("lterm"):
        draft.put((*path, "response_lterm"), entry.text("lterm"), entry.at("lterm"))
    service = draft.file.split("/")[1]
    text = (
        "asynchronous callouts: is the transaction that gets the answer a non-response-mode one? Output of a "
        "response-mode one goes where nobody reads it."
    )
    reader.findings.ask(Whom.IMS, text, f"{service}.{name} ({entry.text('transaction').upper()[:8]})")
