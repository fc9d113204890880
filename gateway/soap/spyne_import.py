"""The one door to Spyne: makes it importable on Python 3.12 and later, and keeps it quiet.

Spyne 2.14.0 carries a copy of six that finds its lazy modules by an import hook Python 3.12 dropped. Here
`spyne.util.six` becomes the real six (1.17), with the one addition that copy had. The cgi module, gone in 3.13,
comes from the distribution legacy-cgi.

Spyne logs whole messages, passwords included, when it cannot read them, and the texts of exceptions. Nothing
it has to say gets past the logger "spyne".
"""

import logging
import operator
import sys
import warnings
from importlib import import_module
from types import ModuleType
from typing import Any, Final

_SIX: Final = "spyne.util.six"
_LAZY_MODULES: Final = (
    "moves",
    "moves.collections_abc",
    "moves.http_cookies",
    "moves.urllib",
    "moves.urllib.error",
    "moves.urllib.parse",
    "moves.urllib.request",
)


def _put_six_in_place() -> None:
    if "spyne" in sys.modules:
        return  # somebody imported it first; it either works or has failed there
    six = ModuleType(_SIX)
    six.__dict__.update(vars(import_module("six")), __name__=_SIX)
    six.__dict__["get_function_name"] = operator.attrgetter("__name__")
    sys.modules[_SIX] = six
    for name in _LAZY_MODULES:
        sys.modules[f"{_SIX}.{name}"] = import_module(f"six.{name}")


def _silence() -> None:
    """Turn off what Spyne logs, also where somebody sets levels or handlers below its name."""
    logger = logging.getLogger("spyne")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("spyne."):
            logging.getLogger(name).disabled = True


def _forget(_application: object) -> None:
    """Stand in for Spyne's register of all applications."""


def _fire_event(self: Any, name: str, context: object, *args: object, **kwargs: object) -> None:
    """Stand in for EventManager's own, which makes a set anew for each of a dozen events nobody listens to."""
    for handler in self.handlers.get(name, ()):
        handler(context, *args, **kwargs)


_put_six_in_place()
with warnings.catch_warnings():
    # both only while Spyne's modules are compiled and imported, on 3.11 and 3.12
    warnings.filterwarnings("ignore", message="'cgi' is deprecated", category=DeprecationWarning)
    for _category in (DeprecationWarning, SyntaxWarning):
        warnings.filterwarnings("ignore", message=".*invalid escape sequence", category=_category)
    import spyne.application
    import spyne.const
    import spyne.context
    import spyne.evmgr
    from spyne.application import Application
    from spyne.decorator import rpc
    from spyne.interface import InterfaceDocumentsBase
    from spyne.model.primitive import AnyXml
    from spyne.protocol.soap import Soap11, Soap12
    from spyne.server.wsgi import WsgiApplication
    from spyne.service import Service

_silence()
# Spyne would keep every application for ever, with the text of the stack that it was made by
spyne.application.register_application = _forget
# Spyne would run a full garbage collection between requests, with all threads waiting
spyne.const.MIN_GC_INTERVAL = float("inf")
spyne.evmgr.EventManager.fire_event = _fire_event
# Spyne would hold each of the sixty names that it sets for a request against those that it has set
spyne.context.MethodContext.__setattr__ = object.__setattr__

__all__ = [
    "AnyXml",
    "Application",
    "InterfaceDocumentsBase",
    "Service",
    "Soap11",
    "Soap12",
    "WsgiApplication",
    "rpc",
]
