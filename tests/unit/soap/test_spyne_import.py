"""Spyne through its one door: it imports on every Python we support, without warnings, and says nothing."""

import logging
import subprocess
import sys
from pathlib import Path

GATEWAY = Path(__file__).parent.parent.parent.parent / "gateway"


def test_it_imports_in_a_fresh_interpreter_with_every_warning_an_error(tmp_path):
    """Compiled afresh, too: Python warns of escape sequences in Spyne's sources when it compiles them."""
    command = (
        "import gateway.soap.spyne_import as s, spyne.util.six as six; print(six.get_function_name(print))"
    )
    arguments = [sys.executable, "-W", "error", "-X", f"pycache_prefix={tmp_path}", "-c", command]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True, cwd=GATEWAY.parent)
    assert (done.stdout, done.stderr) == ("print\n", "")


def test_no_other_module_imports_spyne():
    importers = {
        path.name
        for path in GATEWAY.rglob("*.py")
        for line in path.read_text().splitlines()
        if line.strip().startswith(("import spyne", "from spyne"))
    }
    assert importers == {"spyne_import.py"}


def test_spyne_s_loggers_are_silent_even_where_somebody_turned_them_up(caplog):
    logger = logging.getLogger("spyne.protocol.soap.soap11.invalid")
    logger.setLevel(logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG):
            logger.critical("a password")
            logging.getLogger("spyne.application").critical("a password")
    finally:
        logger.setLevel(logging.NOTSET)
    assert caplog.records == []
    assert not logging.getLogger("spyne.application").isEnabledFor(logging.CRITICAL)


def test_spyne_never_collects_garbage_between_requests():
    assert float("inf") == sys.modules["spyne.const"].MIN_GC_INTERVAL
