"""The stage of the demonstration: the processes, their start and their end."""

import secrets
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from gateway.demo.caller import Cast
from gateway.demo.home import AUDIT, HOST, Ports, add_operator, lay_out
from gateway.demo.interrupt import Interrupt
from gateway.demo.outside import CALLOUTS, Outside
from gateway.demo.partner import Partner, PartnerKeys
from gateway.demo.processes import Program, Programs
from gateway.demo.show import show_callouts, show_record, show_steps
from gateway.demo.steps import ATTACKS, CALLS
from gateway.exchange import Secret
from gateway.standin import RunningStandin, load
from gateway.testkeys import TestKeys

OPERATOR: Final = "demo"
"""Name to sign in with at the console."""
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
            operator = Secret(secrets.token_urlsafe(12))
            add_operator(home, OPERATOR, operator)
        console.print("Keys made: of a test authority, server, client, sender, token service and partner.")
        with RunningStandin(load(home / "standin.toml")) as standin, ExitStack() as running:
            console.print(f"Stand-in IMS Connect: {HOST}:{ports.standin}")
            return Stage(console, home, ports, keys, operator, standin, running).play(once=once)


@dataclass(frozen=True, slots=True)
class Stage:
    """One demonstration whose home is laid out and whose stand-in runs."""

    console: Console
    home: Path
    ports: Ports
    keys: TestKeys
    operator: Secret
    """Password for the console."""
    standin: RunningStandin
    running: ExitStack
    """Stops at the end what was started."""

    def play(self, *, once: bool) -> int:
        """Start the gateway, show the calls, stay up unless `once`; returns the exit code."""
        interrupt = Interrupt()
        try:
            with interrupt.held():
                gateway = self._start("serve")
            return self._play(gateway, interrupt, once=once)
        except KeyboardInterrupt:
            self.console.print("\nStopped before the end.")
            return 1
        finally:
            interrupt.disarm()

    def _play(self, gateway: Program, interrupt: Interrupt, *, once: bool) -> int:
        if not self._ready(gateway, "the gateway with thirteen services", self.ports.https):
            return self._died(gateway, "The gateway")
        self.console.print(f"Gateway: https://{HOST}:{self.ports.https}/imssoap/\n")
        cast = Cast.of(f"https://localhost:{self.ports.https}/imssoap/services", self.keys)
        failed = show_steps(self.console, "Calls over HTTPS", CALLS, cast, self.standin)
        failed += show_steps(self.console, "Attacks and mistakes, all refused", ATTACKS, cast, self.standin)
        self.console.print(
            "none: PhoneBookPort, username: SecurePhoneBookPort, saml20-one: PhoneBookSaml20OnePort, ...\n"
        )
        with interrupt.held():
            partner = self.running.enter_context(self._partner())
            callout = self._start("callout")
        if not self._ready(callout, "the callout process with six services", self.ports.callout):
            return self._died(callout, "The callout process")
        outside = Outside(cast, self.standin, partner, self._programs)
        failed += show_callouts(self.console, "IMS programs call web services", CALLOUTS, outside)
        show_record(self.console, self.home / AUDIT)
        count = len(CALLS) + len(ATTACKS) + len(CALLOUTS)
        self.console.print(f"{count - failed} of {count} calls ended as they should.")
        if failed:
            for program in (gateway, callout):
                self._show(f"{program.log.name} ends with:", program.last_words)
        if not once:
            self._stay(gateway)
        return 1 if failed else 0

    @property
    def _secrets(self) -> dict[str, str]:
        return {"IMSGW_KEYSTORE_PASSWORD": self.keys.server_password.reveal(), "IMS1_PASSWORD": BUNDLE_PASSWORD}

    @property
    def _settings(self) -> str:
        """Settings of a shell for commands on this home; what is secret there ends with the demonstration."""
        settings = {"IMSGW_HOME": str(self.home), **self._secrets}
        if shutil.which("imsgw") is None:  # make demo runs it from an environment that no shell has entered
            settings["PATH"] = f"{Path(sys.executable).parent}:$PATH"
        return " ".join(f'{name}="{value}"' for name, value in settings.items())

    @property
    def _programs(self) -> Programs:
        return Programs(self.home, self._secrets)

    def _start(self, command: str) -> Program:
        program = self._programs.start(command)
        self.running.callback(program.stop)
        return program

    def _partner(self) -> Partner:
        keys = PartnerKeys(self.keys.partner, self.keys.partner_password, self.keys.ca, self.keys.partner_basic)
        return Partner(keys, self.ports.partner, self.ports.partner_certificate)

    def _ready(self, program: Program, what: str, port: int) -> bool:
        with self.console.status(f"Starting {what} ..."):
            return program.is_ready(f"https://localhost:{port}/readyz", self.keys.ca)

    def _died(self, program: Program, name: str) -> int:
        self._show(f"{name} did not start; its log says:", program.last_words)
        return 1

    def _show(self, title: str, text: str) -> None:
        self.console.print(title)
        self.console.print(text, markup=False, soft_wrap=True)

    def _stay(self, gateway: Program) -> None:
        server = f"https://localhost:{self.ports.https}"
        home, password = self.home, self.operator.reveal()
        self.console.print(
            "\nEverything stays up. In another shell, so that commands find this home and its secrets:\n\n"
            f"  export {self._settings}\n\n"
            "Then: imsgw service list, imsgw check --online, imsgw bundle test ims1, ..., and calls:\n\n"
            "  imsgw call PhoneBookPort PhoneBook command=DISPLAY lastName=LAST2 \\\n"
            f"      --server {server} --ca {home}/keystores/ca.pem\n"
            "  DEMO=WONDER1 imsgw call QuotePort Quote rater=rating-basic product=CAR amount=9000 \\\n"
            f"      --user ALICE --password-env DEMO --server {server} --ca {home}/keystores/ca.pem\n\n"
            f"Console: https://localhost:{self.ports.admin}/, name {OPERATOR}, password {password}\n"
            f"WSDL: {server}/imssoap/services/PhoneBookPort?wsdl\n"
            f"Logs: {home}/serve.log, {home}/callout.log; audit: {home}/{AUDIT}\n\nCtrl-C stops everything.",
            soft_wrap=True,
        )
        try:
            gateway.process.wait()
        except KeyboardInterrupt:
            self.console.print("\nStopping.")
            return
        self._show("The gateway has ended by itself; its log says:", gateway.last_words)
