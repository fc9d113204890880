"""`imsgw ims codes`."""

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli.options import JsonOption

if TYPE_CHECKING:
    from gateway.imsconnect.wire.code import Code, ReturnCode

_NUMBER: Final = r"(\d{1,9}|[xX]'[0-9A-Fa-f]{1,8}'|0[xX][0-9A-Fa-f]{1,8})"
_CODES: Final = re.compile(rf"{_NUMBER}(?:/{_NUMBER})?(?:/{_NUMBER})?")
_DFS: Final = re.compile(r"(DFS\d{3,4})[AEIWX]?")
_ADAPTER: Final = re.compile(rf"XADPST/{_NUMBER}")


def codes(
    what: Annotated[
        str,
        typer.Argument(
            metavar="CODE",
            help="RETURN/REASON, RETURN/REASON/RACF, a name (DUPECLNT), DFSnnn, XADPST/n; without it all.",
            show_default=False,
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Explain return, reason and sense codes of IMS Connect: what, who has to act, may it be sent again.

    Numbers are decimal, or hexadecimal as 0x1A or X'1A'. Exit code 1: nothing is known of it.

    Example: `imsgw ims codes 8/56`
    """
    rows = _everything() if not what else _found(what.upper())
    if not rows:
        typer.echo(f"nothing is known of {what}", err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif what:
        for row in rows:
            _show(row)
    else:
        for row in rows:
            typer.echo(f"{row['code']:<12} {row['name'] or '':<9} {row['text']}")


def _show(row: dict[str, Any]) -> None:
    typer.echo(f"{row['code']} {row['name'] or ''}".rstrip() + f": {row['text']}")
    for name, told in (("action", "do"), ("who", "who has to act"), ("again", "send it again")):
        if row[name]:
            typer.echo(f"  {told}: {row[name]}")


def _found(what: str) -> list[dict[str, Any]]:
    if match := _DFS.fullmatch(what):
        return [row for row in _dfs() if row["code"] == match[1]]
    if match := _ADAPTER.fullmatch(what):
        return _of_rsm(_number(match[1]), 0, 0, adapter=True)
    if match := _CODES.fullmatch(what):
        numbers = [_number(group) if group else 0 for group in match.groups()]
        if match[2] is None:
            return [row for row in _returns() if row["code"] == str(numbers[0])]
        return _of_rsm(*numbers)
    return [row for row in _everything() if row["name"] == what]


def _number(text: str) -> int:
    if text[0] in "xX":
        return int(text[2:-1], 16)
    return int(text, 16 if text[:2] in {"0x", "0X"} else 10)


def _of_rsm(return_code: int, reason: int, racf: int, *, adapter: bool = False) -> list[dict[str, Any]]:
    """Return one RSM in words; nothing for codes that nobody told us of."""
    from gateway.imsconnect.wire import Rsm, describe  # noqa: PLC0415  keeps --help quick

    meaning = describe(Rsm(return_code, reason, racf, xml_adapter=adapter))
    if meaning.text.startswith("unknown"):
        return []
    numbers = f"{return_code}/{reason}" + (f"/{racf}" if racf else "")
    code = f"XADPST/{return_code}" if adapter else numbers
    return [
        {
            "code": code,
            "name": None if "/" in meaning.name else meaning.name,
            "text": meaning.text,
            "action": meaning.client_action,
            "who": meaning.fault.value,
            "again": meaning.retry.value,
            "socket_closed": meaning.socket_closed,
        }
    ]


def _everything() -> list[dict[str, Any]]:
    from gateway.imsconnect.wire.racf import RACF_CODES  # noqa: PLC0415  keeps --help quick
    from gateway.imsconnect.wire.reasons import REASON_CODES  # noqa: PLC0415
    from gateway.imsconnect.wire.sense import SENSE_CODES  # noqa: PLC0415
    from gateway.imsconnect.wire.xml_adapter import XML_ADAPTER_CODES  # noqa: PLC0415

    rows = _returns()
    for reason, known in sorted(REASON_CODES.items()):
        for return_code in known.beside:
            rows += _of_rsm(return_code, reason, 0)
    rows += [row for racf in sorted(RACF_CODES) for row in _of_rsm(8, 78, racf)]
    rows += [row for sense in sorted(SENSE_CODES) for row in _of_rsm(16, sense, 0)]
    rows += [row for status in sorted(XML_ADAPTER_CODES) for row in _of_rsm(status, 0, 0, adapter=True)]
    return rows + _dfs()


def _returns() -> list[dict[str, Any]]:
    from gateway.imsconnect.wire.codes import RETURN_CODES  # noqa: PLC0415  keeps --help quick

    return [_row(str(number), known, closes=known.closes) for number, known in RETURN_CODES.items()]


def _row(code: str, known: "Code | ReturnCode", *, closes: bool | None) -> dict[str, Any]:
    return {
        "code": code,
        "name": getattr(known, "name", "") or None,
        "text": known.text,
        "action": known.action,
        "who": known.fault.value,
        "again": known.retry.value,
        "socket_closed": closes,
    }


def _dfs() -> list[dict[str, Any]]:
    from gateway.dfs import MEANINGS  # noqa: PLC0415  keeps --help quick

    empty = {"name": None, "action": None, "who": None, "again": None, "socket_closed": None}
    return [{"code": number, "text": text, **empty} for number, text in MEANINGS.items()]
