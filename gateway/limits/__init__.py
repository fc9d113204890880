"""Rates: how many requests a client address, a user and a service may have, and where that is counted.

The library `limits` stands behind this package alone.
"""

from gateway.limits.admission import Admission, Limiter, client_of, limiter_of

__all__ = ["Admission", "Limiter", "client_of", "limiter_of"]
