"""ICAL control data: each tag, what is wrong with it, and hosts that a program may not name.

A refusal is shown by both ends: the program reads the status, the server that it named saw no connection.
"""

import pytest

from tests.fixtures import hostile_service as hostile
from tests.fixtures.callout import GOOD, code, contract, rating, text
from tests.fixtures.callout_wire import RESPONSE
from tests.flows.callout.test_status_codes import failed


@pytest.fixture
def other(service_factory):
    """Another server, which only control data can lead to."""
    return service_factory()


@pytest.fixture
def deploy(lab, service):
    """Deploy the service; `allowed` are the bundle's allowed_hosts."""

    def make(allowed=(), wsdl=None, **tables):
        lab.bundle(callout={"allowed_hosts": list(allowed)})
        lab.service(wsdl or contract("rating", service.origin), **tables)
        return lab.start()

    return make


def section(tag, value):
    return f"<{tag}>{value}</{tag}>"


# -- DFSPORTNAME -----------------------------------------------------------------------------------------------


def test_dfsportname_takes_another_port_of_the_wsdl(lab, service, deploy):
    deploy()
    assert code(lab.call(rating())) == GOOD
    assert code(lab.call(rating(), control=[section("DFSPORTNAME", "RatingPort12")])) == GOOD
    assert [heard.path for heard in service.heard] == ["/rating", "/rating12"]
    assert [heard.soap for heard in service.heard] == [hostile.SOAP11, hostile.SOAP12]


@pytest.mark.parametrize("value", ["", "   "])
def test_1011_dfsportname_has_no_value(lab, service, deploy, value):
    deploy()
    failed(lab.call(rating(), control=[section("DFSPORTNAME", value)]), 1011)
    assert service.connections == 0


@pytest.mark.parametrize("value", ["NoPort", "ratingport", "RatingPort,RatingPort12"])
def test_1010_dfsportname_is_not_in_the_wsdl(lab, service, deploy, value):
    deploy()
    failed(lab.call(rating(), control=[section("DFSPORTNAME", value)]), 1010)
    assert service.connections == 0


def test_the_port_of_another_server_is_the_wsdl_s_own_and_needs_no_leave(lab, service, other, deploy):
    wsdl = contract("rating", service.origin).replace(f"{service.origin}/rating12", f"{other.origin}/rating12")
    deploy(wsdl=wsdl)
    assert code(lab.call(rating(), control=[section("DFSPORTNAME", "RatingPort12")])) == GOOD
    assert len(other.heard) == 1
    assert service.connections == 0


# -- DFSHOSTPORT -----------------------------------------------------------------------------------------------


def test_dfshostport_replaces_scheme_host_and_port_alone(lab, service, other, deploy):
    deploy(allowed=[other.origin])
    assert code(lab.call(rating(), control=[section("DFSHOSTPORT", other.origin)])) == GOOD
    assert [heard.path for heard in other.heard] == ["/rating"], "the path is that of the WSDL"
    assert service.connections == 0


def test_1901_dfshostport_names_a_host_that_is_not_allowed(lab, service, other, deploy):
    deploy()
    failed(lab.call(rating(), control=[section("DFSHOSTPORT", other.origin)]), 1901)
    assert other.connections == 0
    assert service.connections == 0
    assert code(lab.call(rating())) == GOOD


def test_1901_another_port_of_the_same_host_is_another_server(lab, service, other, deploy):
    deploy(allowed=["http://127.0.0.1:1"])
    failed(lab.call(rating(), control=[section("DFSHOSTPORT", other.origin)]), 1901)
    assert other.connections == 0


@pytest.mark.parametrize(
    "value",
    ["http://localhost:{port}", "http://127.1:{port}", "http://2130706433:{port}", "http://[::1]:{port}",
     "http://[::ffff:127.0.0.1]:{port}", "http://0x7f000001:{port}"],
)  # fmt: skip
def test_other_spellings_of_a_host_are_other_hosts_or_none(lab, service, other, deploy, value):
    """Allowed is 127.0.0.1 with this port, and nothing else that leads there."""
    deploy(allowed=[other.origin])
    answer = lab.call(rating(), control=[section("DFSHOSTPORT", value.format(port=other.port))])
    assert answer.extended_reason in {1901, 1014, 1015}, text(answer)
    assert other.connections == 0


@pytest.mark.parametrize(
    "value",
    [
        "http://1.2.3.999:80",
        "http://256.1.1.1:80",
        "http://1.2.3:80",
        "https://[::g]:443",
        "http://[1::2::3]:80",
    ],
)
def test_1014_dfshostport_has_an_ip_address_that_is_none(lab, service, deploy, value):
    deploy(allowed=["1.2.3.999:*", "http://256.1.1.1:*"][:0])
    failed(lab.call(rating(), control=[section("DFSHOSTPORT", value)]), 1014)
    assert service.connections == 0


@pytest.mark.parametrize(
    "value",
    [
        "http://ho st:80",
        "http://-/:80",
        "http://a..b:80",
        "http://ex\xe4mple.com:80",
        "http://" + "a" * 64 + ".com:80",
    ],
)
def test_1015_dfshostport_has_a_host_name_that_is_none(lab, service, deploy, value):
    deploy()
    answer = lab.call(rating(), control=[section("DFSHOSTPORT", value)])
    assert answer.extended_reason in {1015, 1902}, text(answer)
    assert service.connections == 0


def test_1015_a_host_name_with_a_label_that_is_none(lab, service, deploy):
    deploy()
    failed(lab.call(rating(), control=[section("DFSHOSTPORT", "http://a..b:80")]), 1015)


@pytest.mark.parametrize(
    "value",
    ["ftp://127.0.0.1:{port}", "127.0.0.1:{port}", "file:///etc/passwd", "http://127.0.0.1:0",
     "http://127.0.0.1:65536", "http://127.0.0.1:{port}/other", "http://user@127.0.0.1:{port}",
     "http://127.0.0.1:{port}?x", "gopher://127.0.0.1:{port}", "http://127.0.0.1:{port}#@example.com",
     "http://allowed.example.com@127.0.0.1:{port}", "http:\\\\127.0.0.1:{port}"],
)  # fmt: skip
def test_1902_dfshostport_is_no_address(lab, service, other, deploy, value):
    deploy(allowed=[other.origin])
    answer = lab.call(rating(), control=[section("DFSHOSTPORT", value.format(port=other.port))])
    failed(answer, 1902)
    assert other.connections == 0
    assert service.connections == 0


def test_1012_dfshostport_has_no_value(lab, service, deploy):
    deploy()
    failed(lab.call(rating(), control=[section("DFSHOSTPORT", "")]), 1012)
    assert service.connections == 0


# -- DFSENDPOINTURL --------------------------------------------------------------------------------------------


def test_dfsendpointurl_replaces_the_whole_address(lab, service, other, deploy):
    deploy(allowed=[other.origin])
    url = f"{other.origin}/somewhere/else?version=2"
    assert code(lab.call(rating(), control=[section("DFSENDPOINTURL", url)])) == GOOD
    assert [heard.path for heard in other.heard] == ["/somewhere/else?version=2"]
    assert service.connections == 0


def test_dfsendpointurl_may_name_another_path_of_the_wsdl_s_own_server(lab, service, deploy):
    deploy()
    assert code(lab.call(rating(), control=[section("DFSENDPOINTURL", f"{service.origin}/v2")])) == GOOD
    assert [heard.path for heard in service.heard] == ["/v2"]


@pytest.mark.parametrize("value", ["", "  "])
def test_1013_dfsendpointurl_has_no_value(lab, service, deploy, value):
    deploy()
    failed(lab.call(rating(), control=[section("DFSENDPOINTURL", value)]), 1013)
    assert service.connections == 0


def test_1901_dfsendpointurl_names_a_host_that_is_not_allowed(lab, service, other, deploy):
    deploy()
    failed(lab.call(rating(), control=[section("DFSENDPOINTURL", f"{other.origin}/rating")]), 1901)
    assert other.connections == 0
    assert service.connections == 0


@pytest.mark.parametrize("url", ["http://1.2.3.999/x", "https://300.1.1.1:8443/"])
def test_1014_dfsendpointurl_has_an_ip_address_that_is_none(lab, service, deploy, url):
    deploy()
    failed(lab.call(rating(), control=[section("DFSENDPOINTURL", url)]), 1014)


@pytest.mark.parametrize("url", ["http://a..b/x", "https://under(score)/"])
def test_1015_dfsendpointurl_has_a_host_name_that_is_none(lab, service, deploy, url):
    deploy()
    failed(lab.call(rating(), control=[section("DFSENDPOINTURL", url)]), 1015)


@pytest.mark.parametrize(
    "url",
    ["/rating", "rating", "javascript:alert(1)", "http://u:p@127.0.0.1:{port}/", "http://127.0.0.1:{port}/#x"],
)
def test_1902_dfsendpointurl_is_no_address(lab, service, other, deploy, url):
    deploy(allowed=[other.origin])
    failed(lab.call(rating(), control=[section("DFSENDPOINTURL", url.format(port=other.port))]), 1902)
    assert other.connections == 0


def test_a_redirection_from_an_allowed_host_is_not_followed(lab, service, other, deploy):
    deploy(allowed=[])
    service.behave = hostile.redirect(f"{other.origin}/rating")
    failed(lab.call(rating()), 1002)
    assert other.connections == 0


# -- DFSCNVTR --------------------------------------------------------------------------------------------------


def test_dfscnvtr_names_the_converter_of_the_response(lab, service, tap_of):
    """HWSSOAP1's user message holds adapter and converter at 100 and 108 (IRM_TAG_ADAPT, IRM_TAG_MAP)."""
    tap = tap_of(lab.standin)
    lab.bundle(ims_connect={"exit": "HWSSOAP1", "host": tap.host, "port": tap.port})
    lab.service(contract("rating", service.origin), operations={"adapter": "xml", "converter": "DEFAULTD"})
    lab.start()
    lab.ical(rating(), timeout_seconds=2.0).result(20)
    lab.ical(rating(), control=[section("DFSCNVTR", "OTHERD")], timeout_seconds=2.0).result(20)
    named = [one.data[108:116].decode("cp037").rstrip() for one in tap.of(RESPONSE)]
    assert named == ["DEFAULTD", "OTHERD"]
    assert {one.data[100:108].decode("cp037") for one in tap.of(RESPONSE)} == {"HWSXMLA0"}


@pytest.mark.parametrize("value", ["TOOLONGNAMED", "ENDSINX", "lowerd", "A-BD"])
def test_1904_dfscnvtr_is_no_name_of_a_converter(lab, service, deploy, value):
    deploy()
    failed(lab.call(rating(), control=[section("DFSCNVTR", value)]), 1904)
    assert service.connections == 0


@pytest.mark.parametrize("value", ["", "   "])
def test_an_empty_dfscnvtr_is_refused(lab, service, deploy, value):
    deploy()
    answer = lab.call(rating(), control=[section("DFSCNVTR", value)])
    assert answer.extended_reason in {1012, 1904}, text(answer)
    assert service.connections == 0


# -- several tags, and tags that are wrong ---------------------------------------------------------------------


def test_1012_a_tag_twice(lab, service, deploy):
    deploy()
    twice = [section("DFSPORTNAME", "RatingPort"), section("DFSPORTNAME", "RatingPort12")]
    failed(lab.call(rating(), control=twice), 1012)
    assert service.connections == 0


def test_1012_a_value_longer_than_any_address(lab, service, deploy):
    deploy()
    failed(lab.call(rating(), control=[section("DFSENDPOINTURL", "http://h/" + "x" * 5000)]), 1012)


def test_1012_a_tag_in_lower_case(lab, service, deploy):
    deploy()
    failed(lab.call(rating(), control=[section("dfsportname", "RatingPort12")]), 1012)
    assert service.connections == 0


def test_a_tag_of_the_program_s_own_changes_nothing(lab, service, deploy):
    deploy()
    assert code(lab.call(rating(), control=[section("MYTAG", "whatever")])) == GOOD
    assert [heard.path for heard in service.heard] == ["/rating"]


def test_an_endpoint_url_counts_before_port_name_and_host_port(lab, service, other, deploy):
    deploy(allowed=[other.origin])
    control = [
        section("DFSPORTNAME", "RatingPort12"),
        section("DFSHOSTPORT", service.origin),
        section("DFSENDPOINTURL", f"{other.origin}/all"),
    ]
    assert code(lab.call(rating(), control=control)) == GOOD
    assert [heard.path for heard in other.heard] == ["/all"]
    assert [heard.soap for heard in other.heard] == [hostile.SOAP12], "the port still says how it is called"
    assert service.connections == 0


def test_one_forbidden_tag_is_enough(lab, service, other, deploy):
    """Whatever another tag would have made of it."""
    deploy()
    control = [section("DFSPORTNAME", "RatingPort"), section("DFSHOSTPORT", other.origin)]
    failed(lab.call(rating(), control=control), 1901)
    assert other.connections == 0
    assert service.connections == 0


@pytest.mark.parametrize(
    "length", [0, 2, 12, 14, 5000], ids=["none", "short", "by one less", "by one more", "far"]
)
def test_1012_the_length_of_a_tag_is_wrong(lab, service, breaking_proxy, length):
    """CTL_HDRLEN is not the length of the opening tag; the message comes once, and the tpipe goes on."""
    proxy = breaking_proxy(lab.standin.host, lab.standin.port)

    def break_length(data):
        start = data.find("*CTLDAT*".encode("cp037"))
        if start < 0:
            return data
        place = start + 12  # behind the id and four reserved bytes
        assert int.from_bytes(data[place : place + 4]) == len("<DFSPORTNAME>")
        return data[:place] + length.to_bytes(4) + data[place + 4 :]

    proxy.garble(break_length)
    lab.bundle(ims_connect={"host": proxy.host, "port": proxy.port})
    lab.service(contract("rating", service.origin))
    lab.start()
    failed(lab.call(rating(), control=[section("DFSPORTNAME", "RatingPort12")]), 1012)
    assert service.connections == 0
    assert code(lab.call(rating())) == GOOD
