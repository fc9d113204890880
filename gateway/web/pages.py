"""The one page for people: the list of services."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import quote

from gateway.web.message import Headers

_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}"
    "caption{text-align:left;padding-bottom:.5rem}"
    "th,td{text-align:left;padding:.5rem;border-bottom:1px solid #767676;overflow-wrap:anywhere}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#9cf}}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

PAGE_HEADERS: Final[Headers] = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
"""The page runs nothing, loads nothing and is framed by nobody."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list."""

    service: str
    port: str


def list_of_services(entries: Iterable[Entry], base_url: str, prefix: str) -> bytes:
    """Return the page, UTF-8. An endpoint's address is base URL, prefix, port name."""
    rows = "\n".join(_row(entry, f"{base_url}{prefix}") for entry in sorted(entries, key=_order))
    if rows:
        body = (
            "<table>\n<caption>Each service takes SOAP 1.1 and SOAP 1.2 at its address.</caption>\n"
            '<thead><tr><th scope="col">Service</th><th scope="col">Address</th>'
            f'<th scope="col">Contract</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>'
        )
    else:
        body = "<p>No service is deployed.</p>"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Services - IMS Gateway</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>Services</h1>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def _order(entry: Entry) -> tuple[str, str]:
    return entry.service, entry.port


def _row(entry: Entry, prefix: str) -> str:
    address = escape(f"{prefix}{quote(entry.port, safe='')}")
    service, port = escape(entry.service), escape(entry.port)
    return (
        f'<tr><th scope="row">{service}</th><td><code>{address}</code></td>'
        f'<td><a href="{address}?wsdl">WSDL of {port}</a></td></tr>'
    )
