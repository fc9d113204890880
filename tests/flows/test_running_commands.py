"""`imsgw` as people start it: from no keys to a served call, and what it says when something is wrong."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.fixtures.calling import PATIENCE, Caller
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import (
    BUNDLE_PASSWORD,
    ENDED_WITH_US,
    KEYSTORE_PASSWORD,
    REPOSITORY,
    wait_until,
    with_settings,
)

SECRETS = {"IMSGW_KEYSTORE_PASSWORD": KEYSTORE_PASSWORD, "IMS1_PASSWORD": BUNDLE_PASSWORD}


@pytest.fixture
def home(tmp_path):
    """The example home as it is in the repository, on ports of its own: without keys."""
    folder = tmp_path / "home"
    for part in ("bundles", "wsdl"):
        shutil.copytree(REPOSITORY / part, folder / part)
    https, admin = free_ports(2)
    settings = {"server.https": f"127.0.0.1:{https}", "admin.listen": f"127.0.0.1:{admin}"}
    toml = with_settings((REPOSITORY / "gateway.toml").read_text(), settings)
    (folder / "gateway.toml").write_text(toml)
    return folder


def environment(**variables):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IMSGW_", "IMS1_"))}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1", "COLUMNS": "200", **variables}


def imsgw(*arguments, cwd=None, **variables):
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *map(str, arguments)],
        env=environment(**variables),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@contextmanager
def serving(home, log, **variables):
    """Run `imsgw serve` until the block is left."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*ENDED_WITH_US, sys.executable, "-m", "gateway", "serve"],
            env=environment(**variables),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(2 * PATIENCE)


def test_from_no_keys_to_a_gateway_that_serves(home, tmp_path):
    refused = imsgw("serve", cwd=home, **SECRETS)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert (
        "gateway.toml: server.keystore.path: keystores/server.p12 does not exist; "
        "imsgw keystore create-test makes one for tests"
    ) in refused.stderr.splitlines()
    assert imsgw("check", cwd=home, **SECRETS).returncode == 1

    assert imsgw("keystore", "create-test", cwd=home, **SECRETS).returncode == 0
    assert {"ca.pem", "server.p12", "sender.p12"} < {path.name for path in (home / "keystores").iterdir()}
    checked = imsgw("check", cwd=home, **SECRETS)
    assert checked.returncode == 0, checked.stdout

    log = tmp_path / "log"
    with serving(home, log, **SECRETS) as process:
        wait_until(lambda: b"listening for admin" in log.read_bytes(), "a listener")
        port = int(log.read_text().partition("listening for https on 127.0.0.1 port ")[2].partition('"')[0])
        with Caller(f"https://127.0.0.1:{port}", home / "keystores/ca.pem") as caller:
            assert caller.get("/readyz").body == b"ready\n"
            assert b"SecurePhoneBookPort" in caller.get("/imssoap/").body
    assert process.returncode == 0
    assert KEYSTORE_PASSWORD not in log.read_text()


def test_a_missing_environment_variable_is_named_by_serve_and_check_alike(home):
    for command, stream in (("serve", "stderr"), ("check", "stdout")):
        done = imsgw(command, "--home", home)
        assert done.returncode == 1
        lines = getattr(done, stream).splitlines()
        text = "bundles/ims1.toml: credentials.password: environment variable IMS1_PASSWORD is not set"
        assert any(line.removesuffix(" [secrets.missing]") == text for line in lines)
        assert any("IMSGW_KEYSTORE_PASSWORD" in line for line in lines)
        assert any("keystores/server.p12 does not exist" in line for line in lines), "all problems at once"


def test_a_port_in_use_is_named_and_nothing_is_served(home):
    imsgw("keystore", "create-test", "--home", home, **SECRETS)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        toml = home / "gateway.toml"
        toml.write_text(with_settings(toml.read_text(), {"server.https": address}))
        done = imsgw("serve", "--home", home, **SECRETS)
    assert done.returncode == 1
    assert f"gateway.toml: server.https: cannot listen on {address}: Address already in use" in done.stderr


def test_a_wrong_keystore_password_is_named_and_not_shown(home):
    imsgw("keystore", "create-test", "--home", home, **SECRETS)
    wrong = {**SECRETS, "IMSGW_KEYSTORE_PASSWORD": "not-it-at-all"}
    for command in ("serve", "check"):
        done = imsgw(command, "--home", home, **wrong)
        assert done.returncode == 1
        assert "gateway.toml: server.keystore: " in done.stderr + done.stdout
        assert "wrong password" in done.stderr + done.stdout
        assert "not-it-at-all" not in done.stderr + done.stdout


def test_a_call_prints_the_answer_as_json(running_gateway):
    call = ("call", "--server", running_gateway.https_url, "--ca", running_gateway.ca)
    done = imsgw(*call, "PhoneBookPort", "PhoneBook", "command=DISPLAY", "lastName=LAST1")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["firstName"] == "FIRST1"
    done = imsgw(
        *call, "SecurePhoneBookPort", "WhoAmI", "--user", "ALICE", "--password-env", "PW", PW="WONDER1"
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["user"] == "ALICE"


def test_a_call_with_a_wrong_password_says_so_and_ends_with_1(running_gateway):
    done = imsgw(
        "call",
        f"{running_gateway.https_url}/imssoap/services/SecurePhoneBookPort",
        "WhoAmI",
        *("--ca", running_gateway.ca, "--user", "CARL", "--password-env", "PW"),
        PW="WRONG1",
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "FailedAuthentication" in done.stderr
    assert "IGW1304E" in done.stderr
    assert "WRONG1" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("PhoneBookPort", "NoSuchOperation"), "no operation NoSuchOperation"),
        (("NoSuchPort", "PhoneBook"), "services/NoSuchPort (HTTP 404)"),
        (("PhoneBookPort", "PhoneBook", "nonsense=1"), "nonsense"),
        (("PhoneBookPort", "PhoneBook", "command=EXPLODE", "lastName=X"), "IGW1204E"),
        (("SecurePhoneBookPort", "WhoAmI"), "InvalidSecurity"),
    ],
)
def test_a_call_that_fails_says_why_and_ends_with_1(running_gateway, arguments, words):
    done = imsgw("call", "--server", running_gateway.https_url, "--ca", running_gateway.ca, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr


def test_a_call_does_not_trust_an_authority_that_was_not_named(running_gateway):
    done = imsgw("call", "--server", running_gateway.https_url, "PhoneBookPort", "WhoAmI")
    assert done.returncode == 1
    assert "its certificate is not accepted, " in done.stderr
    assert "--ca names a PEM file with its authority" in done.stderr


def test_the_stand_in_says_where_it_listens_and_stops_on_request(tmp_path):
    (port,) = free_ports(1)
    config = tmp_path / "standin.toml"
    config.write_text(f'[ims_connect]\nlisten = "127.0.0.1:{port}"\n')
    command = [*ENDED_WITH_US, sys.executable, "-m", "gateway", "standin", "--config", str(config)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f"listens on 127.0.0.1:{port}" in process.stdout.readline()
        second = imsgw("standin", "--config", config)
        assert (second.returncode, "Address already in use" in second.stderr) == (1, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_a_store_s_password_is_asked_for_at_a_terminal_only(home):
    imsgw("keystore", "create-test", "--home", home, **SECRETS)
    done = imsgw("keystore", "list", home / "keystores/server.p12")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()[-1:]
    assert line.endswith("needs a password, and there is no terminal to ask at; see --help")
    assert "Warning" not in done.stderr
