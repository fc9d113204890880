"""Why ports cannot be used is told as the system says it."""

import socket

from gateway.demo import home
from gateway.demo.home import Ports
from tests.fixtures.ports import free_ports


def test_ports_that_are_free_are_no_trouble():
    assert Ports(*free_ports(6)).trouble() == ""


def test_all_ports_in_use_are_named():
    ports = free_ports(6)
    with socket.create_server(("127.0.0.1", ports[0])), socket.create_server(("127.0.0.1", ports[4])):
        assert Ports(*ports).trouble() == f"Port {ports[0]}, {ports[4]} is in use"


def test_an_address_that_the_machine_does_not_have_is_not_told_as_in_use(monkeypatch):
    monkeypatch.setattr(home, "HOST", "192.0.2.1")
    ports = free_ports(6)
    assert Ports(*ports).trouble() == f"Port {ports[0]} cannot be used: Cannot assign requested address"


def test_a_port_for_the_superuser_alone_is_told_as_such_though_another_is_in_use(monkeypatch):
    ports = free_ports(6)
    bind = socket.socket.bind

    class Guarded(socket.socket):
        def bind(self, address):
            if address[1] == ports[2]:
                raise PermissionError(13, "Permission denied")
            bind(self, address)

    monkeypatch.setattr(home.socket, "socket", Guarded)
    with socket.create_server(("127.0.0.1", ports[0])):
        assert Ports(*ports).trouble() == f"Port {ports[2]} cannot be used: Permission denied"
