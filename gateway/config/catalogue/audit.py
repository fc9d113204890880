"""The audit trail."""

from gateway.config.catalogue.kind import error, warning

PLACE = error(
    "audit.place",
    "an audit trail in a folder that is read as configuration",
    "Name a file under the state folder, or one outside the home, in `audit.to`.",
)
FILE = error(
    "audit.file",
    "an audit trail that this user cannot write",
    "Make the folder writable for the user that the gateway runs as, or name another file in `audit.to`.",
)
LOSS = warning(
    "audit.loss",
    "requests that go on while they cannot be recorded",
    'Set `audit.on_failure` to "refuse", or watch `imsgw_audit_lost_total`.',
)
AUTHORITIES = warning(
    "audit.authorities",
    "a syslog receiver that any authority of the operating system may vouch for",
    "Name the authority of its certificate in `audit.truststore`.",
)
CLEAR = warning(
    "audit.clear",
    "records that travel over a network in clear",
    "Use a receiver with TLS: `syslog+tls://`.",
)
