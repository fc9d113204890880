"""What one message may cost, as the files say it and as the parser takes it."""

from gateway.config.model import GatewaySettings
from gateway.safexml import Bounds


def message_bounds(settings: GatewaySettings) -> Bounds:
    """Return the bounds of the one XML parser for messages from outside."""
    parser = settings.parser
    return Bounds(
        max_bytes=settings.server.max_request_bytes,
        max_depth=parser.max_depth,
        max_elements=parser.max_elements,
        max_attributes=parser.max_attributes,
    )
