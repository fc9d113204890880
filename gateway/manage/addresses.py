"""Addresses of web services as people may see them: a WSDL may hold one with a password or a key in it."""

import re
from typing import Final

from gateway.config.words import shown

_USER: Final = re.compile(r"//[^/?#]*@")
_QUERY: Final = re.compile(r"\?[^#]+")


def shown_address(address: str) -> str:
    """Return an address without user, password and query; what is no address stays but for these."""
    return shown(_QUERY.sub("?...", _USER.sub("//***@", address)))
