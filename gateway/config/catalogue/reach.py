"""Listeners, and who can reach which service."""

from gateway.config.catalogue.kind import error, warning

KEYSTORE = error(
    "listeners.keystore",
    "a listener with TLS that has no key",
    "Set `server.keystore`; `imsgw keystore create-test` makes one to try.",
)
ADDRESS = error("listeners.address", "two listeners at one address", "Give one of them another port.")
CALLOUT_ADDRESS = warning(
    "listeners.callout-address",
    "an address that `imsgw serve` and `imsgw callout` both want",
    "Give `callout.listen` another port, unless the two run on different machines.",
)
HTTPS = error(
    "reach.https",
    "a service with a token, and no listener with TLS: nobody can reach it",
    "Set `server.https`, or have a trusted proxy end TLS before `server.http`.",
)
PUBLIC_URL = warning(
    "reach.public-url",
    "a service with a token whose WSDL would send clients to plain HTTP",
    "Let `server.public_url` begin with https.",
)
SENDERS = error(
    "reach.senders",
    "a service that needs TLS client certificates which the gateway never sees: every message is refused",
    "Set `server.client_authentication` to optional or required, or `server.client_certificate_header`.",
)
TRUSTED = error(
    "reach.trusted",
    "a list of senders or issuers in which nobody of the truststore stands: every message is refused",
    "Correct the names (`imsgw keystore list STORE` shows them), or put the certificates into the truststore.",
)
STOPPED = warning(
    "reach.stopped",
    "a service that is switched off while others still count on it",
    "`imsgw service start NAME`, or undeploy it.",
)
EVERYWHERE = warning(
    "proxies.everywhere",
    "every address counts as a trusted proxy",
    "List the networks of your proxies only.",
)
EVERYWHERE_CERTIFICATES = error(
    "proxies.certificates",
    "every address counts as a trusted proxy, and may say whose client certificate it saw",
    "List the networks of your proxies only.",
)
PLAIN_PROXY = warning(
    "proxies.plain",
    "passwords in clear between a proxy and the gateway",
    "Let the proxy speak TLS to `server.https`, or run it on this machine.",
)
ADMIN = warning(
    "admin.public",
    "an admin listener that other machines reach, and no account to sign in with",
    "Make one (`imsgw admin`), or let `admin.listen` be an address of this machine alone.",
)
ACCOUNTS = warning(
    "admin.accounts",
    "a file of accounts with a mistake: nobody can sign in until it is right",
    "Correct the line that is named, or have `imsgw admin` write the file.",
)
READABLE_ACCOUNTS = warning(
    "admin.readable",
    "hashes of passwords that every user of the machine can read",
    "Take the right to read from others: chmod o-r.",
)
TOKEN = warning(
    "admin.token",
    "a token of the management API that has expired, or will within 30 days",
    "Make a new one for the program (`imsgw admin token`), or remove it.",
)
SSO = error(
    "admin.sso",
    "single sign-on of the console by which nobody could sign in",
    "Get the identity provider's metadata anew, and compare what it says with `[admin.sso]`.",
)
CLIENT_AUTHENTICATION = warning(
    "effect.client-authentication",
    "client certificates asked for by a listener that does not exist",
    "Set `server.https`, or take the key out.",
)
EFFECT = warning(
    "effect.setting",
    "a key that was set and does nothing beside the others: whoever wrote it expects more",
    "Take it out, or change what stands in its way.",
)
NO_SERVICE = warning("unused.home", "a home without services", "Deploy one: `imsgw service deploy WSDL`.")
BUNDLE = warning("unused.bundle", "a bundle that no service uses", "Remove it, or name it in a correlator.")
