"""A real server for `test_server`: gunicorn's master and its workers, in a process of their own.

Started with a folder and settings as JSON. Writes `addresses.json` there when it is bound; the port Wait
leaves a file `entered` there and answers once there is a file `go`. A worker cannot be built while there is
a file `broken`; `commands-AGE` has the TCP port at which a worker is to take commands.
"""

import json
import logging
import os
import socket
import sys
import time
from pathlib import Path

from gateway.config.model import AdminSettings, GatewaySettings, Home, ServerSettings
from gateway.exchange import Arrival
from gateway.web import application, server, service
from gateway.web.guards import Answer
from gateway.web.wsgi import FrontDoor, Mounted
from tests.fixtures.pki import keystore

FOLDER = Path(sys.argv[1])
SETTINGS = json.loads(sys.argv[2])


def who(_arrival: Arrival) -> Answer:
    return 200, [], str(os.getpid()).encode()


def wait(_arrival: Arrival) -> Answer:
    (FOLDER / "entered").write_text(str(os.getpid()))
    while not (FOLDER / "go").exists():
        time.sleep(0.01)
    return 200, [], b"waited"


def closed() -> None:
    (FOLDER / f"closed-{os.getpid()}").touch()


class App(FrontDoor):
    """A front door as a worker wants it."""

    def begin(self, floor, control) -> None:
        pass

    def close(self) -> None:
        closed()


class TestMaster:
    """Does as little as a master can, and leaves a trace of what it was told."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self.commands = socket.create_server(("127.0.0.1", 0))

    def begin(self, hands) -> None:
        pass

    def build(self) -> App:
        if SETTINGS.get("fails") or (FOLDER / "broken").exists():
            raise RuntimeError("this build fails")
        answers = {"Who": who, "Wait": wait}
        mounts = [
            Mounted(port, "test", lambda _name, _url: b"<w/>", answer) for port, answer in answers.items()
        ]
        return App(mounts, self._settings)

    def command(self) -> None:
        self.commands.accept()[0].close()

    def reload(self) -> None:
        logging.getLogger("test").info("told to reload")

    def look(self) -> None:
        pass

    def before_fork(self, age: int) -> socket.socket:
        listening = socket.create_server(("127.0.0.1", 0))
        (FOLDER / f"commands-{age}").write_text(str(listening.getsockname()[1]))
        return listening

    def not_forked(self, age: int) -> None:
        pass

    def in_worker(self) -> None:
        self.commands.close()

    def worker_ended(self, pid: int, _age: int) -> None:
        (FOLDER / f"ended-{pid}").touch()


def announce(addresses) -> None:
    part = FOLDER / "addresses.part"
    part.write_text(json.dumps(addresses))
    part.rename(FOLDER / "addresses.json")


def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    application.STUCK_SECONDS = SETTINGS.get("stuck_seconds", application.STUCK_SECONDS)  # type: ignore[misc]
    service.YIELD_SECONDS = SETTINGS.get("yield_seconds", service.YIELD_SECONDS)  # type: ignore[misc]
    service.LEAVE_STEPS = SETTINGS.get("leave_steps", service.LEAVE_STEPS)  # type: ignore[misc]
    store = keystore(Path(SETTINGS["keystore"])) if SETTINGS.get("keystore") else None
    settings = ServerSettings(
        https="127.0.0.1:0" if store else "",
        http="127.0.0.1:0",
        keystore=store,
        **SETTINGS.get("server", {}),
    )
    admin = AdminSettings(listen="127.0.0.1:0" if store else "")
    home = Home(FOLDER, FOLDER, GatewaySettings(server=settings, admin=admin), {}, {})
    server.serve(home, TestMaster(settings), announce)


if __name__ == "__main__":
    main()
