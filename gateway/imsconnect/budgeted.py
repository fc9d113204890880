"""The budget of an interaction: what waiting for a socket took, the conversation does not get again."""

from dataclasses import replace

from gateway.imsconnect.deadlines import Budget, Timeouts
from gateway.imsconnect.values import ConnectionSettings, Interaction


def budget_of(interaction: Interaction, settings: ConnectionSettings, now: float) -> Budget:
    """Return the budget of an interaction that arrives now (the clock's monotonic seconds)."""
    timeouts = Timeouts(
        execution_ms=interaction.execution_timeout_ms,
        socket_ms=interaction.socket_timeout_ms,
        wait_seconds=settings.pool.wait_seconds,
        budget_ms=interaction.budget_ms,
    )
    return Budget(timeouts, now)


def bounded(interaction: Interaction, settings: ConnectionSettings) -> Interaction:
    """Return the interaction within its budget where it begins at once, on a socket that is there."""
    return within(interaction, budget_of(interaction, settings, 0.0), 0.0)


def within(interaction: Interaction, budget: Budget, now: float) -> Interaction:
    """Return the interaction with what is left of its budget. Raises TransportError NO_SOCKET for nothing."""
    if not interaction.budget_ms:
        return interaction
    bounds = budget.conversation(now)
    socket_ms = 0 if bounds.deadline is None else max(1, int((bounds.deadline - now) * 1000))
    if not bounds.shortened or bounds.timer_ms is None:
        return replace(interaction, socket_timeout_ms=socket_ms)
    return replace(interaction, socket_timeout_ms=socket_ms, execution_timeout_ms=bounds.timer_ms)
