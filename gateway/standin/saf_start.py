"""RACF as a configuration has it at the start."""

from gateway.clock import Clock
from gateway.standin.config_saf import SafTables
from gateway.standin.config_security import SecurityKeys
from gateway.standin.passticket import PassTickets
from gateway.standin.racf import Racf, RacfOptions
from gateway.standin.saf_exits import Exits


def racf_of(config: SafTables, port: SecurityKeys, exits: Exits, clock: Clock) -> Racf:
    """Return the users and profiles of a configuration."""
    mixed_case = config.racf.mixed_case
    options = RacfOptions(
        mixed_case=port.case_rule == "Y" if mixed_case is None else mixed_case,
        max_bad_passwords=port.max_bad_passwords,
        password_history=config.racf.password_history,
        active=config.racf.active,
        verify_exit=exits.verify,
    )
    return Racf(config.users, PassTickets(config.passtickets, clock), options, config.profiles(), clock)
