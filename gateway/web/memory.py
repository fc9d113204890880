"""The memory that request bodies may take in one worker, so that many large ones cannot exhaust it."""

from typing import Final

from gateway.errors import GatewayError, M

SMALL_BODY: Final = 65_536
"""A body up to this size in bytes is always taken: the number of connections bounds these."""
_LARGEST_BODIES: Final = 16
_AT_LEAST: Final = 64 * 1024 * 1024


class BodyMemory:
    """Counts the bytes of bodies over `SMALL_BODY`, from their arrival until they are answered."""

    def __init__(self, max_request_bytes: int) -> None:
        """Allow 16 bodies of the largest size at once, and 64 MiB at least."""
        self.limit = max(_LARGEST_BODIES * max_request_bytes, _AT_LEAST)
        self.taken = 0

    def lease(self) -> "Lease":
        """Return the share of one request, empty at first."""
        return Lease(self)


class Lease:
    """The share of one request."""

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._size = 0

    def grow_to(self, size: int) -> None:
        """Cover a body of `size` bytes. Raises GatewayError(M.BUSY) when the memory is taken."""
        more = size - self._size
        if size > SMALL_BODY and self._memory.taken + more > self._memory.limit:
            raise GatewayError(
                M.BUSY, private=f"bodies take {self._memory.taken} of {self._memory.limit} bytes"
            )
        self._memory.taken += more
        self._size = size

    def release(self) -> None:
        """Give the share back."""
        self._memory.taken -= self._size
        self._size = 0
