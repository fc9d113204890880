"""How a test runs a SOAP stack from outside: a small program that makes one call and prints one line of JSON.

The program gets `<base-url> <ca.pem> <service>/<call>/<soap>/<token> [user password]`:
service `plain` or `secure`; call `whoami`, `display`, `unknown` or `invalid`; soap `1.1` or `1.2`;
token `none`, `text`, `digest`, or where the stack can `nonce` (text with a nonce) and `addressed`
(text, beside the headers of WS-Addressing).
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parent
NODE = SOURCES / "node"
CALL_SECONDS = 60
BUILD_SECONDS = 300
"""Less than a test may take (`timeout` in pyproject.toml): what is built may have to be fetched first."""
OLDEST_NODE = (20, 19)


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password of a UsernameToken."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault as the stack shows it; codes without prefix or namespace."""

    code: str
    subcode: str | None
    string: str
    http_status: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call gave: a result or a fault."""

    result: dict[str, Any] | None
    fault: Fault | None


class UnreachableError(Exception):
    """The program got neither reply nor fault; the text is what it wrote to standard error."""


@dataclass(frozen=True, slots=True)
class OutsideClient:
    """A client program, ready to run against one gateway."""

    command: tuple[str, ...]
    base_url: str
    ca: Path

    def call(self, scenario: str, credentials: Credentials | None = None) -> Reply:
        """Make one call."""
        answer = self.run(scenario, credentials)
        return Reply(answer["result"], _fault(answer["fault"]) if answer["fault"] else None)

    def run(self, scenario: str, credentials: Credentials | None = None) -> dict[str, Any]:
        """Make one call in a process of its own; return what the program printed."""
        arguments = [*self.command, self.base_url, str(self.ca), scenario]
        if credentials:
            arguments += [credentials.user, credentials.password]
        done = subprocess.run(
            arguments,
            env=plain_environment(),
            capture_output=True,
            text=True,
            timeout=CALL_SECONDS,
            check=False,
        )
        if done.returncode:
            raise UnreachableError(done.stderr[-4000:])
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def _fault(shown: dict[str, Any]) -> Fault:
    subcode = _local_name(shown["subcode"]) if shown["subcode"] else None
    return Fault(_local_name(shown["code"]), subcode, shown["string"], shown["httpStatus"])


def _local_name(code: str) -> str:
    return re.split(r"[:}]", code)[-1]


def plain_environment() -> dict[str, str]:
    """Return our environment without proxies: everything here is on this machine."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def need(*tools: str) -> None:
    """Skip, or fail where `IMSGW_REQUIRE_TOOLS=1` says that everything is to be there, unless the tools are."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        lack(f"not installed: {', '.join(missing)} (tests/interop/install-tools.sh installs them)")


def lack(reason: str) -> None:
    """Skip with the reason, or fail with it where every tool is required."""
    if os.environ.get("IMSGW_REQUIRE_TOOLS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def install_node(folder: Path) -> Path:
    """Put the programs for node into a folder, with what package-lock.json says; return the folder."""
    need("node", "npm")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_NODE:
        lack(f"node {version.strip()} is too old for node-soap")
    for source in NODE.iterdir():
        if source.is_file():
            shutil.copy(source, folder)
    (folder / "node_modules").symlink_to(_node_modules())
    return folder


def _node_modules() -> Path:
    """Return the folder with what package-lock.json says: fetched once, however many tests and runs need it."""
    lock = (NODE / "package-lock.json").read_bytes()
    kept = SOURCES.parents[1] / "build" / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"
    whole = kept / ".whole"
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not whole.exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(NODE / name, kept)
            install = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
            environment = dict(os.environ)  # with proxies: the registry is not on this machine
            build(*install, folder=kept, environment=environment)
            whole.touch()
    return kept / "node_modules"


def build(*command: str, folder: Path, environment: dict[str, str] | None = None) -> None:
    """Run a step that makes a client; its output is shown when it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment or plain_environment(),
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
