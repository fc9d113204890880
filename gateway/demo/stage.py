"""The stage of the demonstration: the processes, their start and their end."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests
from rich.console import Console

from gateway.clock import SYSTEM_CLOCK
from gateway.demo.caller import Cast
from gateway.demo.home import HOST, Ports, lay_out
from gateway.demo.show import show_steps
from gateway.demo.steps import ATTACKS, CALLS
from gateway.exchange import Secret
from gateway.standin import RunningStandin, load
from gateway.testkeys import TestKeys

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 40.0
LOG_TAIL: Final = 4000
"""Characters of the gateway's log that are shown when something went wrong."""
BUNDLE_PASSWORD: Final = "GWPASS1"  # noqa: S105  a user of the stand-in, not of any real system


def run(ports: Ports, *, once: bool) -> int:
    """Run the demonstration; returns the exit code."""
    console = Console()
    if trouble := ports.trouble():
        console.print(f"{trouble}; see --help for the options that choose others.")
        return 1
    with tempfile.TemporaryDirectory(prefix="imsgw-demo-") as folder:
        home = Path(folder)
        console.print(f"Home for the demonstration: {folder} (removed at the end)")
        with console.status("Making keys ..."):
            keys = lay_out(home, ports, Secret(secrets.token_urlsafe(12)))
        console.print("Keys made: of a test authority, server, client, sender and token service.")
        with RunningStandin(load(home / "standin.toml")) as standin:
            console.print(f"Stand-in IMS Connect: {HOST}:{ports.standin}")
            return Stage(console, home, ports, keys).play(standin, once=once)


@dataclass(frozen=True, slots=True)
class Stage:
    """One demonstration whose home is laid out and whose stand-in runs."""

    console: Console
    home: Path
    ports: Ports
    keys: TestKeys

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
        cast = Cast.of(f"https://localhost:{self.ports.https}/imssoap/services", self.keys)
        failed = show_steps(self.console, "Calls over HTTPS", CALLS, cast, standin)
        failed += show_steps(self.console, "Attacks and mistakes, all refused", ATTACKS, cast, standin)
        self.console.print(
            "none: PhoneBookPort, username: SecurePhoneBookPort, saml20-one: PhoneBookSaml20OnePort, ..."
        )
        count = len(CALLS) + len(ATTACKS)
        self.console.print(f"{count - failed} of {count} calls ended as they should.")
        if failed:
            self._show_log("The gateway's log ends with:")
        if not once:
            self._stay(gateway)
        return 1 if failed else 0

    def _start_gateway(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "IMSGW_KEYSTORE_PASSWORD": self.keys.server_password.reveal(),
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
        with self.console.status("Starting the gateway with twelve services ..."):
            deadline = SYSTEM_CLOCK.monotonic() + START_SECONDS
            pause = threading.Event()
            address = f"https://localhost:{self.ports.https}/readyz"
            while gateway.poll() is None and SYSTEM_CLOCK.monotonic() < deadline:
                try:
                    if requests.get(address, verify=str(self.keys.ca), timeout=5).ok:
                        return True
                except requests.RequestException:
                    pass  # not listening yet
                pause.wait(0.1)
        return False

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


def _stop(gateway: subprocess.Popen[bytes]) -> None:
    gateway.terminate()
    try:
        gateway.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        gateway.kill()
        gateway.wait()
