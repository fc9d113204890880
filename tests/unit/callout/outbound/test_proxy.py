"""Proxies on the way to services outside."""

import ssl

import pytest

from gateway.callout.codes import Hope, Status
from tests.fixtures.hostile_service import envelope, rated
from tests.unit.callout.outbound.calls import basic, call, failure
from tests.unit.callout.outbound.proxies import Proxy

pytestmark = pytest.mark.timeout(60)
UNREACHED = (Status.NETWORK, Hope.LATER, False)


def told(error):
    return error.status, error.hope, error.maybe_done


@pytest.fixture
def proxy():
    made = []

    def start(*given, **options):
        made.append(Proxy(*given, **options))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def context(pki):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pki.pem(pki.keys.server))
    return made


def test_a_plain_request_names_the_whole_address_to_the_proxy(calling, proxy, service):
    through = proxy()
    through.answer = envelope(rated(8))
    calling.callout = {"proxy": through.origin}
    answer = calling.caller().call(call(f"{service.origin}/rating?x=1"))
    assert answer.findtext("{*}score") == "8"
    assert through.asked == [f"POST {service.origin}/rating?x=1 HTTP/1.1"]
    assert through.heard[0].headers["host"] == service.origin.removeprefix("http://")
    assert service.connections == 0


def test_tls_goes_through_the_proxy_which_sees_nothing_of_it(calling, proxy, service_factory, context, pki):
    through, service = proxy(), service_factory(tls=context)
    calling.callout = {
        "proxy": through.origin,
        "truststore": pki.truststore(),
        "basic": basic("gw", "secret-1"),
    }
    caller = calling.caller()
    for _ in range(2):
        assert caller.call(call(service.origin)).findtext("{*}score") == "3"
    assert through.asked == [f"CONNECT 127.0.0.1:{service.port} HTTP/1.1"]
    assert "authorization" not in through.heard[0].headers
    assert service.heard[0].basic == "gw:secret-1"


def test_tls_goes_through_a_proxy_with_tls(calling, proxy, service_factory, context, pki):
    through, service = proxy(context), service_factory(tls=context)
    calling.callout = {"proxy": through.origin, "truststore": pki.truststore()}
    caller = calling.caller()
    for _ in range(2):
        assert caller.call(call(service.origin)).findtext("{*}score") == "3"
    assert through.asked == [f"CONNECT 127.0.0.1:{service.port} HTTP/1.1"] * 2


def test_the_service_behind_a_proxy_is_checked_like_any_other(calling, proxy, service_factory, pki):
    strange = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    strange.load_cert_chain(pki.pem(pki.other.server))
    service = service_factory(tls=strange)
    calling.callout = {"proxy": proxy().origin, "truststore": pki.truststore()}
    error = failure(calling.caller(), call(service.origin))
    assert told(error) == UNREACHED
    assert error.text == "the certificate of the web service is not signed by an authority that is trusted"


@pytest.mark.parametrize("inner", ["plain proxy", "proxy with TLS"])
def test_silence_behind_a_proxy_is_cut(calling, proxy, service_factory, context, pki, inner):
    from tests.fixtures.hostile_service import drip

    service = service_factory(drip(), context)
    through = proxy(context if inner == "proxy with TLS" else None)
    calling.callout = {"proxy": through.origin, "truststore": pki.truststore()}
    error = failure(calling.caller(), call(service.origin, 1.0))
    assert told(error) == (Status.NO_RESPONSE, Hope.LATER, True)


def test_a_proxy_with_tls_is_checked_too(calling, proxy, service_factory, context, pki):
    strange = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    strange.load_cert_chain(pki.pem(pki.other.server))
    calling.callout = {"proxy": proxy(strange).origin, "truststore": pki.truststore()}
    error = failure(calling.caller(), call(service_factory(tls=context).origin))
    assert told(error) == UNREACHED
    assert error.text == "the certificate of the proxy is not signed by an authority that is trusted"


@pytest.mark.parametrize("status", ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_proxy_that_refuses_is_an_error_of_the_network(calling, proxy, status):
    calling.callout = {"proxy": proxy(refuse=status).origin}
    error = failure(calling.caller(), call("https://rating.example.com/"))
    assert told(error) == UNREACHED
    assert error.text == f"the proxy does not pass the call on (HTTP {status[:3]})"


def test_a_proxy_that_says_nothing_is_given_up_after_the_time_for_connections(calling, proxy):
    calling.callout = {"proxy": proxy(silent=True).origin}
    error = failure(calling.caller(connect_timeout_ms=300), call("https://rating.example.com/"))
    assert told(error) == (Status.NETWORK, Hope.LATER, False)


def test_a_proxy_that_is_not_there_is_told_from_the_service(calling):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    calling.callout = {"proxy": f"http://127.0.0.1:{port}"}
    error = failure(calling.caller(), call("https://rating.example.com/"))
    assert (told(error), error.text) == (UNREACHED, "the proxy refused the connection")


def test_a_proxy_that_speaks_no_http_is_told_of(calling, service):
    service.greet = lambda link: link.send(b"220 mail.example.com ESMTP\r\n") or link.wait()
    calling.callout = {"proxy": service.origin}
    error = failure(calling.caller(), call("https://rating.example.com/"))
    assert (told(error), error.text) == (UNREACHED, "the proxy does not speak HTTP")


def test_the_service_may_do_without_the_proxy_of_its_bundle(calling, proxy, service):
    through = proxy()
    calling.callout = {"proxy": through.origin}
    calling.caller(proxy="").call(call(service.origin))
    assert (len(service.heard), through.connections) == (1, 0)


def test_the_proxy_of_the_environment_is_not_used(calling, proxy, service, monkeypatch):
    through = proxy()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, through.origin)
    monkeypatch.delenv("no_proxy", raising=False)
    calling.caller().call(call(service.origin))
    assert (len(service.heard), through.connections) == (1, 0)
