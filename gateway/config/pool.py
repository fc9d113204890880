"""`[ims_connect.pool]` of a bundle: how many sockets, for how long, and how they are looked after."""

from typing import Self

from pydantic import Field, model_validator

from gateway.config.values import MisfitError, Settings


class PoolSettings(Settings):
    """Persistent sockets to IMS Connect; the numbers count for each worker and each address of `hosts`."""

    size: int = Field(
        default=32, ge=1, le=16_384, description="Sockets per worker; workers x size must stay under MAXSOC."
    )
    min: int = Field(
        default=0,
        ge=0,
        le=16_384,
        description="Sockets that a worker opens when it starts and keeps open, in the background.",
    )
    wait_seconds: float = Field(
        default=5.0, ge=0, le=600, description="Longest wait for a free socket, then 503."
    )
    connect_seconds: float = Field(default=5.0, gt=0, le=600, description="Deadline to connect, TLS included.")
    idle_seconds: float = Field(
        default=240.0,
        gt=0,
        le=86_400,
        description="An idle socket is closed after this; stay under IMS Connect's IDLETO.",
    )
    max_age_seconds: float = Field(
        default=3600.0,
        gt=0,
        le=604_800,
        description="A socket is not used again beyond this age, so that load spreads anew over a sysplex.",
    )
    max_age_jitter: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Up to this share of `max_age_seconds` is taken off, at random, so that sockets opened "
        "together do not end together.",
    )
    ping_seconds: float = Field(
        default=0.0,
        ge=0,
        le=86_400,
        description="An idle socket is tried with a PING when it has been idle so long, and again; 0: never. "
        "Less than `idle_seconds`.",
    )
    ping_on_use: bool = Field(
        default=False,
        description="PING before each request: costs a round trip, finds a socket that died without a sign.",
    )
    fast_retries: int = Field(
        default=10,
        ge=0,
        le=1000,
        description="When IMS Connect cannot be reached, so many tries come 0.1 to 3 s apart; then one each "
        "`retry_seconds`.",
    )
    retry_seconds: float = Field(
        default=15.0, gt=0, le=3600, description="Between tries once the fast ones have failed."
    )
    report_seconds: float = Field(
        default=60.0,
        ge=0,
        le=86_400,
        description="While IMS Connect cannot be reached, the log says so again at most that often.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        few, late = self.min > self.size, self.ping_seconds >= self.idle_seconds
        MisfitError.check(
            {
                "min": f"must not be more than size ({self.size})" if few else None,
                "ping_seconds": f"must be less than idle_seconds ({self.idle_seconds:g})" if late else None,
            }
        )
        return self
