import pytest

from gateway import demo


@pytest.fixture
def played(monkeypatch):
    calls = []

    def run(ports, *, once):
        calls.append((ports, once))
        return 1 if ports.https == 1 else 0

    monkeypatch.setattr(demo, "run", run)
    return calls


def test_the_ports_have_defaults_and_options(imsgw, played):
    assert imsgw("demo").exit_code == 0
    imsgw("demo", "--once", "--port", 18443, "--admin-port", 19443, "--standin-port", 19999)
    assert played == [(demo.Ports(8443, 9443, 9999), False), (demo.Ports(18443, 19443, 19999), True)]


def test_its_result_is_the_exit_code(imsgw, played):
    assert imsgw("demo", "--port", 1).exit_code == 1


@pytest.mark.parametrize("port", ["many", "0", "65536", "-1"])
def test_a_port_that_is_none_is_wrong_usage(imsgw, played, port):
    assert imsgw("demo", "--port", port).exit_code == 2
    assert not played
