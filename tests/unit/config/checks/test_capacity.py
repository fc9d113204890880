import shutil
from collections.abc import Iterable

import pytest

from gateway.config.check import check_home, open_files, rounding
from gateway.config.checks import capacity
from gateway.config.read import read_home
from gateway.errors import Problem
from gateway.imsconnect.deadlines import judge
from tests.unit.config.homes import BASE, build


@pytest.fixture
def read(tmp_path):
    """Read a home with another correlator."""

    def read(operations, server=""):
        environ = build(BASE, tmp_path / "home")
        head = 'role = "provider"\nwsdl = "phonebook.wsdl"\nbundle = "ims1"\n'
        (tmp_path / "home" / "wsdl" / "phonebook" / "correlator.toml").write_text(head + operations)
        with (tmp_path / "home" / "gateway.toml").open("a") as file:
            file.write(server)
        return read_home(tmp_path / "home", environ=environ)

    return read


ONE = '[operations.One]\ntransaction = "IVTNO"\n'


def texts(problems: Iterable[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def test_the_limit_of_open_files_is_compared_with_what_a_worker_may_need(read):
    home = read(ONE)
    assert texts(check_home(home, open_files(2224))) == []  # 2000 connections, 32 sockets, 192 of its own
    assert texts(check_home(home, open_files(-1))) == []  # RLIM_INFINITY
    assert texts(check_home(home, open_files(2223))) == [
        (
            "gateway.toml: server.worker_connections: warning: a worker may need 2224 open files "
            "(2000 connections, 32 sockets to IMS Connect, 192 of its own); the limit is 2223 (ulimit -n)"
        )
    ]


def test_an_execution_timeout_that_the_timer_cannot_express_is_named_with_the_one_sent(read):
    home = read(ONE + "execution_timeout_ms = 5400\n")
    assert texts(check_home(home, rounding(judge))) == [
        (
            "wsdl/phonebook/correlator.toml: operations.One.execution_timeout_ms: warning: "
            "5400 ms is sent as 5000 ms: IRM_TIMER cannot express it"
        )
    ]


def test_an_execution_timeout_that_is_sent_as_it_is_needs_no_word(read):
    assert texts(check_home(read(ONE), rounding(judge))) == []


def test_a_rounded_timeout_that_reaches_the_socket_timeout_is_an_error(read):
    home = read(ONE + "execution_timeout_ms = 5600\nsocket_timeout_ms = 5900\n")
    assert texts(check_home(home, rounding(judge))) == [
        (
            "wsdl/phonebook/correlator.toml: operations.One.execution_timeout_ms: the socket timer of 5900 ms "
            "is not longer than the execution timer of 5600 ms, which IMS Connect rounds to 6000 ms: the "
            "caller would never learn that IMS was late"
        )
    ]


def test_a_timeout_of_the_defaults_is_named_once_where_it_stands(read):
    defaults = '[operations."*"]\ntransaction = "IVTNO"\nexecution_timeout_ms = 5400\n'
    home = read(defaults + "[operations.One]\n[operations.Two]\nexecution_timeout_ms = 6400\n")
    assert [p.key for p in check_home(home, rounding(judge))] == [
        'operations."*".execution_timeout_ms',
        "operations.Two.execution_timeout_ms",
    ]


def test_several_late_operations_are_one_line_that_names_the_latest(read):
    home = read(
        ONE + "socket_timeout_ms = 40000\n[operations.Two]\ntransaction = 'IVTNO'\nsocket_timeout_ms = 50000\n"
    )
    [problem] = check_home(home)
    assert problem.text.startswith(
        "30 s are too short for 2 operations tables: a request may take 70 s in service phonebook, Two "
    )


def test_a_stop_as_long_as_the_longest_request_fits(read):
    assert texts(capacity.stop(read(ONE + "socket_timeout_ms = 40000\n", "stop_seconds = 60\n"))) == []
    assert texts(capacity.stop(read(ONE + "socket_timeout_ms = 40000\n", "stop_seconds = 59\n"))) != []


def test_sockets_to_every_address_of_a_bundle_need_files(read):
    home = read(ONE)
    address = 'hosts = ["127.0.0.1:9999", "127.0.0.1:9998"]'
    bundle = home.path / "bundles" / "ims1.toml"
    bundle.write_text(bundle.read_text().replace('host = "127.0.0.1"', address).replace("port = 9999\n", ""))
    home = read_home(home.path, environ={"IMS1_PASSWORD": "M4RK3R", "KEYSTORE_PASSWORD": "M4RK3R"})
    assert capacity.files_needed(home) == 2000 + 64 + 192


def test_as_many_connections_as_requests_fit(read):
    assert texts(capacity.connections(read(ONE, "worker_connections = 192\n"))) == []
    assert texts(capacity.connections(read(ONE, "worker_connections = 191\n"))) != []


def test_half_as_many_sockets_as_threads_fit(read):
    assert texts(capacity.pools(read(ONE, "threads = 64\n"))) == []
    assert texts(capacity.pools(read(ONE, "threads = 65\n"))) != []
    assert texts(capacity.pools(read(ONE, "threads = 32\n"))) == []
    assert texts(capacity.pools(read(ONE, "threads = 31\n"))) != []


def test_sockets_stay_under_maxsoc_because_listening_takes_one(read):
    # the base bundle says MAXSOC 100 and has 32 sockets a worker
    assert texts(capacity.maxsoc(read(ONE, "workers = 3\n"))) == []
    assert texts(capacity.maxsoc(read(ONE, "workers = 4\n"))) == [
        (
            "bundles/ims1.toml: ims_connect.maxsoc: 4 workers may open 128 sockets, "
            "which must stay under MAXSOC=100"
        )
    ]


CALLOUT = '[callout]\ntpipes = ["RATING", "REPORTS"]\nconcurrency = 10\n'
CONSUMER = 'role = "consumer"\nwsdl = "rating.wsdl"\nbundles = ["ims1"]\nconcurrency = 5\n[operations."*"]\n'


@pytest.fixture
def read_with_consumer(read):
    """Read a home that has a consumer, and a provider or not."""

    def read_with_consumer(*, provider=True):
        home = read(ONE).path
        with (home / "bundles" / "ims1.toml").open("a") as file:
            file.write(CALLOUT)
        (home / "wsdl" / "rating").mkdir()
        (home / "wsdl" / "rating" / "rating.wsdl").touch()
        (home / "wsdl" / "rating" / "correlator.toml").write_text(CONSUMER)
        if not provider:
            shutil.rmtree(home / "wsdl" / "phonebook")
        return read_home(home, environ={"IMS1_PASSWORD": "M4RK3R", "KEYSTORE_PASSWORD": "M4RK3R"})

    return read_with_consumer


def test_the_callout_process_needs_files_for_listeners_calls_and_services(read_with_consumer):
    home = read_with_consumer()
    assert capacity.callout_files_needed(home) == 32 + 2 + 2 * 10 + 5 + 192
    assert texts(check_home(home, open_files(2224))) == []
    told = texts(check_home(home, open_files(250)))
    assert told == [
        (
            "gateway.toml: callout: warning: the callout process may need 251 open files (sockets to IMS "
            "Connect, listeners, calls in work); the limit is 250 (ulimit -n)"
        ),
        (
            "gateway.toml: server.worker_connections: warning: a worker may need 2224 open files "
            "(2000 connections, 32 sockets to IMS Connect, 192 of its own); the limit is 250 (ulimit -n)"
        ),
    ]


def test_where_nothing_is_served_no_worker_needs_files(read_with_consumer):
    home = read_with_consumer(provider=False)
    assert texts(check_home(home, open_files(251))) == []
    assert texts(check_home(home, open_files(-1))) == []


def test_client_ids_of_the_callout_process_count(read_with_consumer):
    home = read_with_consumer()
    bundle = home.path / "bundles" / "ims1.toml"
    bundle.write_text(bundle.read_text().replace("maxsoc = 100", 'maxsoc = 200\nclient_id_prefix = "GATE"'))
    home = read_home(home.path, environ={"IMS1_PASSWORD": "M4RK3R", "KEYSTORE_PASSWORD": "M4RK3R"})
    (text,) = texts(capacity.client_ids(home))
    assert "for 98 sockets" in text
