"""The Java stacks: WSS4J makes and judges messages, CXF calls; one JVM for all tests of a process."""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.running_gateway import ENDED_WITH_US, REPOSITORY
from tests.interop.outside import SOURCES, build, need, plain_environment

BUILT = REPOSITORY / "build/java"


class JavaError(Exception):
    """A stack could not do what a job wanted; the text is its own."""


class JavaStacks:
    """Jobs for tests/interop/java: see the comments of its classes for what a job may hold."""

    def __init__(self) -> None:
        command = ["java", "-XX:+UseSerialGC", "-cp", f"{BUILT}/classes:{BUILT}/lib/*", "interop.Main"]
        self._process = subprocess.Popen(
            [*ENDED_WITH_US, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=plain_environment(),
        )

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=30)

    def run(self, **job: Any) -> dict[str, Any]:
        """Do one job; raise JavaError for what a stack throws."""
        pipes = self._process
        assert pipes.stdin is not None
        assert pipes.stdout is not None
        pipes.stdin.write(json.dumps(job) + "\n")
        pipes.stdin.flush()
        answer: dict[str, Any] = json.loads(pipes.stdout.readline())
        if "error" in answer:
            raise JavaError(answer["error"])
        return answer

    def make(self, **job: Any) -> bytes:
        """Return a message made by WSS4J."""
        message: str = self.run(op="make", **job)["message"]
        return message.encode()

    def judge(self, message: bytes, trust: dict[str, str], **job: Any) -> dict[str, Any]:
        """Return what WSS4J says of a message: `accepted` and `covered`, or `reason`."""
        return self.run(op="accept", message=message.decode(), trust=trust, **job)

    def call(self, **job: Any) -> dict[str, Any]:
        """Call a service with CXF; return `reply` or `fault`."""
        return self.run(op="call", **job)


@pytest.fixture(scope="session")
def java() -> Iterator[JavaStacks]:
    """Build the stacks if that is to be done, start the JVM."""
    need("java", "javac", "mvn", "flock")
    build("sh", "build.sh", folder=SOURCES / "java", environment=dict(os.environ))
    stacks = JavaStacks()
    yield stacks
    stacks.close()
