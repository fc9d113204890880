"""Faults at work on one connection."""

import asyncio

from gateway.standin.faults import Fault
from gateway.standin.link import Link


async def strike(link: Link, fault: Fault, reply: bytes = b"") -> bytes | None:
    """Do what a fault says to a connection; return what is left of the reply, None when there is no going on.

    `drop` resets the connection, behind the first bytes of the reply it ends it; `half_close` ends our
    sending side and reads on until the client closes too.
    """
    if fault.kind == "delay":
        await asyncio.wait({link.gone}, timeout=fault.seconds)
    elif fault.kind == "garble":
        return garbled(reply, fault)
    elif fault.kind == "half_close":
        link.half_close()
        await asyncio.wait({link.gone})
        return None
    elif fault.kind == "drop":
        if fault.after_bytes:
            await link.write(reply[: fault.after_bytes])
        else:
            link.reset()
        return None
    return reply


def garbled(reply: bytes, fault: Fault) -> bytes:
    """Return the reply with the fault's bytes put over it, longer if need be."""
    end = fault.offset + len(fault.data)
    return reply[: fault.offset].ljust(fault.offset, b"\x00") + fault.data + reply[end:]
