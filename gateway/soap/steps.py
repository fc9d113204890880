"""What a request goes through outside of SOAP; given to the application, which knows nothing of it."""

from typing import Protocol

from gateway.envelope import Admitted
from gateway.exchange import Arrival
from gateway.safexml import Element
from gateway.soap.operations import Operation


class Steps(Protocol):
    """The steps of one request."""

    @property
    def tracking_id(self) -> str:
        """What the caller is told to know the request by; another once `admit` has read the message."""
        ...

    def admit(self, arrival: Arrival) -> Admitted:
        """Parse and check the message and name its caller. Raises GatewayError."""
        ...

    def perform(self, admitted: Admitted, operation: Operation) -> Element | None:
        """Run the operation; returns the payload of the reply, None for one-way. Raises GatewayError."""
        ...
