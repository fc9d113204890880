"""JSON that may be printed on a terminal whatever it holds."""

import json
from typing import Any


def printed_json(value: Any, indent: int | None = 2) -> str:
    r"""Return JSON whose every character shows: others stand as ``\uXXXX`` (RFC 8259, section 7).

    JSON itself has an escape for the first 32 control characters only. X'3B' of EBCDIC is U+009B, with which a
    sequence for terminals begins: a message from IMS must not steer that of whoever looks at it.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)
