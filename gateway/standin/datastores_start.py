"""The data stores of a configuration, and the IMSs behind them, as they are at the start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.standin import plugins
from gateway.standin.builtin import built_in
from gateway.standin.callout_adapter import CalloutAdapter
from gateway.standin.commands import Commands
from gateway.standin.config import ImsConnectPort, StandinConfig
from gateway.standin.config_ims import DataStoreSettings
from gateway.standin.datastores import Availability, DataStore, DataStores
from gateway.standin.descriptors import Descriptors
from gateway.standin.ims import Definitions, Ims
from gateway.standin.phonebook import PhoneBook
from gateway.standin.racf import Racf
from gateway.standin.saf_exits import Exits
from gateway.standin.security import OtmaAuthorization, SignOn
from gateway.standin.tpipes import Tpipes
from gateway.standin.trace import Trace


@dataclass(frozen=True, slots=True)
class DataStoreMaker:
    """Makes data stores. Each IMS gets programs, tpipes and a phone book of its own; users are shared."""

    config: StandinConfig
    racf: Racf
    exits: Exits
    trace: Trace
    tpipes_of: Callable[[str], Tpipes]
    """Makes the tpipes of the IMS behind a data store, by its name."""
    adapter: CalloutAdapter

    def make_all(self, book: PhoneBook) -> DataStores:
        """Return the data stores; `book` is the phone book of the first one. Raises ConfigError."""
        port = self.config.ims_connect
        made = {port.datastore: self._with_ims(port, "", book)}
        for name, settings in self.config.datastores.items():
            if not settings.ims:
                made[name] = self._with_ims(_port(port, name, settings), settings.tmember, PhoneBook())
        for name, settings in self.config.datastores.items():
            if settings.ims:
                made[name] = self._beside(made[settings.ims], _port(port, name, settings), settings.tmember)
            if settings.stopped:
                made[name].go(Availability.STOPPED)
        return DataStores(made)

    def _with_ims(self, port: ImsConnectPort, tmember: str, book: PhoneBook) -> DataStore:
        config, trace = self.config, self.trace
        otma = OtmaAuthorization(port, self.racf, config.otma, tpipe_exit=self.exits.resume_tpipe)
        tpipes = self.tpipes_of(port.datastore)
        own = {name: t.program for name, t in config.transactions.items() if t.program}
        programs = {**built_in(book), **plugins.transactions(own)}
        commands = Commands(tpipes, otma, config.otma, tmember or port.datastore)
        definitions = Definitions(
            programs, config.transactions, Descriptors(config.descriptors), port.datastore, self.adapter
        )
        ims = Ims(definitions, tpipes, trace, commands)
        return DataStore(port, tmember or port.datastore, ims, tpipes, book, self._sign_on(port), otma)

    def _beside(self, other: DataStore, port: ImsConnectPort, tmember: str) -> DataStore:
        name = tmember or other.tmember
        return DataStore(port, name, other.ims, other.tpipes, other.book, self._sign_on(port), other.otma)

    def _sign_on(self, port: ImsConnectPort) -> SignOn:
        return SignOn(port, self.racf, protocol_level=port.protocol_level, security_exit=self.exits.security)


def _port(port: ImsConnectPort, name: str, settings: DataStoreSettings) -> ImsConnectPort:
    """Return the settings of IMS Connect as they are for one data store."""
    own: Mapping[str, object] = {
        key: value
        for key in ("application", "ackto_seconds", "reroute_name", "otma_security")
        if (value := getattr(settings, key)) is not None
    }
    return port.model_copy(update={"datastore": name, **own})
