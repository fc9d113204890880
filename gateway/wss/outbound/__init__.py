"""Security headers that the gateway makes itself, for calls to services outside: pure, unsigned.

A header holds a Timestamp, then one token: an assertion that the gateway vouches for (SAML Token Profile 1.1.1,
section 3.5.2), or a UsernameToken. Nothing is signed, so the receiver has to know the gateway by its TLS client
certificate. Times and random bytes are handed in; everything is written by the XML library, never put together
as text.
"""

from gateway.wss.outbound.header import Lifetime, add_security, add_timestamp
from gateway.wss.outbound.saml import Vouched, add_assertion11, add_assertion20, is_user_id, new_id
from gateway.wss.outbound.username import add_username_token

__all__ = [
    "Lifetime",
    "Vouched",
    "add_assertion11",
    "add_assertion20",
    "add_security",
    "add_timestamp",
    "add_username_token",
    "is_user_id",
    "new_id",
]
