"""Whom services believe."""

from gateway.config.catalogue.kind import error, warning

ANY = warning(
    "trust.any",
    'trust = "any": everybody can make a certificate that is accepted',
    'Take trust = "one" or "chain" with a truststore.',
)
ANY_NAMES = warning(
    "trust.any-names",
    'names of senders beside trust = "any", which everybody can put into a certificate',
    'Name senders by sha256:FINGERPRINT, or take trust = "one" or "chain".',
)
NETWORK = warning(
    "trust.network",
    "assertions that nobody signs, from whoever can connect",
    'Take unsigned_senders = "mtls", or signed = true.',
)
SENDERS = warning(
    "trust.senders",
    "every certificate that is trusted at all may vouch for any user",
    "List in `senders` who may.",
)
ISSUERS = warning(
    "trust.issuers",
    "every certificate that is trusted at all may issue assertions",
    "List in `issuer_certificates` who may.",
)
UNPROTECTED = warning(
    "trust.unprotected",
    "messages whose body nothing but the channel protects, whoever opened it",
    'Take sts_body = "sender-signature" or "tls-client".',
)
UNSEEN = warning(
    "trust.unseen",
    "client certificates that would be needed, and that the gateway never sees",
    "Set `server.client_authentication` or `server.client_certificate_header`.",
)
LEGACY = warning(
    "trust.legacy",
    "SHA-1 and short RSA keys in signatures",
    "Take legacy_algorithms out as soon as the partner can do better.",
)
SUBJECT = error(
    "trust.subject",
    "the name of a certificate that is none",
    "Write it as `imsgw keystore list` shows it.",
)
BACKWARDS = warning(
    "trust.backwards",
    "the subject of a certificate written in reverse, so that it fits nobody",
    "Write it as `imsgw keystore list` shows it, common name first.",
)
IDLE_NAME = warning(
    "trust.idle-name",
    "an entry of `senders` or `issuer_certificates` that no certificate of the truststore can fit",
    "Correct or remove it, or put the certificate into the truststore.",
)
EXPIRED = error(
    "trust.expired",
    "a truststore in which everything has expired: nobody is believed",
    "Put the renewed certificates into it; `imsgw keystore import` does.",
)
NO_AUTHORITY = warning(
    "trust.no-authority",
    'trust = "chain" with a truststore that holds no authority',
    'Put the authority into it, or take trust = "one".',
)
SIGNING_KEY = warning(
    "trust.signing-key",
    "a certificate of the truststore whose key is too weak to sign messages",
    "Ask the partner for another certificate.",
)
CRL = error("crl.unusable", "a revocation list that cannot be read", "Fetch it anew.")
CRL_EXPIRED = warning(
    "crl.expired",
    "a revocation list that is no longer current: what its authority issued is refused",
    "Fetch it anew, before its next update is due each time.",
)
CRL_UNCOVERED = warning(
    "crl.uncovered",
    "a pinned certificate that no revocation list covers: it is refused",
    "Put the list of its issuer into `crl` and the issuer into the truststore.",
)
ROW_NEVER = warning(
    "users.never",
    "a row of the table of users that can fit nobody who calls this service",
    "Correct or remove it.",
)
ROW_SHADOWED = warning(
    "users.shadowed",
    "a row of the table of users that never has its turn, as one before it takes all it fits",
    "Move it up, or remove it.",
)
ROW_DENIED = warning(
    "users.denied",
    "a row of the table of users that leads to a user on its deny list",
    "Remove the row, or the user from `deny`.",
)
