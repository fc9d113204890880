"""Code pages by CCSID, as the configuration names them."""

from typing import Annotated, Final

from pydantic import AfterValidator

from gateway.codepage import MIXED, SUPPORTED, UTF_8, CodePage, CodePageNotServed
from gateway.config.values import RefusalError, Words

EBCDIC: Final = ", ".join(str(ccsid) for ccsid in SUPPORTED if ccsid != UTF_8)
MIXED_NAMES: Final = ", ".join(map(str, MIXED))


def _ccsid(value: int) -> int:
    if value not in SUPPORTED:
        raise RefusalError(f"this CCSID is not supported; supported are {UTF_8} (UTF-8) and {EBCDIC}")
    try:
        CodePage.of(value)
    except CodePageNotServed as error:
        raise RefusalError(f"this CCSID cannot be served here: {error.missing}") from None
    return value


def _host_ccsid(value: int) -> int:
    if value == UTF_8:
        raise RefusalError(f"{UTF_8} is UTF-8; IMS itself speaks EBCDIC")
    return _ccsid(value)


Ccsid = Annotated[int, AfterValidator(_ccsid), Words("a CCSID, a whole number like 1208")]
HostCcsid = Annotated[int, AfterValidator(_host_ccsid), Words("a CCSID, a whole number like 1140")]
"""The code page of IMS itself, always EBCDIC."""
