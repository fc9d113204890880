"""`imsgw keystore list`."""

import json
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import JsonOption
from gateway.cli.store_options import PasswordOption, mistakes_shown, opened
from gateway.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from gateway.tls.contents import Entry


def list_store(
    path: Annotated[
        Path, typer.Argument(help="PEM, DER or PKCS#12 file, or a folder of such files.", show_default=False)
    ],
    password: PasswordOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show the certificates of a store: whose they are, how long they are valid, how strong.

    `subject`, `sha256` and names can be put into `senders` as they are shown. Exit code 1: something has
    expired or is not valid yet.

    Example: `imsgw keystore list keystores/partners.pem`
    """
    from gateway.tls.contents import read_contents  # noqa: PLC0415  keeps --help quick

    now = SYSTEM_CLOCK.now()
    with mistakes_shown():
        contents = opened(partial(read_contents, path), path, password)
        entries = [_facts(entry, now) for entry in contents.entries]
    if as_json:
        whole = {"path": str(path), "form": contents.form, "private_key": contents.private_key}
        typer.echo(json.dumps({**whole, "certificates": entries}, indent=2, ensure_ascii=False))
    else:
        typer.echo(f"{path}: {contents.form}, {_count(len(entries))}{_with_key(contents.private_key)}")
        for entry in entries:
            _show(entry)
    if not all(entry["valid"] for entry in entries):
        raise typer.Exit(1)


def _facts(entry: "Entry", now: datetime) -> dict[str, Any]:
    from gateway.tls import describe  # noqa: PLC0415
    from gateway.tls.certificates import printable, sender_names  # noqa: PLC0415

    facts = describe(entry.certificate)
    return {
        "file": str(entry.path),
        "kind": entry.kind,
        "alias": printable(entry.alias),
        "subject": facts.subject,
        "issuer": facts.issuer,
        "serial": str(entry.certificate.serial_number),
        "not_before": facts.not_before.isoformat(),
        "not_after": facts.not_after.isoformat(),
        "days_left": (facts.not_after - now).days,
        "valid": facts.not_before <= now <= facts.not_after,
        "key": facts.key,
        "sha256": facts.sha256,
        "names": list(sender_names(entry.certificate)),
    }


def _show(entry: dict[str, Any]) -> None:
    alias = f" ({entry['alias']})" if entry["alias"] else ""
    until = f"{entry['not_before'][:10]} to {entry['not_after'][:10]}"
    if entry["valid"]:
        told = f"{entry['days_left']} days left"
    else:
        told = "EXPIRED" if entry["days_left"] < 0 else "NOT YET VALID"
    lines = {
        "issuer": entry["issuer"],
        "serial": f"{entry['serial']} (hex {int(entry['serial']):x})",
        "valid": f"{until}, {told}",
        "key": f"{entry['key']}{', with its private key' if entry['kind'] == 'key' else ''}",
        "sha256": f"sha256:{entry['sha256']}",
        "names": ", ".join(entry["names"]),
    }
    typer.echo(f"\n{entry['subject']}{alias}")
    for name, text in lines.items():
        if text:
            typer.echo(f"  {name:<7} {text}")


def _count(number: int) -> str:
    return "1 certificate" if number == 1 else f"{number} certificates"


def _with_key(private_key: bool) -> str:
    return ", with a private key" if private_key else ""
