import pytest

from gateway.demo import stage
from gateway.demo.home import Ports

OPTIONS = (
    "--port",
    "--admin-port",
    "--standin-port",
    "--callout-port",
    "--partner-port",
    "--partner-certificate-port",
)


@pytest.fixture
def played(monkeypatch):
    calls = []

    def run(ports, *, once):
        calls.append((ports, once))
        return 1 if ports.https == 1 else 0

    monkeypatch.setattr(stage, "run", run)
    return calls


def test_the_ports_have_defaults_and_options(imsgw, played):
    assert imsgw("demo").exit_code == 0
    chosen = dict(zip(OPTIONS, range(18001, 18007), strict=True))
    imsgw("demo", "--once", *(word for pair in chosen.items() for word in pair))
    assert played == [
        (Ports(8443, 9443, 9999, 9444, 9445, 9446), False),
        (Ports(18001, 18002, 18003, 18004, 18005, 18006), True),
    ]


def test_its_result_is_the_exit_code(imsgw, played):
    assert imsgw("demo", "--port", 1).exit_code == 1


@pytest.mark.parametrize("port", ["many", "0", "65536", "-1"])
def test_a_port_that_is_none_is_wrong_usage(imsgw, played, port):
    assert imsgw("demo", "--port", port).exit_code == 2
    assert not played
