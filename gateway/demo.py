"""The demonstration: a gateway and a stand-in IMS Connect with keys made on the spot, and calls through both.

It works on a copy of the example home in a temporary folder. The stand-in runs in this process, so that
the table can show what IMS saw; the gateway runs as `imsgw serve` in a process of its own, as users start it.
"""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from gateway import testkeys
from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret
from gateway.soap.client import CallError, ServiceClient, SignOn
from gateway.standin import RunningStandin, load

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 40.0
LOG_TAIL: Final = 4000
"""Characters of the gateway's log that are shown when something went wrong."""
HOST: Final = "127.0.0.1"
BUNDLE_PASSWORD: Final = "GWPASS1"  # noqa: S105  a user of the stand-in, not of any real system
ALICE: Final = SignOn("ALICE", Secret("WONDER1"))
BOB: Final = SignOn("BOB", Secret("BUILDER1"))
WRONG: Final = SignOn("ALICE", Secret("GUESSED1"))


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the three listeners of the demonstration are."""

    https: int
    admin: int
    standin: int


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the demonstration and what must come of it."""

    says: str
    port: str
    operation: str
    values: Mapping[str, str]
    sign_on: SignOn | None
    expected: Callable[[Any], bool]
    """Judges the answer, or the CallError."""


def _entry(**fields: str) -> Callable[[Any], bool]:
    """Expect these fields; an empty element arrives as None."""
    return lambda answer: isinstance(answer, dict) and all((answer[k] or "") == v for k, v in fields.items())


def _fault(code: str) -> Callable[[Any], bool]:
    return lambda answer: isinstance(answer, CallError) and answer.fault_code.endswith(code)


PLAIN: Final = "PhoneBookPort"
SECURE: Final = "SecurePhoneBookPort"
DISPLAY: Final = {"command": "DISPLAY", "lastName": "LAST1"}
NEW: Final = {"lastName": "HOPPER", "firstName": "GRACE", "extension": "8-5-1234", "zipCode": "D05/R05"}

STEPS: Final = (
    Step("look up LAST1", PLAIN, "PhoneBook", DISPLAY, None, _entry(firstName="FIRST1")),
    Step("who am I?", PLAIN, "WhoAmI", {}, None, _entry(user="GWUSER", group="GWGROUP")),
    Step("look up LAST1", SECURE, "PhoneBook", DISPLAY, ALICE, _entry(firstName="FIRST1")),
    Step("who am I?", SECURE, "WhoAmI", {}, ALICE, _entry(user="ALICE", group="")),
    Step("add HOPPER", SECURE, "PhoneBook", {"command": "ADD", **NEW}, BOB, _entry(lastName="HOPPER")),
    Step(
        "look up HOPPER", PLAIN, "PhoneBook", {"command": "DISPLAY", "lastName": "HOPPER"}, None, _entry(**NEW)
    ),
    Step("wrong password", SECURE, "WhoAmI", {}, WRONG, _fault("FailedAuthentication")),
    Step("no token", SECURE, "WhoAmI", {}, None, _fault("InvalidSecurity")),
    Step("unasked token", PLAIN, "WhoAmI", {}, ALICE, _fault("InvalidSecurity")),
)


def run(ports: Ports, *, once: bool) -> int:
    """Run the demonstration; returns the exit code."""
    console = Console()
    if trouble := _trouble(ports):
        console.print(f"{trouble}; see --help for the options that choose others.")
        return 1
    with tempfile.TemporaryDirectory(prefix="imsgw-demo-") as folder:
        stage = Stage(console, Path(folder), ports, Secret(secrets.token_urlsafe(12)))
        console.print(f"Home for the demonstration: {folder} (removed at the end)")
        stage.make_home()
        console.print("Keys made: a test authority and a server key for localhost.")
        with RunningStandin(load(stage.home / "standin.toml")) as standin:
            console.print(f"Stand-in IMS Connect: {HOST}:{ports.standin}")
            return stage.play(standin, once=once)


@dataclass(frozen=True, slots=True)
class Stage:
    """The home of one demonstration, and what is done with it."""

    console: Console
    home: Path
    ports: Ports
    password: Secret

    def make_home(self) -> None:
        """Copy the example home, with our ports and keys of its own."""
        example = example_home()
        for name in ("bundles", "wsdl"):
            shutil.copytree(example / name, self.home / name)
        testkeys.create(self.home / "keystores", password=self.password)
        (self.home / "gateway.toml").write_text(
            f'[server]\nhttps = "{HOST}:{self.ports.https}"\n'
            'keystore = { path = "keystores/server.p12", password = { env = "IMSGW_KEYSTORE_PASSWORD" } }\n'
            f'[admin]\nlisten = "{HOST}:{self.ports.admin}"\n'
        )
        _replace(self.home / "bundles/ims1.toml", r"port = \d+", f"port = {self.ports.standin}")
        shutil.copy(example / "standin.toml", self.home)
        _replace(self.home / "standin.toml", r'listen = ".*"', f'listen = "{HOST}:{self.ports.standin}"')

    def play(self, standin: RunningStandin, *, once: bool) -> int:
        """Start the gateway, show the calls, stay up unless `once`; returns the exit code."""
        interrupt = Interrupt()
        gateway = self._start_gateway()
        try:
            interrupt.arm()
            return self._play(gateway, standin, once=once)
        except KeyboardInterrupt:
            self.console.print("\nStopped before the end.")
            return 1
        finally:
            _stop(gateway)

    def _play(self, gateway: subprocess.Popen[bytes], standin: RunningStandin, *, once: bool) -> int:
        if not self._ready(gateway):
            self._show_log("The gateway did not start; its log says:")
            return 1
        self.console.print(f"Gateway: https://{HOST}:{self.ports.https}/imssoap/\n")
        failed = self._show_calls(standin)
        if failed:
            self._show_log("The gateway's log ends with:")
        if not once:
            self._stay(gateway)
        return 1 if failed else 0

    def _start_gateway(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "IMSGW_KEYSTORE_PASSWORD": self.password.reveal(),
            "IMS1_PASSWORD": BUNDLE_PASSWORD,
            "IMSGW_STATE": str(self.home / "var"),
        }
        with self._log().open("wb") as log:
            return subprocess.Popen(  # noqa: S603  our own program
                [sys.executable, "-m", "gateway", "serve", "--home", str(self.home)],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; we stop the gateway gracefully
            )

    def _log(self) -> Path:
        return self.home / "gateway.log"

    def _show_log(self, title: str) -> None:
        self.console.print(title)
        self.console.print(self._log().read_text()[-LOG_TAIL:], markup=False, soft_wrap=True)

    def _ready(self, gateway: subprocess.Popen[bytes]) -> bool:
        deadline = SYSTEM_CLOCK.monotonic() + START_SECONDS
        pause = threading.Event()
        address = f"https://localhost:{self.ports.https}/readyz"
        while gateway.poll() is None and SYSTEM_CLOCK.monotonic() < deadline:
            try:
                if requests.get(address, verify=str(self.home / "keystores/ca.pem"), timeout=5).ok:
                    return True
            except requests.RequestException:
                pass  # not listening yet
            pause.wait(0.1)
        return False

    def _show_calls(self, standin: RunningStandin) -> int:
        headings = ("", "Call", "Service", "As", "Answer", "What IMS saw")
        columns = [Column(each, overflow="fold") for each in headings]
        table = Table(*columns, title="Calls over HTTPS", box=SIMPLE_HEAD, collapse_padding=True)
        failed = 0
        for step in STEPS:
            before = len(standin.seen)
            answer = self._call(step)
            ok = step.expected(answer)
            failed += not ok
            saw = [f"{seen.transaction} by {seen.user or 'nobody'}" for seen in standin.seen[before:]]
            table.add_row(
                "ok" if ok else "FAILED",
                step.says,
                "plain" if step.port == PLAIN else "secure",
                step.sign_on.user if step.sign_on else "-",
                _shown(answer) if ok else _in_full(answer),
                "; ".join(saw) or "nothing",
            )
        self.console.print(table)
        self.console.print(f"plain: {PLAIN}; secure: {SECURE}, with a UsernameToken")
        self.console.print(f"{len(STEPS) - failed} of {len(STEPS)} calls ended as they should.")
        return failed

    def _call(self, step: Step) -> Any:
        address = f"https://localhost:{self.ports.https}/imssoap/services/{step.port}"
        try:
            with ServiceClient(address, ca=self.home / "keystores/ca.pem", sign_on=step.sign_on) as client:
                return client.call(step.operation, step.values)
        except CallError as error:
            return error

    def _stay(self, gateway: subprocess.Popen[bytes]) -> None:
        self.console.print(
            "\nThe gateway stays up. From another shell:\n\n"
            "  imsgw call PhoneBookPort PhoneBook command=DISPLAY lastName=LAST2 \\\n"
            f"      --server https://localhost:{self.ports.https} --ca {self.home}/keystores/ca.pem\n\n"
            f"WSDL: https://localhost:{self.ports.https}/imssoap/services/PhoneBookPort?wsdl\n"
            f"Log:  {self._log()}\n\nCtrl-C stops everything.",
            soft_wrap=True,
        )
        try:
            gateway.wait()
        except KeyboardInterrupt:
            self.console.print("\nStopping.")
            return
        self._show_log("The gateway has ended by itself; its log says:")


class Interrupt:
    """SIGTERM and Ctrl-C as KeyboardInterrupt, but not before `arm`: the gateway is to be known by then.

    An interrupt in the middle of starting it would let it go on without us.
    """

    def __init__(self) -> None:
        self._armed = self._came = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._take)

    def arm(self) -> None:
        """From now on raise; at once when a signal came before."""
        self._armed = True
        if self._came:
            raise KeyboardInterrupt

    def _take(self, _signal: int, _frame: object) -> None:
        self._came = True
        if self._armed:
            raise KeyboardInterrupt


def example_home() -> Path:
    """Return the folder of the example home: packaged in a wheel, the root of the project in a checkout."""
    packaged = Path(__file__).parent / "example"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent


def _replace(path: Path, pattern: str, text: str) -> None:
    changed, count = re.subn(pattern, text, path.read_text())
    if count != 1:
        raise RuntimeError(f"{path.name} of the example home no longer holds one {pattern}")
    path.write_text(changed)


def _shown(answer: Any) -> str:
    """Say in few words what came: what tells one answer from another."""
    if isinstance(answer, CallError):
        return answer.fault_code.rpartition(":")[2]
    told = (answer.get(name) for name in ("lastName", "firstName", "extension", "user", "group"))
    return " ".join(value for value in told if value)


def _in_full(answer: Any) -> str:
    if isinstance(answer, dict):
        return " ".join(str(value) for value in answer.values() if value)
    return f"fault {answer}"


def _stop(gateway: subprocess.Popen[bytes]) -> None:
    gateway.terminate()
    try:
        gateway.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        gateway.kill()
        gateway.wait()


def _trouble(ports: Ports) -> str:
    wanted = (ports.https, ports.admin, ports.standin)
    if len(set(wanted)) < len(wanted):
        return "The three ports must differ"
    taken = [str(port) for port in wanted if not _is_free(port)]
    return f"Port {', '.join(taken)} is in use" if taken else ""


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
