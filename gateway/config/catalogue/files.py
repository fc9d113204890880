"""Files, their values, and the secrets in them."""

from gateway.config.catalogue.kind import error, warning

HOME = error("config.home", "no home where one was named", "Name the home with --home DIR or IMSGW_HOME.")
FILE = error("config.file", "a file that cannot be read, or is not TOML", "Correct the line that is named.")
UNKNOWN = error("config.unknown", "a key or table that nothing knows", "Take the spelling that is proposed.")
LATER = error("config.later", "a value of a later version", "Take it out, or update the gateway.")
VALUE = error(
    "config.value",
    "a value of the wrong kind or size, one that is missing, or two of one table that do not fit",
    "Correct the value; the reference of all keys (configuration.md) has what it may be.",
)
SECRET = error(
    "secrets.missing",
    "a secret whose environment variable is not set, or whose file cannot be read",
    "Set the variable where the process is started (what runs has those of its start), or write the file.",
)
NAME = error("config.name", "a name that no bundle or service can have", "Rename the file or folder.")
BUNDLE = error("config.bundle", "a service that names a bundle which is not there", "Correct the name.")
WSDL = error("config.wsdl", "a WSDL file that is not there", "Put it into the folder, or correct `wsdl`.")
CORRELATOR = error(
    "config.correlator",
    "a service's folder without correlator.toml",
    "Write one, or remove the folder; `imsgw service deploy` proposes one.",
)
STATE = error("config.state", "a state folder that can be none", "Name a folder that can be written.")
IGNORED = warning("config.ignored", "a file that is not read", "Rename or remove it.")
WRITABLE = warning(
    "files.writable",
    "configuration that every user of the machine may change",
    "Take the right to write from others: chmod o-w.",
)
LITERAL = warning(
    "secrets.literal",
    "a secret in clear in a configuration file",
    'Write { env = "NAME" } or { file = "PATH" } in its place, and change the secret.',
)
READABLE = warning(
    "secrets.readable",
    "a file with a secret or a private key in clear that every user of the machine can read",
    "Take the right to read from others: chmod o-r.",
)
VOLATILE = warning(
    "state.volatile",
    "a journal in memory (tmpfs): what waits for delivery is lost with the machine or container",
    "Put `state` on a disk or a volume, or the journal into PostgreSQL.",
)
NETWORK = warning(
    "state.network",
    "a state folder on a network file system, where SQLite's locks cannot be relied on",
    "Put `state` on a local disk; several machines share Valkey (replay.store), PostgreSQL (journal.store).",
)
MACHINES = warning(
    "state.machines",
    "one store shared by several machines beside one that is this machine's alone",
    "With several machines take Valkey for `replay.store` and PostgreSQL for `journal.store`.",
)
UNUSED_STORE = warning(
    "unused.store",
    "key and trust stores in keystores/ that nothing names",
    "Remove them: a private key that nobody needs is one that can be stolen.",
)
