"""Key stores, trust stores and the certificates in them."""

from gateway.config.catalogue.kind import error, warning

UNUSABLE = error(
    "stores.unusable",
    "a store that cannot be read: wrong password, damaged, empty, key and certificate that do not match",
    "`imsgw keystore list STORE` shows what is in it.",
)
TLS = error(
    "stores.tls",
    "a key or certificate that TLS does not take",
    "Ask for a certificate that the crypto policy takes.",
)
POSTGRESQL = error(
    "stores.postgresql",
    "a truststore that PostgreSQL's client, which reads it by itself, does not take",
    "Write its certificates into one PEM file: `imsgw keystore convert`.",
)
EXPIRED = warning("certificates.expired", "a certificate that has expired", "Renew it.")
NOT_YET = warning(
    "certificates.not-yet",
    "a certificate that is not valid yet",
    "Wait, or look at the clock of this machine.",
)
EXPIRING = warning(
    "certificates.expiring",
    "a certificate that expires within 30 days",
    "Renew it; a store that is replaced in its place counts at once or at the next `imsgw reload`.",
)
WEAK_KEY = warning(
    "certificates.weak-key",
    "RSA below 2048 bits, DSA, or a curve below 256 bits",
    "Ask for a certificate with RSA of 2048 bits or more, or P-256.",
)
WEAK_SIGNATURE = warning(
    "certificates.weak-signature",
    "a certificate that its authority signed with MD5 or SHA-1",
    "Ask the authority for one signed with SHA-256.",
)
USAGE = warning(
    "certificates.usage",
    "a certificate that says it is not for what it is used for here (key usage, extended key usage)",
    "Ask the authority for one for this use.",
)
NAMES = warning(
    "certificates.names",
    "a server certificate without the name that clients call",
    "Ask for a certificate with that subject alternative name, or correct server.public_url.",
)
CHAIN = warning(
    "certificates.chain",
    "a key store without the authorities between its certificate and the root",
    "Add the intermediate certificates to the store: most clients cannot fetch them.",
)
