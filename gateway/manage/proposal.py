"""The correlator of a new service as it is proposed from the WSDL, with comments for whoever edits it later."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from gateway.config.words import shown
from gateway.errors import ConfigError, Problem
from gateway.manage.addresses import shown_address
from gateway.manage.deploying import Gathered, Role, Wanted
from gateway.manage.results import ManageError, Why
from gateway.soap import consumer, contract
from gateway.soap.operations import Operation
from gateway.soap.publish import ENDPOINTS

_LONGEST_CODE: Final = 8
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_TO_FILL_IN: Final = "# proposed from the name: put the transaction code here"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the gateway reads in a WSDL."""

    operations: tuple[Operation, ...]
    """In the order of the WSDL."""
    addresses: tuple[str, ...]
    """Of a provider: where it is served; of a consumer: what is called."""
    warnings: tuple[Problem, ...] = ()
    """What a deployer should know: ports that are left out, say."""


def read_contract(name: str, gathered: Gathered, role: Role, *, validate: bool) -> Reading:
    """Read the files as the gateway will. Raises ManageError with every problem of them."""
    with TemporaryDirectory(prefix="imsgw-") as root:
        folder = Path(root, name)
        for file, data in gathered.files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        wsdl = folder / gathered.main
        try:
            if role == "consumer":
                called = consumer.load_consumer(name, wsdl, folder=folder, validate=validate)
                ports = tuple(dict.fromkeys(shown_address(port.address) for port in called.ports.values()))
                return Reading(tuple(called.operations.values()), ports, called.warnings)
            served = contract.load(name, wsdl, folder=folder, validate=validate)
        except ConfigError as error:
            raise ManageError(Why.WRONG, "the WSDL cannot be used", error.problems) from error
        addresses = tuple(f"{ENDPOINTS}/{port}" for port in served.ports)
        return Reading(tuple(served.operations.values()), addresses, served.warnings)


def propose(gathered: Gathered, wanted: Wanted, bundles: Sequence[str], reading: Reading) -> str:
    """Return a correlator as text: each operation has a table and a comment on what it takes and gives."""
    lines = [
        f"# Deployed by imsgw from {shown(gathered.origin)}; docs/configuration.md explains the keys.",
        f'role = "{wanted.role}"',
        f"wsdl = {_text(gathered.main)}",
        f"bundle = {_text(bundles[0])}" if wanted.role == "provider" else f"bundles = {_texts(bundles)}",
        "enabled = true",
        "validate = true",
    ]
    if wanted.role == "provider":
        lines += ["", '[operations."*"]', "execution_timeout_ms = 5000", "socket_timeout_ms = 10000"]
    for operation in reading.operations:
        lines += ["", *operation_table(operation, wanted)]
    return "\n".join(lines) + "\n"


def operation_table(operation: Operation, wanted: Wanted) -> Iterator[str]:
    """Yield the lines of an operation's table."""
    yield f"# {comment(operation)}"
    yield f"[operations.{_key(operation.name)}]"
    if wanted.role == "consumer":
        yield "timeout_ms = 5000"
        return
    code = transaction_of(operation.name, wanted)
    yield (
        f"transaction = {_text(code)}"
        if code
        else f"transaction = {_text(_code(operation.name))}  {_TO_FILL_IN}"
    )


def comment(operation: Operation) -> str:
    """Say what an operation takes and gives, on one line."""
    gives = "one-way, nothing comes back" if operation.one_way else f"gives {operation.output_element}"
    return shown(f"takes {operation.input_element}, {gives}")


def transaction_of(operation: str, wanted: Wanted) -> str:
    """Return the transaction that was given for an operation; empty: none."""
    return wanted.transactions.get(operation, wanted.transaction)


def _code(operation: str) -> str:
    """Return what could be the transaction of an operation, judging by its name."""
    letters = "".join(char for char in operation.upper() if char.isascii() and char.isalnum())
    return letters[:_LONGEST_CODE] or "TRANCODE"


def without_transaction(reading: Reading, wanted: Wanted, table: Mapping[str, object]) -> list[str]:
    """Return the operations of a provider for which neither `wanted` nor a correlator has a transaction."""
    tables = table.get("operations")
    known = tables if isinstance(tables, Mapping) else {}
    defaults = known.get("*")
    by_default = isinstance(defaults, Mapping) and "transaction" in defaults
    return [
        one.name
        for one in reading.operations
        if not by_default and one.name not in known and not transaction_of(one.name, wanted)
    ]


def _text(value: str) -> str:
    """Return a TOML string: JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _texts(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
