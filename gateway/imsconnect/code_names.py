"""Codes of IMS Connect and numbers of IMS's messages as names for counting: those of the tables, no others.

What is on the wire may be any number. So that counts by code stay few, a code that no table knows is `other`.
"""

from typing import Final

from gateway.dfs import MEANINGS
from gateway.errors import ImsError, M
from gateway.imsconnect.wire.codes import RC_OTMA_SENSE, RETURN_CODES, WITH_REASON
from gateway.imsconnect.wire.reasons import REASON_CODES
from gateway.imsconnect.wire.sense import SENSE_CODES
from gateway.imsconnect.wire.xml_adapter import XML_ADAPTER_CODES

OTHER: Final = "other"


def code_name(error: ImsError) -> str:
    """Return what an error of IMS Connect or IMS is counted as; empty where neither said anything.

    Return code and reason as `8/DUPECLNT` (the number where IBM has no name), sense codes as `16/001A`, the
    status of the XML adapter as `xml/108`, return codes without reasons as they are, messages of IMS as
    `DFS065`.
    """
    if error.dfs:
        return error.dfs if error.dfs in MEANINGS else f"DFS {OTHER}"
    if error.return_code is None:
        return ""
    return _rsm(error.return_code, error.reason_code or 0, xml=error.message is M.XML_ADAPTER)


def _rsm(return_code: int, reason: int, *, xml: bool) -> str:
    if xml:
        return f"xml/{return_code}" if return_code in XML_ADAPTER_CODES else f"xml/{OTHER}"
    if return_code not in RETURN_CODES:
        return OTHER
    if return_code in WITH_REASON:
        known = REASON_CODES.get(reason)
        return f"{return_code}/{(known.name or str(reason)) if known else OTHER}"
    if return_code == RC_OTMA_SENSE:
        return f"{return_code}/{f'{reason:04X}' if reason in SENSE_CODES else OTHER}"
    return str(return_code)
