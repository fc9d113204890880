"""Control data of an ICAL as a program writes it: sections ``<tag>data</tag>``."""

from gateway.imsconnect.wire.control_data import encode_control_data
from gateway.imsconnect.wire.errors import LocalProtocolError
from gateway.imsconnect.wire.header import HeaderCode


def check_control(sections: tuple[str, ...]) -> None:
    """Raise ValueError for what are no sections of control data."""
    try:
        code = HeaderCode.EBCDIC
        encode_control_data(tuple(section.encode(code.value) for section in sections), code)
    except LocalProtocolError as error:
        raise ValueError(str(error)) from None
