"""WSDLs against correlators, and modules of the installation."""

from gateway.config.catalogue.kind import error, warning

REFUSED = error(
    "wsdl.refused",
    "a WSDL or schema that is damaged, or needs a feature that is not supported",
    "Change the element that is named; docs/wsdl-support.md says what is supported.",
)
LEFT_OUT = warning(
    "wsdl.left-out",
    "a part of a WSDL that is not served or not called, or that others may read in another way",
    "Nothing, if nobody needs it; docs/wsdl-support.md says what is supported.",
)
OPERATION = error(
    "contract.operation",
    "settings for an operation that the WSDL does not have",
    "Correct the name of the table.",
)
SETTINGS = error(
    "contract.settings",
    "an operation of the WSDL without settings",
    'Add a table [operations.NAME], or [operations."*"] for all.',
)
PORT = error(
    "contract.port",
    "two services with the same port name, which is their address",
    "Rename the wsdl:port of one of them, or undeploy it.",
)
RAW = error(
    "contract.raw",
    "[raw.TPIPE] that does not fit the WSDL",
    "Correct operation, port or form.",
)
ADDRESS = error(
    "contract.address",
    "an address in the WSDL that cannot be called as the service's security wants it",
    "Correct the address in the WSDL.",
)
PLAIN_BASIC = warning(
    "plain.basic",
    "a password for HTTP Basic in clear on the network",
    "Let the address in the WSDL begin with https.",
)
PLAIN_CERTIFICATE = warning(
    "plain.certificate",
    "a client certificate for an address without TLS",
    "Let the address in the WSDL begin with https.",
)
ONE_WAY = warning(
    "tpipes.one-way",
    "calls that are waited for and one-way calls on the same tpipes: they hold each other up",
    "Give each kind tpipes and a bundle of its own, and set callout.requests.",
)
MODULE = error(
    "modules.authenticator",
    "an authentication module that cannot be made",
    "Install it, or correct its name or options.",
)
