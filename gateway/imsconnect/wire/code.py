"""What is known of one code: its words, who has to act, and whether the same may be sent again."""

from dataclasses import dataclass

from gateway.outcome import Fault, Retry

__all__ = ["Code", "Fault", "Retry", "ReturnCode"]


@dataclass(frozen=True, slots=True)
class Code:
    """A reason, sense, RACF, adapter or AIB code; `name` is IBM's, empty where there is none."""

    text: str
    action: str
    fault: Fault
    retry: Retry
    name: str = ""
    sign_on_failed: bool = False
    """User, password or group were not accepted."""
    beside: tuple[int, ...] = (8,)
    """Of a reason code: the return codes it is usually seen with."""


@dataclass(frozen=True, slots=True)
class ReturnCode:
    """A return code of the RSM; its words hold where no reason, sense or adapter code says more."""

    text: str
    action: str
    fault: Fault
    retry: Retry
    closes: bool = True
    """IMS Connect closes the socket after it."""
    timer: bool = False
    """The reason code is the IRM_TIMER value in effect."""
