"""What the application behind a worker sees of the service around it, from any thread."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future

from gateway.config.model import LimitsSettings, ServerSettings
from gateway.tls import ListenerTls
from gateway.web.environ import ListenerName, Load
from gateway.web.service import Service


class ServiceFloor:
    """A service on its loop, for the threads beside it."""

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop) -> None:
        self._service = service
        self._loop = loop

    def renew(
        self, settings: ServerSettings, tls: Mapping[ListenerName, ListenerTls], limits: LimitsSettings
    ) -> None:
        """Use other deadlines, limits, certificates, trust from the next connection on; returns then."""
        done: Future[None] = Future()

        def change() -> None:
            self._service.renew(settings, tls, limits)
            done.set_result(None)

        self._loop.call_soon_threadsafe(change)
        done.result()

    def load(self) -> Load:
        """Return how busy the service is."""
        return self._service.load
