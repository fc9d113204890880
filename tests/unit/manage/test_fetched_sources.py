"""A contract fetched from its address: with all it imports, from where it may, within bounds."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.manage import fetched_sources
from gateway.manage.download import Fetching
from gateway.manage.fetched_sources import from_url
from gateway.manage.results import ManageError, Why
from gateway.safexml import parse_trusted
from gateway.soap.documents import location_attribute, references
from tests.fixtures.hostile_service import (
    GARBAGE,
    Behaviour,
    Heard,
    Link,
    Service,
    ServiceFactory,
    answer,
    drip,
    drip_header,
    drop_in_body,
    endless,
    gzip_bomb,
    hang,
    redirect,
    status,
)
from tests.fixtures.pki import Pki
from tests.unit.manage.test_sources import schema, wsdl

Pages = dict[str, bytes | Behaviour]


def serving(pages: Pages) -> Behaviour:
    """Answer by path and query; what is not there is 404."""

    def act(link: Link, heard: Heard) -> None:
        found = pages.get(heard.path, status("404 Not Found"))
        (answer(found) if isinstance(found, bytes) else found)(link, heard)

    return act


@pytest.fixture
def pages() -> Pages:
    return {}


@pytest.fixture
def web(service_factory: ServiceFactory, pages: Pages) -> Service:
    return service_factory(serving(pages))


def targets(data: bytes) -> list[str]:
    return [element.get(location_attribute(element)) or "" for element in references(parse_trusted(data))]


def test_a_wsdl_comes_with_all_that_it_imports_under_names_of_one_folder(web: Service, pages: Pages) -> None:
    pages["/ws/Rating.svc?wsdl"] = wsdl("Rating.svc?wsdl=port", f"{web.origin}/types/a.xsd")
    pages["/ws/Rating.svc?wsdl=port"] = wsdl("../types/a.xsd", service=False)
    pages["/types/a.xsd"] = schema("sub/a.xsd")
    pages["/types/sub/a.xsd"] = schema("../a.xsd")
    found = from_url(f"{web.origin}/ws/Rating.svc?wsdl")
    assert found.main == "Rating.wsdl"
    assert sorted(found.files) == ["Rating-wsdl-port.wsdl", "Rating.wsdl", "a-2.xsd", "a.xsd"]
    assert targets(found.files["Rating.wsdl"]) == ["Rating-wsdl-port.wsdl", "a.xsd"]
    assert targets(found.files["a.xsd"]) == ["a-2.xsd"]
    assert targets(found.files["a-2.xsd"]) == ["a.xsd"]
    assert len(web.heard) == 4, "each is fetched once"


def test_a_document_without_references_stays_byte_for_byte(web: Service, pages: Pages) -> None:
    pages["/a.wsdl"] = b"<?xml version='1.0'?>\r\n<!-- x -->" + wsdl()
    assert from_url(f"{web.origin}/a.wsdl").files == {"a.wsdl": pages["/a.wsdl"]}


def test_a_query_of_the_first_address_is_in_no_name_and_no_text(web: Service, pages: Pages) -> None:
    pages["/a?wsdl&key=M4RK3R"] = wsdl("b.xsd")
    pages["/b.xsd"] = schema()
    found = from_url(f"{web.origin}/a?wsdl&key=M4RK3R")
    assert "M4RK3R" not in repr((found.files.keys(), found.origin, found.notes))
    with pytest.raises(ManageError) as told:
        from_url(f"{web.origin}/none?wsdl&key=M4RK3R")
    assert "M4RK3R" not in told.value.text


def test_redirections_are_followed_on_one_host_and_shown(web: Service, pages: Pages) -> None:
    pages["/old"] = redirect("/new/place.wsdl", "301 Moved Permanently")
    pages["/new/place.wsdl"] = wsdl("a.xsd")
    pages["/new/a.xsd"] = schema()
    found = from_url(f"{web.origin}/old")
    assert found.notes == (f"redirected: {web.origin}/old -> {web.origin}/new/place.wsdl",)
    assert sorted(found.files) == ["a.xsd", "old.wsdl"]


def test_another_host_is_asked_only_when_it_was_named(
    web: Service, pages: Pages, service_factory: ServiceFactory
) -> None:
    other = service_factory(serving({"/a.xsd": schema(), "/moved.wsdl": wsdl()}))
    pages["/import.wsdl"] = wsdl(f"{other.origin}/a.xsd")
    pages["/redirect.wsdl"] = redirect(f"{other.origin}/moved.wsdl")
    for page in ("import", "redirect"):
        with pytest.raises(ManageError, match=r"--allow-host 127\.0\.0\.1") as told:
            from_url(f"{web.origin}/{page}.wsdl")
        assert told.value.why is Why.WRONG
    assert not other.heard
    for named in ("127.0.0.1", f"127.0.0.1:{other.port}"):
        assert from_url(f"{web.origin}/import.wsdl", Fetching((named,))).files["a.xsd"] == schema()
    assert from_url(f"{web.origin}/redirect.wsdl", Fetching(("127.0.0.1",))).files == {"redirect.wsdl": wsdl()}


@pytest.mark.parametrize(
    "elsewhere",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/",
        "http://u:M4RK3R@127.0.0.1/x",
        "http://[",
        "data:,x",
    ],
)
def test_only_http_is_ever_followed(web: Service, pages: Pages, elsewhere: str) -> None:
    pages["/import.wsdl"] = wsdl(elsewhere)
    pages["/redirect.wsdl"] = redirect(elsewhere)
    allowed = Fetching(("127.0.0.1", "", "etc"))
    for address in (f"{web.origin}/import.wsdl", f"{web.origin}/redirect.wsdl", elsewhere):
        with pytest.raises(ManageError) as told:
            from_url(address, allowed)
        assert "M4RK3R" not in told.value.text
        assert "root:" not in told.value.text


def test_redirections_have_an_end(web: Service, pages: Pages) -> None:
    pages["/a"] = redirect("/b")
    pages["/b"] = redirect("/a")
    with pytest.raises(ManageError, match="too many redirections"):
        from_url(f"{web.origin}/a")
    assert len(web.heard) == 6


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (status("404 Not Found"), "the server answers 404"),
        (status("500 Internal Server Error"), "the server answers 500"),
        (GARBAGE, "cannot be fetched"),
        (drop_in_body, "cannot be fetched"),
        (endless, "bytes"),
        (gzip_bomb(20_000_000), "breaks the rules"),
        (answer(b"<x/>", "302 Found"), "a redirection to nowhere"),
    ],
    ids=["404", "500", "garbage", "drop", "endless", "gzip", "nowhere"],
)
def test_a_server_that_answers_wrongly_is_told(
    service_factory: ServiceFactory, behaviour: Behaviour, words: str
) -> None:
    web = service_factory(behaviour)
    with pytest.raises(ManageError, match=words) as told:
        from_url(f"{web.origin}/a.wsdl", Fetching(seconds=20))
    assert told.value.why is Why.UNREACHABLE


@pytest.mark.parametrize(
    "behaviour", [hang, drip(0.005), drip_header(0.005)], ids=["hang", "drip", "drip_header"]
)
def test_all_of_it_ends_in_time_however_slowly_a_byte_comes(
    service_factory: ServiceFactory, behaviour: Behaviour
) -> None:
    web = service_factory(behaviour)
    with pytest.raises(ManageError, match=r"in time|too large|breaks the rules"):
        from_url(f"{web.origin}/a.wsdl", Fetching(seconds=0.5))


def test_a_host_that_is_not_there_is_told() -> None:
    with pytest.raises(ManageError, match="cannot be fetched") as told:
        from_url("http://127.0.0.1:1/a.wsdl")
    assert told.value.why is Why.UNREACHABLE


def test_documents_are_bounded_in_number(web: Service, pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched_sources, "MOST_DOCUMENTS", 5)
    pages["/0"] = wsdl("1")
    pages |= {f"/{number}": schema(str(number + 1)) for number in range(1, 20)}
    with pytest.raises(ManageError, match="more than 5 documents"):
        from_url(f"{web.origin}/0")
    assert len(web.heard) == 5


@pytest.fixture
def tls(pki: Pki) -> Callable[[Path], ssl.SSLContext]:
    def context(store: Path) -> ssl.SSLContext:
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(pki.pem(store))
        return made

    return context


def test_https_is_checked_against_the_authorities_that_are_named(
    service_factory: ServiceFactory, pki: Pki, tls: Callable[[Path], ssl.SSLContext]
) -> None:
    web = service_factory(serving({"/a.wsdl": wsdl()}), tls(pki.keys.server))
    assert from_url(f"{web.origin}/a.wsdl", Fetching(ca=pki.keys.ca)).main == "a.wsdl"
    for ca in (None, pki.other.ca):
        with pytest.raises(ManageError, match="not signed by an authority that is trusted"):
            from_url(f"{web.origin}/a.wsdl", Fetching(ca=ca))


def test_https_never_goes_back_to_http(
    web: Service, pages: Pages, service_factory: ServiceFactory, pki: Pki, tls: Callable[[Path], ssl.SSLContext]
) -> None:
    pages["/a.wsdl"] = wsdl()
    secure = service_factory(redirect(f"{web.origin}/a.wsdl"), tls(pki.keys.server))
    with pytest.raises(ManageError, match="redirects from https to http"):
        from_url(f"{secure.origin}/a.wsdl", Fetching(("127.0.0.1",), ca=pki.keys.ca))
    assert not web.heard
