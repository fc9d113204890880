"""A gateway's master, and a worker, each without processes and the other.

Of the master: its home, and workers that answer as a test has them answer. Of the worker: a home with a
service, and the service around it.
"""

import socket
import threading
from collections.abc import Callable, Mapping

import pytest

from gateway import runtime
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import LimitsSettings, ServerSettings
from gateway.control.server import ControlServer
from gateway.control.words import line_of, object_of
from gateway.preflight.serving import with_applications
from gateway.preflight.still import load_still
from gateway.runtime.master import Coordinator
from gateway.tls import ListenerTls
from gateway.web.environ import ListenerName, Load
from tests.fixtures.clock import SetClock
from tests.fixtures.running_gateway import deploy_lab

GATEWAY = "gateway.toml"
LOCAL = '[server]\nhttps = ""\nhttp = "127.0.0.1:0"\n[admin]\nlisten = ""\n'
BUNDLE = """
[ims_connect]
host = "127.0.0.1"
port = 9999
datastore = "IMS1"
exit = "HWSSMPL1"
[credentials]
user = "GWUSER"
password = "GWPASS1"
"""


class Workers:
    """Stands in for the server: workers that answer at their sockets as a test has them answer."""

    def __init__(self) -> None:
        self.stopped = False
        self.asked: list[tuple[int, str]] = []
        self.replaced: list[int] = []
        self.renewed = 0
        self.answers: dict[tuple[int, str], Callable[[], dict[str, object] | None]] = {}
        """None: it dies before it has answered."""
        self._servers: dict[int, tuple[socket.socket, ControlServer]] = {}
        self.without: list[int] = []
        """Of whom there is no socket."""

    def fork(self, master: Coordinator, age: int) -> None:
        listening = master.before_fork(age)
        assert listening is not None
        server = ControlServer(listening, lambda line: self._answer(age, line), SYSTEM_CLOCK)
        self._servers[age] = listening, server
        server.start()

    def _answer(self, age: int, line: bytes) -> bytes:
        do = object_of(line)["do"]
        self.asked.append((age, do))
        usual = {"prepared": 1} if do == "prepare" else {"done": True}
        said = self.answers.get((age, do), lambda: usual)()
        return b"" if said is None else line_of(said)

    def die(self, age: int) -> None:
        listening, server = self._servers[age]
        server.close()
        listening.close()

    def close(self) -> None:
        for age in self._servers:
            self.die(age)

    def done(self, age: int) -> list[str]:
        return [do for one, do in self.asked if one == age]

    # -- Hands

    def interrupted(self) -> bool:
        return self.stopped

    def renew(self, _home: object, _tls: object) -> None:
        self.renewed += 1

    def workers(self) -> list[int]:
        return sorted((*self._servers, *self.without))

    def replace(self, age: int) -> None:
        self.replaced.append(age)


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    (home / "wsdl").mkdir(parents=True)
    (home / "bundles").mkdir()
    (home / GATEWAY).write_text(LOCAL)
    return home


@pytest.fixture
def workers():
    workers = Workers()
    yield workers
    workers.close()


@pytest.fixture
def coordinator(home, clock: SetClock):
    snapshot, look = load_still(home, None, None)
    return Coordinator(snapshot, look, lambda *_: pytest.fail("builds"), lambda _pid: None, clock)


@pytest.fixture
def master(coordinator, workers):
    coordinator.begin(workers)
    for age in (1, 2):
        workers.fork(coordinator, age)
    yield coordinator
    workers.close()
    coordinator.close()


@pytest.fixture
def reloads(master):
    return master._reloads


class Hanging:
    """Does not come to an end before it is let go; whatever it is called with."""

    def __init__(self) -> None:
        self._go = threading.Event()

    def __call__(self, *_args: object) -> dict[str, object]:
        self._go.wait(60)
        return {}

    def go(self) -> None:
        self._go.set()


@pytest.fixture
def hanging():
    hanging = Hanging()
    yield hanging
    hanging.go()


class Floor:
    """The service around a worker."""

    def __init__(self) -> None:
        self.renewed: list[tuple[ServerSettings, dict[ListenerName, ListenerTls]]] = []
        self.limits = LimitsSettings()

    def renew(
        self, settings: ServerSettings, tls: Mapping[ListenerName, ListenerTls], limits: LimitsSettings
    ) -> None:
        self.renewed.append((settings, dict(tls)))
        self.limits = limits

    def load(self) -> Load:
        return Load(in_work=3, waiting=2, connections=9)


@pytest.fixture
def floor():
    return Floor()


@pytest.fixture
def lab_home(home):
    (home / "bundles/ims1.toml").write_text(BUNDLE)
    deploy_lab(home, "lab", "LabPort")
    return home


@pytest.fixture
def worker(lab_home):
    snapshot, _ = load_still(lab_home, None, None)
    worker = runtime.build(with_applications(snapshot))
    yield worker
    worker.close()
