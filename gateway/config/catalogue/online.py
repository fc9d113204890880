"""What `--online` finds by trying."""

from gateway.config.catalogue.kind import error, warning

NAME = error(
    "online.name",
    "a host name that the system does not know",
    "Correct the name, or the name service of this machine or container.",
)
CONNECT = error(
    "online.connect",
    "an address that takes no connection",
    "Look whether it is up, whether address and port are right, and at firewalls in between.",
)
TIME = error(
    "online.time",
    "an address that does not answer in time",
    "Look whether it is up, and at firewalls that swallow packets; --seconds allows more time.",
)
TLS = error(
    "online.tls",
    "a TLS handshake that fails",
    "Look at what the other side offers: versions, ciphers, whether it wants a client certificate.",
)
UNTRUSTED = error(
    "online.untrusted",
    "a server certificate that the truststore does not lead to",
    "Compare the fingerprint with its owner; then `imsgw keystore import` its authority into the truststore.",
)
SERVER_NAME = error(
    "online.server-name",
    "a server certificate for another name",
    "Use a name that the certificate bears, or set server_name.",
)
EXPIRED = error("online.expired", "a server certificate that is not valid now", "Have it renewed.")
CERTIFICATE = warning(
    "online.certificate",
    "a server certificate that expires soon, or is weak",
    "Have it renewed.",
)
PING = error(
    "online.ping",
    "something that connects and is no IMS Connect, or one that refuses a PING",
    "Look whether port and exit are right.",
)
SIGN_ON = error(
    "online.sign-on",
    "a user and password, or PassTicket, that the other side refuses",
    "Correct them before they are tried often enough for the user to be revoked.",
)
NOT_TRIED = warning(
    "online.not-tried",
    "a sign-on that was not tried, so that no user is revoked",
    "Try it alone later, with `imsgw bundle test`.",
)
SERVICE = error(
    "online.service",
    "a server that connects and does not do its work: no such data store, no Valkey, no such database",
    "Correct what the text names.",
)
ADVICE = warning("online.advice", "a server whose settings do not fit", "Change the setting that is named.")
