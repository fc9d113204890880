"""Write docs/codes.md from the tables of codes in gateway.imsconnect.wire and gateway.dfs.

Usage: python -m tools.code_tables [--check]

With --check nothing is written; exit 1 says that the page is stale.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.dfs import MEANINGS, NOT_AUTHORIZED, SEVERITIES
from gateway.imsconnect.wire import Rsm, describe
from gateway.imsconnect.wire.aib import AIB_CODES
from gateway.imsconnect.wire.code import Code
from gateway.imsconnect.wire.codes import RC_IMS_CONNECT, RC_OTMA_SENSE, RETURN_CODES
from gateway.imsconnect.wire.meaning import SECURITY_FAILURE
from gateway.imsconnect.wire.racf import RACF_CODES
from gateway.imsconnect.wire.reasons import REASON_CODES
from gateway.imsconnect.wire.sense import OF_USER_EXITS, SENSE_CODES
from gateway.imsconnect.wire.xml_adapter import XML_ADAPTER_CODES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "codes.md"
PROSE = Path(__file__).resolve().with_name("code_tables.txt")

_LAST = ("what to do", "who acts", "again?")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _section(title: str, text: str) -> Iterator[str]:
    yield from (f"## {title}", "", text, "")


def _judged(code: Code) -> tuple[str, ...]:
    return code.action, code.fault.value, code.retry.value


def _socket(rsm: Rsm) -> str:
    return "closed" if describe(rsm).socket_closed else "kept"


def _return_codes() -> Iterator[str]:
    yield from _section(
        "Return codes",
        "RSM_RETCOD. Beside 4, 8 and 12 the reason code says more, beside 16 the sense code, beside 32, 36 and "
        "40 stands the IRM_TIMER in effect, beside 24 and 28 a code of the CSL. The judgement of 4, 8, 12 and "
        "16 holds where the code beside it is not known.",
    )
    yield from _head("code", "meaning", *_LAST, "socket")
    for number, code in RETURN_CODES.items():
        told = (code.text, code.action, code.fault.value, code.retry.value)
        yield _row(f"{number} (X'{number:02X}')", *told, _socket(Rsm(number, 0)))
    yield ""


def _reasons() -> Iterator[str]:
    yield from _section(
        "Reason codes",
        "RSM_RSNCOD beside return code 4, 8 or 12. *beside*: where it is usually seen; any is understood.",
    )
    yield from _head("code", "name", "meaning", "beside", *_LAST, "socket")
    for number, code in REASON_CODES.items():
        beside = ", ".join(map(str, code.beside))
        socket = _socket(Rsm(code.beside[0], number))
        yield _row(f"{number} (X'{number:02X}')", code.name, code.text, beside, *_judged(code), socket)
    yield ""


def _by_byte(codes: Mapping[int, Code], rsm: Rsm) -> Iterator[str]:
    yield from _head("code", "meaning", *_LAST, "socket")
    for number, code in codes.items():
        yield _row(f"X'{number:02X}'", code.text, *_judged(code), _socket(rsm))
    yield ""


def _dfs() -> Iterator[str]:
    yield from _section(
        "Messages of IMS",
        "What IMS puts in place of a program's answer: an ordinary segment that begins with DFS, three or four "
        "digits, and a suffix or none. These are known; any other is recognised too.",
    )
    yield from _head("message", "meaning", "a matter of permission")
    for number, meaning in MEANINGS.items():
        yield _row(number, meaning, "yes" if number in NOT_AUTHORIZED else "")
    yield ""
    yield from _head("suffix", "meaning")
    for suffix, meaning in SEVERITIES.items():
        yield _row(suffix or "none", meaning)
    yield ""


def _xml_adapter() -> Iterator[str]:
    yield from _section(
        "XML adapter", "Return code of a status message `*XADPST*`, which has no reason code of its own."
    )
    yield from _head("code", "meaning", *_LAST, "socket")
    for number, code in XML_ADAPTER_CODES.items():
        yield _row(str(number), code.text, *_judged(code), _socket(Rsm(number, 0, xml_adapter=True)))
    yield ""


def _aib() -> Iterator[str]:
    yield from _section(
        "ICAL",
        "AIBRETRN and AIBREASN, as the IMS application that called out sees them; *again?*: of the callout.",
    )
    yield from _head("AIBRETRN", "AIBREASN", "meaning", *_LAST)
    for (returned, reason), code in AIB_CODES.items():
        yield _row(f"X'{returned:X}'", f"X'{reason:X}'", code.text, *_judged(code))
    yield ""


def page() -> str:
    """Return the text of the page."""
    exits = f"X'{OF_USER_EXITS.start:04X}' to X'{OF_USER_EXITS.stop - 1:04X}'"
    lines = [
        PROSE.read_text(encoding="utf-8").rstrip(),
        "",
        *_return_codes(),
        *_reasons(),
        *_section(
            "OTMA sense codes",
            f"RSM_RSNCOD beside return code {RC_OTMA_SENSE}; RSM_OTMRSN is the reason that goes with it. IBM "
            f"has more of them than are known here; {exits} are those of customers' exits.",
        ),
        *_by_byte(SENSE_CODES, Rsm(RC_OTMA_SENSE, 0)),
        *_section(
            "RACF",
            f"RSM_RACFRC beside reason code {SECURITY_FAILURE}: the return code of RACROUTE REQUEST=VERIFY.",
        ),
        *_by_byte(RACF_CODES, Rsm(RC_IMS_CONNECT, SECURITY_FAILURE)),
        *_xml_adapter(),
        *_aib(),
        *_dfs(),
    ]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/codes.md is stale: run python -m tools.code_tables\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
