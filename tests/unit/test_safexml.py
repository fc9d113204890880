"""The hardened parser: encodings, bounds, refusals."""

import resource
import subprocess
import sys
import threading
import tracemalloc

import pytest

from gateway import parsing, safexml
from gateway.errors import GatewayError, M
from gateway.safexml import Bounds, SchemaError, compile_schema, is_element, parse, parse_trusted, serialize
from gateway.soap.documents import line_of

SMALL = Bounds(max_bytes=100_000, max_depth=5, max_elements=10, max_attributes=4)


def refused(data: bytes, bounds: Bounds = SMALL, charset: str | None = None) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        parse(data, bounds, charset)
    return caught.value


# -- encodings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        (b"<a>\xc3\xa4</a>", None),
        (b"<a>\xc3\xa4</a>", "utf-8"),
        (b"<a>\xc3\xa4</a>", "UTF8"),
        (b"\xef\xbb\xbf<a>\xc3\xa4</a>", "Utf-8"),
        (b'<?xml version="1.0" encoding="utf-8"?><a>\xc3\xa4</a>', "utf-8"),
        (b"<?xml version='1.0'  standalone = \"no\" ?><a>\xc3\xa4</a>", None),
        (b"\xff\xfe<\0a\0>\0\xe4\0<\0/\0a\0>\0", None),
        (b"\xff\xfe<\0a\0>\0\xe4\0<\0/\0a\0>\0", "utf-16"),
        (b"\xff\xfe<\0a\0>\0\xe4\0<\0/\0a\0>\0", "utf-16le"),
        (b"\xfe\xff\0<\0a\0>\0\xe4\0<\0/\0a\0>", "UTF-16BE"),
    ],
)
def test_the_same_text_is_read_from_every_encoding_that_agrees_with_itself(data, charset):
    assert parse(data, SMALL, charset).text == "\u00e4"


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        (b"<a/>", "utf-16"),
        (b"<a/>", "iso-8859-1"),
        (b"<a/>", "us-ascii"),
        (b"<a/>", ""),
        (b"<a/>", "utf-7"),
        (b"\xff\xfe<\0a\0/\0>\0", "utf-8"),
        (b"\xff\xfe<\0a\0/\0>\0", "utf-16be"),
        (b"<\0a\0/\0>\0", None),
        (b"\0<\0a\0/\0>", "utf-16be"),
        (b"\xff\xfe\0\0<\0\0\0", None),
        (b"\0\0\xfe\xff\0\0\0<", None),
        (b'<?xml version="1.0" encoding="utf-16"?><a/>', None),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', None),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', None),
        (b'<?xml version="1.0" encoding="cp037"?><a/>', None),
        ('<?xml version="1.0" encoding="utf-8"?><a/>'.encode("utf-16"), None),
        (b"<a>\xe4</a>", None),
        (b"<a>\xc0\x80</a>", None),
        (b"<a>\xed\xa0\x80</a>", None),
        (b"\xff\xfe<\0a\0/\0>", None),
        (b"\xff\xfe<\0a\0>\0\x00\xd8<\0/\0a\0>\0", None),
        ("<a>hello</a>".encode("cp037"), None),
    ],
)
def test_an_encoding_that_is_not_read_or_contradicts_itself_is_refused(data, charset):
    assert refused(data, charset=charset).message is M.CHARSET


def test_line_numbers_survive_a_declaration_of_several_lines():
    data = b'<?xml version="1.0"\n encoding="utf-8"\n?>\n<a>\n<b>\n</a>'
    assert refused(data).fields["reason"].startswith("line 6,")
    assert line_of(parse(data.replace(b"<b>", b"<b/>"), SMALL)[0]) == 5


@pytest.mark.parametrize(
    "declaration",
    [
        '<?xml version="1.1"?>',
        '<?xml version="2.0"?>',
        "<?xml?>",
        '<?xml encoding="utf-8"?>',
        '<?xml version="1.0" encoding=""?>',
        '<?xml version="1.0" encoding="utf-8\'?>',
        '<?xml version="1.0" standalone="maybe"?>',
        '<?xml version="1.0" standalone="yes" encoding="utf-8"?>',
        '<?xml version="1.0" encoding="utf-8" more="1"?>',
        '<?xml version="1.0" version="1.0"?>',
        '<?xml version="1.0"? >',
        '<?xml version="1.0"',
        '\n<?xml version="1.0"?>',
        '<?XML version="1.0"?>',
    ],
)
def test_an_xml_declaration_that_is_not_in_order_is_refused(declaration):
    assert refused(f"{declaration}<a/>".encode()).message in {M.NOT_XML, M.PROCESSING_INSTRUCTION}


# -- what XML has and messages must not ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a><a/>",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>",
        b"<!-- - --><!DOCTYPE a><a/>",
        b"\n\n<!DOCTYPE a [<!ATTLIST a id ID #IMPLIED>]><a/>",
        b"<a/><!DOCTYPE a>",
        b"<a><!DOCTYPE a></a>",
    ],
)
def test_a_document_type_is_refused_wherever_it_stands(data):
    assert refused(data).message is M.DOCTYPE
    with pytest.raises(GatewayError) as caught:
        parse_trusted(data)
    assert caught.value.message is M.DOCTYPE


@pytest.mark.parametrize("data", [b"<?x?><a/>", b"<a><?x y?></a>", b"<a/><?x?>", b"<a><?xml-stylesheet ?></a>"])
def test_a_processing_instruction_is_refused_in_messages_and_kept_in_files_of_ours(data):
    assert refused(data).message is M.PROCESSING_INSTRUCTION
    assert parse_trusted(data).tag == "a"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"text",
        b"<a>",
        b"</a>",
        b"<a></b>",
        b"<a></a></a>",
        b"<a></a></a><b c='d'>",
        b"<a/><b/>",
        b"<a/>x",
        b"x<a/>",
        b"<a>&lt</a>",
        b"<a>&undefined;</a>",
        b"<a>& b</a>",
        b"<a>&#0;</a>",
        b"<a>&#x1;</a>",
        b"<a>&#xD800;</a>",
        b"<a>&#99999999;</a>",
        b"<a>\x00</a>",
        b"<a>\x08</a>",
        b"<a>\xef\xbf\xbe</a>",
        b"<a>]]></a>",
        b"<a><!-- -- --></a>",
        b"<a><!-- --->x</a>",
        b"<a><!-- </a>",
        b"<a><![CDATA[ </a>",
        b"<a><![cdata[]]></a>",
        b"<![CDATA[]]><a/>",
        b"<a b/>",
        b"<a b=c/>",
        b"<a b='<'/>",
        b"<a b='&'/>",
        b"<a b='&x;'/>",
        b"<a b='1'c='2'/>",
        b"<a b='1' b='2'/>",
        b"<a b='1/>",
        b"< a/>",
        b"<a / >",
        b"<1a/>",
        b"<a:b/>",
        b"<a xmlns:b=''/>",
        b"<a xmlns:b='u' xmlns:c='u' b:x='1' c:x='2'/>",
        b"<a><b xml:id='x'/><b xml:id='x'/></a>",
        b"<a>\xef\xbb\xbf</a>\xef\xbb\xbf",
        b"<!ELEMENT a ANY><a/>",
    ],
)
def test_what_is_not_well_formed_is_refused_with_its_place_only(data):
    error = refused(data)
    assert error.message is M.NOT_XML
    assert error.fields["reason"].startswith("line ")
    assert error.private == ""


@pytest.mark.parametrize(
    "data", ["\ufeff\ufeff<a/>", "<?xml version='1.0'?>\ufeff<a/>", "\ufeff<?xml version='1.0'?>\ufeff<a/>"]
)
def test_a_byte_order_mark_stands_at_the_very_beginning_and_once(data):
    assert refused(data.encode()).message is M.NOT_XML
    assert refused(data.encode("utf-16")).message is M.NOT_XML


def test_an_error_repeats_nothing_of_the_message():
    error = refused(b"<a><password>hunter2&hunter3;</password></a>")
    assert "hunter" not in str(error)
    error = refused(b"<a><password>hunter2</passwort></a>")
    assert "passwor" not in str(error)
    assert error.__cause__ is None


def test_comments_stay_visible_and_cdata_and_references_become_text():
    root = parse(b"<a>1<!-- c -->2<![CDATA[<&]]>&lt;&#65;</a>", SMALL)
    assert [is_element(child) for child in root] == [False]
    assert safexml.serialize(root) == b"<a>1<!-- c -->2&lt;&amp;&lt;A</a>"


def test_white_space_and_namespace_declarations_stay_as_sent():
    data = b'<a xmlns="u" xmlns:unused="v">\n  <b xmlns="u"/>\n</a>'
    assert serialize(parse(data, SMALL)) == data


# -- bounds -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at_the_bound", "beyond", "bound"),
    [
        (b"<a>" * 5 + b"</a>" * 5, b"<a>" * 6 + b"</a>" * 6, "5 levels of elements"),
        (b"<a>" * 4 + b"<a/>" + b"</a>" * 4, b"<a>" * 5 + b"<a/>" + b"</a>" * 5, "5 levels of elements"),
        (b"<a>" + b"<b/>" * 9 + b"</a>", b"<a>" + b"<b/>" * 10 + b"</a>", "10 elements"),
        (b"<a>" + b"<!---->" * 9 + b"</a>", b"<a>" + b"<!---->" * 10 + b"</a>", "10 elements"),
        (b"<a>" + b"<![CDATA[]]>" * 9 + b"</a>", b"<a>" + b"<![CDATA[]]>" * 10 + b"</a>", "10 elements"),
        (
            b"<a b='' c='' d='' e=''/>",
            b"<a b='' c='' d='' e='' f=''/>",
            "4 attributes of one element",
        ),
        (
            b"<a b='' c='' d='' e='' xmlns='1' xmlns:b='2' xmlns:c='3' xmlns:d='4'/>",
            b"<a b='' c='' d='' e='' xmlns='1' xmlns:b='2' xmlns:c='3' xmlns:d='4' xmlns:e='5'/>",
            "4 attributes of one element",
        ),
        (
            b"<a xmlns='1' xmlns:b='2' xmlns:c='3' xmlns:d='4'/>",
            b"<a xmlns='1' xmlns:b='2' xmlns:c='3' xmlns:d='4' xmlns:e='5'/>",
            "4 namespace declarations of one element",
        ),
        (
            b"<a xmlns:a='1' xmlns:b='2' xmlns:c='3' xmlns:d='4'>" * 4 + b"</a>" * 4,
            b"<a xmlns:a='1' xmlns:b='2' xmlns:c='3' xmlns:d='4'>" * 4 + b"<a xmlns:e='5'/>" + b"</a>" * 4,
            "16 namespace declarations in scope",
        ),
        (b"<a>" + b" " * 99_993 + b"</a>", b"<a>" + b" " * 99_994 + b"</a>", "100000 bytes"),
    ],
)
def test_a_bound_is_the_last_that_passes(at_the_bound, beyond, bound):
    assert parse(at_the_bound, SMALL).tag.endswith("a")
    error = refused(beyond)
    assert (error.message, error.fields) == (M.XML_BOUNDS, {"bound": bound})


def test_declarations_of_siblings_do_not_add_up():
    inner = b"<b xmlns:a='1' xmlns:b='2' xmlns:c='3' xmlns:d='4'/>"
    assert len(parse(b"<a>" + inner * 9 + b"</a>", SMALL)) == 9


@pytest.mark.parametrize("attribute", ["xmlnsx", "xml:space", "axmlns", "xmlns.a"])
def test_only_xmlns_itself_declares_a_namespace(attribute):
    data = f"<a {attribute}='preserve' b='' c='' d=''/>".encode()
    assert parse(data, SMALL).tag == "a"
    assert refused(data.replace(b"d=''", b"d='' e=''")).fields["bound"] == "4 attributes of one element"


def test_a_bracket_inside_an_attribute_value_is_no_end_of_the_tag():
    assert parse(b"<a b='>' c=\"'>\"><d e='/>'/></a>", SMALL)[0].get("e") == "/>"


MEGABYTES = 1_000_000
BOMBS = {
    "attributes of one element": b"<a " + b" ".join(b'a%d=""' % n for n in range(1_000_000)) + b"/>",
    "namespaces of one element": b"<a " + b" ".join(b'xmlns:a%d="u"' % n for n in range(500_000)) + b"/>",
    "siblings": b"<a>" + b"<b/>" * 2_000_000 + b"</a>",
    "depth": b"<a>" * 3_000_000,
    "comments": b"<a>" + b"<!---->" * 1_400_000 + b"</a>",
    "sections": b"<a>" + b"<![CDATA[]]>" * 800_000 + b"</a>",
    "brackets": b"<" * 9 * MEGABYTES,
    "open comment": b"<a><!--" + b"- " * 4 * MEGABYTES,
    "open section": b"<a>" + b"<![CDATA[" * 1_000_000,
    "open tag": b"<a b='" + b" " * 9 * MEGABYTES,
    "white space in a tag": b"<a" + b" " * 9 * MEGABYTES,
    "equals signs": b"<a " + b"=" * 9 * MEGABYTES,
    "ampersands": b"<a>" + b"&" * 9 * MEGABYTES,
    "name": b"<" + b"a" * 9 * MEGABYTES + b"/>",
    "quotes": b"<a b=" + b"'\"" * 4 * MEGABYTES,
    "end tags": b"<a>" + b"</a>" * 2_000_000,
    "instructions": b"<a>" + b"<?x?>" * 1_500_000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_of_ten_megabytes_costs_little_time_and_memory(bomb):
    """Processor time and not the clock, with room for a busy machine; quadratic work would take hours."""
    bounds = Bounds(max_bytes=20 * MEGABYTES)
    tracemalloc.start()
    before = resource.getrusage(resource.RUSAGE_SELF)
    try:
        assert refused(bomb, bounds).message in {M.XML_BOUNDS, M.NOT_XML, M.PROCESSING_INSTRUCTION}
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10
    assert peak < 60 * MEGABYTES


MANY_NAMES = """
import resource
from pathlib import Path
from gateway.safexml import Bounds, parse

def message(number):
    names = (b"<x%d_%d_abcdefghijklmnopqrstuvwxyz/>" % (number, n) for n in range(20_000))
    return b"<a>" + b"".join(names) + b"</a>"

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

for number in range(3):
    parse(message(number), Bounds())
before = resident()
for number in range(3, 33):
    parse(message(number), Bounds())
print((resident() - before) // 1_000_000)
"""


def test_names_made_up_by_messages_do_not_stay_in_memory():
    # in a process of its own: what other tests left behind moves the figure
    run = subprocess.run([sys.executable, "-c", MANY_NAMES], capture_output=True, text=True, check=True)
    # kept, the names of thirty messages would be some 40 MB
    assert int(run.stdout) < 20


def test_many_threads_parse_at_once_and_each_gets_its_own_document():
    found, threads = {}, []
    for number in range(32):

        def run(number=number):
            found[number] = [parse(f"<a{number}/>".encode(), SMALL).tag for _ in range(20)]

        threads.append(threading.Thread(target=run))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [f"a{number}"] * 20 for number in range(32)}


def test_without_a_thread_to_parse_in_the_caller_is_told_to_come_back(monkeypatch):
    def fail(*_args):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(parsing, "start_new_thread", fail)
    assert refused(b"<a/>").message is M.BUSY


# -- what goes with it --------------------------------------------------------------------------------------


def test_serialize_writes_the_element_alone_and_its_namespaces():
    root = parse(b"<!-- x --><a xmlns:p='u'><p:b/>tail</a>", SMALL)
    assert serialize(root[0]) == b'<p:b xmlns:p="u"/>'
    assert serialize(root[0], declaration=True).startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n")
    assert b"<!-- x -->" in safexml.serialize_document(root)


def test_a_schema_sees_only_the_documents_that_it_is_given(tmp_path):
    outside = tmp_path / "outside.xsd"
    schema = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{}</xs:schema>'
    outside.write_text(schema.format('<xs:element name="a"/>'))
    main = schema.format('<xs:include schemaLocation="{}"/>')
    given = {"x:/main": main.format("x:/a").encode(), "x:/a": outside.read_bytes()}
    assert compile_schema(given, "x:/main").validate(parse(b"<a/>", SMALL))
    for location in (outside.as_uri(), str(outside), "http://127.0.0.1:9/a.xsd"):
        with pytest.raises(SchemaError):
            compile_schema({"x:/main": main.format(location).encode()}, "x:/main")


def test_a_schema_that_does_not_compile_says_where():
    main = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
    <xs:element name="a" type="b"/></xs:schema>"""
    with pytest.raises(SchemaError) as caught:
        compile_schema({"x:/main": main}, "x:/main")
    address, line, text = caught.value.found[0]
    assert (address, line) == ("x:/main", 2)
    assert "does not resolve" in text


def test_parsing_does_not_recurse():
    deep = Bounds(max_depth=200)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(120)
    try:
        assert parse(b"<a>" * 200 + b"</a>" * 200, deep).tag == "a"
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("room", [0, parsing.ROOM])
def test_a_lent_thread_parses_until_it_is_worn_and_then_no_more_itself(monkeypatch, room):
    threads = []
    monkeypatch.setattr(parsing, "start_new_thread", lambda run, args: (threads.append(1), run(*args)))
    worn = []

    def work():
        parsing.lend_thread()
        parsing.is_worn()
        parse(b"<a>" + b"x" * room + b"</a>", Bounds())
        worn.append(parsing.is_worn())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert (worn, len(threads)) == ([bool(room)], int(bool(room)))


def test_a_thread_that_nobody_lent_is_never_worn_and_never_parses():
    parse(b"<a/>", SMALL)
    assert not parsing.is_worn()
    assert parsing._HERE.room == 0
