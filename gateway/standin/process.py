"""The stand-in as a whole process: `imsgw standin`."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from gateway.errors import ConfigError
from gateway.standin.config import StandinConfig, load
from gateway.standin.lines import Lines, to_standard_output
from gateway.standin.server import Standin
from gateway.standin.trace import LINES
from gateway.standin.transcript import Transcript
from gateway.tls import StoreError


def run(config_path: Path, trace: int, transcript: Path | None = None) -> int:
    """Run a stand-in until SIGTERM or SIGINT; returns the exit code, 1 when it cannot start.

    Plug-ins are looked for beside the configuration file too. `trace` is 0, 1 (each message with its fields) or
    2 (bytes too). With `transcript` the trace, of level 1 at least, goes to the end of that file instead.
    """
    with Lines(to_standard_output) as console:
        if transcript is None:
            return _run(config_path, trace, console.write, console.write)
        try:
            file = Transcript(transcript)
        except OSError as error:
            _complain(f"cannot write {transcript}: {error.strerror or error}")
            return 1
        with file, Lines(file.write) as lines:
            return _run(config_path, max(trace, LINES), lines.write, console.write)


def _run(config_path: Path, trace: int, write: Callable[[str], None], say: Callable[[str], None]) -> int:
    sys.path.append(str(config_path.parent.absolute()))
    try:
        config = load(config_path)
        standin = Standin(config, trace=trace, write=write)
    except ConfigError as error:
        for problem in error.problems:
            _complain(str(problem) if problem.file else f"{config_path.name}: {problem}".replace(": : ", ": "))
        return 1
    except StoreError as error:
        _complain(f"{config_path.name}: ims_connect.tls: {error}")
        return 1
    try:
        return asyncio.run(_serve(standin, config, config_path.name, say))
    finally:
        standin.close()


async def _serve(standin: Standin, config: StandinConfig, file: str, say: Callable[[str], None]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await standin.start()
    except OSError as error:
        reason = (
            os.strerror(error.errno) if error.errno else str(error)
        )  # asyncio's words say the address again
        _complain(f"{file}: ims_connect.listen: cannot listen on {config.ims_connect.listen}: {reason}")
        return 1
    host, port = standin.address
    settings = config.ims_connect
    stores = " ".join((settings.datastore, *config.datastores))
    say(
        f"IMS Connect stand-in listens on {host}:{port}"
        f" (data store{'s' if config.datastores else ''} {stores}, RACF={'Y' if settings.racf else 'N'},"
        f" OTMA security {settings.otma_security}, {'TLS' if settings.tls else 'plain TCP'})"
    )
    await stop.wait()
    say("stopping")
    await standin.stop()
    return 0


def _complain(line: str) -> None:
    sys.stderr.write(f"{line}\n")
