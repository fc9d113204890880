"""The fields of an IRM by offset: fixed portion, user portion of HWSSMPL0 and HWSSMPL1, extensions.

Source: Format of fixed portion of IRM in messages sent to IMS Connect; Format of user portion of IRM for
HWSSMPL0, HWSSMPL1, and user-written message exit routines; Format of the correlation token for synchronous
callout messages from IMS applications; Format of IRM extensions.
"""

from dataclasses import dataclass
from typing import Final

LLLL: Final = "LLLL"
FIXED_END: Final = 32
"""Offset behind the fixed portion."""
TOKEN: Final = 124
"""Offset of IRM_CORTKN."""
TOKEN_LENGTH: Final = 40


@dataclass(frozen=True, slots=True)
class Place:
    """IBM's name, offset from LLLL (in a token or extension from its own first byte), length, first level."""

    name: str
    offset: int
    length: int
    arch: int = 0

    @property
    def end(self) -> int:
        """Offset behind the field."""
        return self.offset + self.length


def _in_a_row(start: int, *fields: tuple[str, int, int]) -> tuple[Place, ...]:
    places: list[Place] = []
    for name, length, arch in fields:
        places.append(Place(name, start, length, arch))
        start += length
    return tuple(places)


FIXED: Final = _in_a_row(
    0,
    (LLLL, 4, 0),
    ("IRM_LEN", 2, 0),
    ("IRM_ARCH", 1, 0),
    ("IRM_F0", 1, 0),
    ("IRM_ID", 8, 0),
    ("IRM_NAK_RSNCDE", 2, 0),
    ("IRM_RES1", 2, 0),
    ("IRM_F5", 1, 0),
    ("IRM_TIMER", 1, 0),
    ("IRM_SOCT", 1, 0),
    ("IRM_ES", 1, 0),
    ("IRM_CLIENTID", 8, 0),
)
USER: Final = _in_a_row(
    FIXED_END,
    ("IRM_F1", 1, 0),
    ("IRM_F2", 1, 0),
    ("IRM_F3", 1, 0),
    ("IRM_F4", 1, 0),
    ("IRM_TRNCOD", 8, 0),
    ("IRM_IMSDESTID", 8, 0),
    ("IRM_LTERM", 8, 0),
    ("IRM_RACF_USERID", 8, 0),
    ("IRM_RACF_GRNAME", 8, 0),
    ("IRM_RACF_PW", 8, 0),
    ("IRM_APPL_NM", 8, 0),
    ("IRM_REROUT_NM/RT_ALTCID", 8, 1),
    ("IRM_TAG_ADAPT", 8, 2),
    ("IRM_TAG_MAP", 8, 2),
    # unverified: IRM_MODNAME before IRM_CORTKN, as in wire.irm
    ("IRM_MODNAME", 8, 3),
    ("IRM_CORTKN", TOKEN_LENGTH, 3),
    ("IRM_SESTKN", 8, 4),
    ("IRM_EXTN_OFF", 2, 5),
    ("IRM_F6", 1, 5),  # unverified: IRM_F6 is taken to be the byte behind IRM_EXTN_OFF
    ("IRM_RES6", 1, 5),
)
IRM: Final = FIXED + USER
BY_NAME: Final = {place.name: place for place in IRM}

IRM_TOKEN: Final = _in_a_row(
    0,
    ("IRM_CT_LEN", 2, 3),
    ("COR_PSTNR", 2, 3),
    ("IRM_CT_IMSID", 4, 3),
    ("IRM_CT_MEMTK", 8, 3),
    ("IRM_CT_AWETK", 8, 3),
    ("IRM_CT_TPIPE", 8, 3),
    ("IRM_CT_USERID", 8, 3),
)
"""Inside IRM_CORTKN."""
COR_TOKEN: Final = tuple(
    Place(name, place.offset, place.length)
    for name, place in zip(
        ("COR_LL", "COR_PSTNR", "COR_IMSID", "COR_MEMTK", "COR_AWETK", "COR_TPIPE", "COR_USERID"),
        IRM_TOKEN,
        strict=True,
    )
)
"""The same forty bytes in a COR structure, from its offset 12."""
EXTENSION: Final = _in_a_row(0, ("IRMEXTN_LL", 2, 5), ("IRMEXTN_ZZ", 2, 5), ("IRMEXTN_ID", 8, 5))
"""In front of the IRMEXTN_DATA of each extension."""
