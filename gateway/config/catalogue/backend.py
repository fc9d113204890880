"""Bundles, and what is asked of the IMS Connect behind them."""

from gateway.config.catalogue.kind import error, warning

ADAPTER_EXIT = warning(
    "exits.adapter",
    'adapter = "xml" over a bundle whose exit calls no adapter',
    'Use a bundle with exit = "HWSSOAP1".',
)
HWSSMPL0 = warning(
    "exits.hwssmpl0",
    "HWSSMPL0, whose output has no length",
    'Take exit = "HWSSMPL1" and the port that has it.',
)
CONVERTER = warning(
    "names.converter",
    "a converter whose name no converter driver has",
    "Name the driver: the converter's name with D at its end, as the XML converter was generated.",
)
REROUTE = warning(
    "names.reroute",
    "a tpipe for undeliverable output with a name of IMS Connect's own",
    "Choose a name that does not begin with HWS.",
)
PLAIN_PASSWORDS = warning(
    "plain.passwords",
    "RACF passwords in clear on the network",
    "Add [ims_connect.tls] (AT-TLS or SSLPORT at the other end), or a tunnel that ends on this machine.",
)
PLAIN_MARK = warning(
    "plain.mark",
    "the mark of a trusted user in clear: whoever sees it can be any user",
    "Add [ims_connect.tls].",
)
PLAIN_PASSTICKET = warning(
    "plain.passticket",
    "PassTickets in clear that can be used again",
    "Add [ims_connect.tls], or replay_protection = true here and in the profile.",
)
CONFIRM = warning(
    "commit.confirm", "commit mode 0 without confirmation, which is always confirmed", "Take sync_level out."
)
HOLD = warning(
    "commit.hold",
    "output held on tpipes that nobody empties",
    'Take undeliverable = "purge" or "reroute".',
)
TRUSTED_EXIT = error(
    "identity.trusted-exit",
    "a trusted user over an exit that knows none",
    'Use exit = "HWSSMPL0" or "HWSSMPL1" with the site\'s mark, or [passticket].',
)
NETWORK_IDENTITY = warning(
    "effect.network-identity",
    "a distributed identity that the exit does not take",
    "Take network_identity out, or use another exit.",
)
NOTHING_TO_SHOW = warning(
    "identity.nothing-to-show",
    "callers without a RACF password, and a bundle with nothing to show for them: refused with RACF=Y",
    "Add [passticket] (class PTKTDATA) or [trusted_user] to the bundle, unless IMS Connect runs with RACF=N.",
)
NO_PASSWORD = warning(
    "identity.no-password",
    "a bundle whose own user has neither password nor PassTicket nor trusted mark: refused with RACF=Y",
    "Set credentials.password, [passticket] or [trusted_user], unless IMS Connect runs with RACF=N.",
)
