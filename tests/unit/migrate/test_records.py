"""Properties of entries, however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.migrate.entries import understand
from gateway.migrate.findings import Findings
from gateway.migrate.mapping import read_mapping
from gateway.migrate.records import read_records
from gateway.safexml import parse_trusted

NAMES = read_mapping()
SAID = {"name": "IMS1", "host": "ims.example.com", "port": "9999", "datastore": "IMSA", "password": "GEHEIM1"}
BUNDLES = {
    "attributes": '<connectionBundle connectionBundleName="IMS1" hostName="ims.example.com" portNumber="9999" '
    'dataStoreName="IMSA" password="GEHEIM1"/>',
    "child elements": "<ConnBundle><Name>IMS1</Name><HOST>ims.example.com</HOST><port> 9999 </port>"
    "<data-store-id>IMSA</data-store-id><Racf_Password>GEHEIM1</Racf_Password></ConnBundle>",
    "values in attributes": '<connBundle><name value="IMS1"/><hostName value="ims.example.com"/>'
    '<port value="9999"/><dataStoreName value="IMSA"/><password value="GEHEIM1"/></connBundle>',
    "pairs": '<x:bundle xmlns:x="urn:x"><x:property name="bundleName" value="IMS1"/><x:entry key="hostName">'
    "ims.example.com</x:entry><x:param><x:name>portNumber</x:name><x:value>9999</x:value></x:param>"
    '<x:property name="dataStoreName" value="IMSA"/>'
    '<x:property name="racf.password" value="GEHEIM1"/></x:bundle>',
    "groups": '<bundle name="IMS1"><imsConnect><host>ims.example.com</host><port>9999</port>'
    '<dataStore>IMSA</dataStore></imsConnect><racf password="GEHEIM1"/></bundle>',
    "an element that nobody knows": '<verbindung name="IMS1" hostName="ims.example.com" portNumber="9999" '
    'dataStoreName="IMSA" password="GEHEIM1"/>',
    "text with comments": "<bundle><name>IM<!-- x -->S1</name><host>ims.example.com</host><port>9999</port>"
    "<datastore>IMSA</datastore><password>GEHEIM1</password></bundle>",
}


def read(xml):
    findings = Findings()
    document = read_records(NAMES, "file.xml", parse_trusted(xml.encode()))
    entries = [(one.kind, understand(NAMES, one, findings)) for one in document.records]
    return entries, findings, document


@pytest.mark.parametrize("xml", BUNDLES.values(), ids=BUNDLES)
@pytest.mark.parametrize("around", ["{}", "<all version='3'>{}</all>", "<a><b>{}</b><c/></a>"])
def test_every_form_of_a_bundle_says_the_same(xml, around):
    [(kind, entry)], findings, document = read(around.format(xml))
    assert kind == "bundle"
    assert {name: entry.text(name) for name in SAID} == SAID
    assert not findings.unknown
    assert not [one for one in document.strangers if one.value and one.path[-1] != "version"]


def test_what_is_not_known_is_told_with_its_line_and_never_with_its_value():
    _, findings, _ = read('<bundle name="I" host="h"\n port="1" dataStore="D">\n<pin\n>1234</pin></bundle>')
    [told] = findings.unknown
    assert (told.place.file, told.place.name) == ("file.xml", "pin")
    assert told.place.line in {3, 4}
    assert "1234" not in repr(findings)


def test_what_has_no_counterpart_is_not_unknown():
    _, findings, _ = read('<bundle name="I" host="h" port="1" dataStore="D" description="x"/>')
    assert not findings.unknown
    assert [told.place.name for told in findings.needless] == ["bundle/@description"]


def test_operations_inherit_what_their_service_says_and_may_say_otherwise():
    entries, _, _ = read(
        '<correlator serviceName="S" trancode="AAA" executionTimeout="7"><bundle name="B"/>'
        '<operation name="one"/><operation name="two"><trancode>BBB</trancode></operation></correlator>'
    )
    seen = [
        (one.text("service"), one.text("operation"), one.text("transaction"), one.text("bundle"))
        for _, one in entries
    ]
    assert seen == [("S", "one", "AAA", "B"), ("S", "two", "BBB", "B")]
    assert {one.text("execution_timeout") for _, one in entries} == {"7"}


def test_a_list_may_be_words_or_elements():
    [(_, words)], _, _ = read('<bundle name="I" calloutTpipeNames="A B,C;A"/>')
    [(_, elements)], _, _ = read("<bundle name='I'><tpipes><tpipe>A</tpipe><tpipe name='B'/></tpipes></bundle>")
    assert words.texts("tpipes") == ("A", "B", "C")
    assert set(elements.texts("tpipes")) == {"A", "B"}


@pytest.mark.parametrize(
    "xml",
    [
        '<proxy host="p" port="3128"/>',
        '<imsConnect host="h" port="1"/>',
        '<database user="u" password="p"/>',
        "<bundle/>",
        '<bundle name="x"/>',
        '<server name="x"/>',
        '<beans><bean id="a" class="b"/></beans>',
    ],
)
def test_what_only_looks_a_little_like_an_entry_is_none(xml):
    entries, _, _ = read(xml)
    assert entries == []


def test_groups_of_the_server_keep_their_ports_apart():
    [(kind, entry)], _, _ = read(
        '<soapGateway><http port="8080"/><https port="8443"><clientAuthentication>true'
        "</clientAuthentication></https>"
        '<tracking enabled="true" id="messageID"/></soapGateway>'
    )
    assert kind == "server"
    assert (entry.text("http_port"), entry.text("https_port"), entry.text("tracking_id")) == (
        "8080",
        "8443",
        "messageID",
    )


def test_an_https_element_without_a_familiar_parent_is_no_http_port():
    [(_, entry)], _, _ = read('<gw><https port="8443" clientAuthentication="true"/></gw>')
    assert (entry.text("http_port"), entry.text("https_port")) == ("", "8443")


_WORDS = st.sampled_from(
    ["bundle", "correlator", "operation", "server", "property", "name", "value", "host", "port", "dataStore",
     "trancode",
     "https", "keystore", "password", "service", "calloutTpipeNames", "zebra", "entry", "key", "wsSecurity"]
)  # fmt: skip


def _said(name: str, text: str) -> str:
    """Return a text, but none that is looked for where it is the name of a property, which is told."""
    return "x" if name in {"key", "name"} else text


_ELEMENTS = st.recursive(
    st.builds(
        lambda tag, text: f"<{tag}>{_said(tag, text)}</{tag}>",
        _WORDS,
        st.sampled_from(["", "x", "SECRETVALUE"]),
    ),
    lambda inner: st.builds(
        lambda tag, attributes, children: "<{0}{1}>{2}</{0}>".format(
            tag,
            "".join(f' {name}="{_said(name, "SECRETVALUE")}"' for name in attributes),
            "".join(children),
        ),
        _WORDS,
        st.lists(_WORDS, unique=True, max_size=4),
        st.lists(inner, max_size=4),
    ),
    max_leaves=20,
)


@given(_ELEMENTS)
def test_whatever_a_document_says_each_value_is_understood_told_or_outside(xml):
    _, findings, document = read(f"<all>{xml}</all>")
    told = {one.place for one in (*findings.unknown, *findings.needless)}
    for record in document.records:
        for level in record.levels:
            for one in level:
                assert one.place in told or NAMES.property_of(record.kind, one.path, one.entry)
    assert "SECRETVALUE" not in repr(findings)
