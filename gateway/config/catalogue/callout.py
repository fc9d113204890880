"""Callout: tpipes, and the services that IMS programs call."""

from gateway.config.catalogue.kind import error, warning

UNHEARD = error(
    "callout.unheard",
    "a consumer whose bundle listens to no tpipe: no program can reach it",
    "Add [callout] with tpipes to the bundle, or name another bundle.",
)
NOBODY = warning(
    "callout.nobody",
    "tpipes of a bundle that no consumer names: they are not listened to",
    "Name the bundle in a consumer's correlator, or take [callout] out.",
)
SAME_NAME = error(
    "callout.same-name",
    "two services that programs call by the same name (WSID) over one bundle",
    "Rename one of the WSDL files.",
)
HIDDEN_NAME = warning(
    "callout.hidden-name",
    "a service's name (WSID) that leads to another one",
    "Rename the WSDL file or the folder.",
)
RAW_UNHEARD = error(
    "tpipes.raw-unheard",
    "messages without an IOGCallout from a tpipe that nobody listens to",
    "Correct the name, or add the tpipe to the bundle.",
)
RAW_SHARED = error(
    "tpipes.raw-shared",
    "messages without an IOGCallout that two services want",
    "Leave [raw.TPIPE] in one of them.",
)
TWO_LISTENERS = warning(
    "tpipes.two-listeners",
    "a tpipe that two bundles listen to",
    "Leave it in one of them, unless IMS has MULTIRTP=Y and it does not matter who gets what.",
)
MIXED_KINDS = warning(
    "tpipes.kinds",
    "synchronous and asynchronous callouts on the same tpipes: they hold each other up",
    "Give each kind tpipes and a bundle of its own, and set callout.requests.",
)
MIXED_SECURITY = warning(
    "tpipes.security",
    "services with and without authentication on the same tpipes",
    "Give each kind tpipes and a bundle of its own.",
)
REROUTED = warning(
    "tpipes.rerouted",
    "undeliverable output rerouted to a tpipe that is listened to for callouts",
    "Choose another reroute_name: its output would be taken for callouts.",
)
RETAINED = warning(
    "callout.retained",
    "messages that cannot be read and come again and again",
    'Set callout.stop_on_error, or nak = "discard".',
)
NO_USER = error(
    "callout.user",
    "a token for asynchronous callouts, of which IMS names no user",
    'Take token = "none" and [security.basic] or a keystore, or an authentication module.',
)
NO_USER_HERE = warning(
    "callout.user-unknown",
    "an operation for asynchronous callouts in a service whose token needs a user",
    "Give asynchronous operations a service of their own, without a token.",
)
UNVOUCHED = warning(
    "callout.vouching",
    "an assertion that goes out with nothing to show who vouches for it",
    "Set security.keystore, or callout.keystore of the bundle.",
)
PLAIN_HOST = warning(
    "plain.hosts",
    "a plain host that a program may name and that would get a password",
    "Take the host out of allowed_hosts, or write it without http://.",
)
OWN_SECRETS = warning(
    "callout.own-hosts",
    "a list of hosts that does not count for a service with secrets of its own",
    "Write allowed_hosts into the service's correlator.",
)
AS_NOBODY = warning(
    "callout.as-nobody",
    "tpipes that are read without a user",
    "Set credentials.user of the bundle.",
)
JOURNAL_DRIVER = error(
    "journal.driver",
    "a journal in PostgreSQL without its driver",
    'Install it: pip install "ims-gateway[postgresql]".',
)
JOURNAL_UNCHECKED = warning(
    "journal.unchecked",
    "messages that travel to a PostgreSQL server nobody checks",
    "Set journal.truststore, or sslmode=verify-full in the address.",
)
