"""The corpus of contracts, and what a contract answers. See tests/corpus/wsdl/README.md."""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
import zeep

from gateway import safexml
from gateway.envelope import read_envelope, refuse_references
from gateway.errors import ConfigError, GatewayError, M
from gateway.soap.contract import load
from tests.fixtures.soap import CORPUS, DIRECTORY

zeep_client: Any = zeep.Client
zeep_transport: Any = zeep.Transport
WSDL = CORPUS / "wsdl"
SERVED = sorted((WSDL / "served").iterdir())
REFUSED = sorted((WSDL / "refused").iterdir())


def name(path: Path) -> str:
    return path.name


def expected_of(case: Path) -> dict[str, Any]:
    with (case / "expected.toml").open("rb") as file:
        return tomllib.load(file)


def payload(text: str) -> safexml.Element:
    return safexml.parse(text.encode(), safexml.Bounds())


@pytest.fixture(scope="module")
def contract_of():
    loaded = {}

    def get(case):
        if case not in loaded:
            loaded[case] = load("served", case / "contract.wsdl")
        return loaded[case]

    return get


@pytest.mark.parametrize("case", SERVED, ids=name)
def test_a_contract_of_the_corpus_is_read_as_its_expectation_says(case, contract_of):
    contract, expected = contract_of(case), expected_of(case)
    assert list(contract.ports) == expected["ports"]
    assert [str(warning) for warning in contract.warnings] == expected.get("warnings", [])
    found = [
        {
            "name": one.name,
            "style": one.style,
            "input": one.input_element,
            **({"output": one.output_element} if one.output_element else {}),
            "actions": sorted(one.actions),
        }
        for one in contract.operations.values()
    ]
    assert found == [{**one, "actions": sorted(one["actions"])} for one in expected["operations"]]
    assert all(one.one_way == (one.output_element is None) for one in contract.operations.values())


@pytest.mark.parametrize("case", SERVED, ids=name)
def test_bodies_of_the_corpus_are_valid(case, contract_of):
    contract = contract_of(case)
    for valid in expected_of(case)["valid"]:
        element, operation = payload(valid["body"]), contract.operations[valid["operation"]]
        assert element.tag == operation.input_element
        contract.validate(operation, element)
        if not contract.knows_href:
            refuse_references(element)


@pytest.mark.parametrize("case", SERVED, ids=name)
def test_their_siblings_are_not_valid_and_the_reason_says_where(case, contract_of):
    contract = contract_of(case)
    for invalid in expected_of(case)["invalid"]:
        with pytest.raises(GatewayError) as caught:
            contract.validate(contract.operations[invalid["operation"]], payload(invalid["body"]))
        assert caught.value.message is M.NOT_VALID
        assert invalid["reason"] in caught.value.fields["reason"]


@pytest.mark.parametrize("case", [case for case in SERVED if "zeep" in expected_of(case)], ids=name)
def test_what_zeep_makes_of_the_contract_is_valid_and_finds_its_operation(case, contract_of):
    """An independent client reads the WSDL by itself, makes requests, and is understood."""
    contract = contract_of(case)
    transport: Any = zeep_transport()
    try:
        client: Any = zeep_client(str(case / "contract.wsdl"), transport=transport)
        for call in expected_of(case)["zeep"]:
            arguments = call["arguments"]
            args, kwargs = (arguments, {}) if isinstance(arguments, list) else ([], arguments)
            message = client.create_message(client.service, call["operation"], *args, **kwargs)
            bound = client.service._binding.get(call["operation"])
            envelope = read_envelope(safexml.parse(safexml.serialize(message), safexml.Bounds()))
            operation = contract.resolve(envelope.payload.tag, bound.soapaction)
            assert operation.name == call["operation"]
            contract.validate(operation, envelope.payload)
    finally:
        transport.session.close()


@pytest.mark.parametrize("case", REFUSED, ids=name)
def test_what_cannot_be_served_is_told_with_file_and_element(case):
    with pytest.raises(ConfigError) as caught:
        load("refused", case / "contract.wsdl")
    found = [str(problem) for problem in caught.value.problems]
    assert found == (case / "expected.txt").read_text().splitlines()


@pytest.mark.parametrize("case", SERVED, ids=name)
def test_every_published_document_is_the_same_each_time_and_leads_to_us_only(case, contract_of):
    contract = contract_of(case)
    seen: set[str] = set()
    pending: list[str | None] = [None]
    while pending:
        which = pending.pop()
        published = contract.document(which, "https://soap.example.com/")
        assert published == contract.document(which, "https://soap.example.com")
        assert b"address-of-the-gateway" not in published
        for link in locations(published):
            assert link.startswith("https://soap.example.com/imssoap/services/")
            linked = unquote(link.partition("=")[2])
            if linked and linked not in seen:
                seen.add(linked)
                pending.append(linked)
    files = {path.relative_to(case).as_posix() for path in case.rglob("*") if path.suffix in {".xsd", ".wsdl"}}
    assert seen == files - {"contract.wsdl"}


def locations(document: bytes) -> Iterator[str]:
    """Every location in a document, but those of ports that are not served."""
    for element in ET.fromstring(document).iter():
        if not element.tag.startswith("{http://schemas.xmlsoap.org/wsdl/http/}"):
            yield from (value for key, value in element.attrib.items() if key in {"location", "schemaLocation"})


def test_the_published_contract_keeps_prefixes_comments_and_instructions(contract_of):
    case = WSDL / "served" / "comments-and-instructions"
    published = contract_of(case).document(None, "https://h").decode()
    original = (case / "contract.wsdl").read_text()
    for piece in ("<!-- before -->", '<?xml-stylesheet href="wsdl.xsl"?>', "<!-- in between --><?tool x?>"):
        assert piece in original
        assert piece in published
    assert '<wsdl:part name="p" element="d:in"/>' in published


def test_an_address_with_markup_in_it_is_escaped(directory_contract):
    published = directory_contract.document(None, 'https://h/"<&>')
    assert b'location="https://h/&quot;&lt;&amp;&gt;/imssoap/services/DirectoryPort"' in published
    ET.fromstring(published)


@pytest.mark.parametrize(
    "wanted", ["nothing.xsd", "../service/directory.wsdl", "/etc/passwd", "expected.toml", ""]
)
def test_only_documents_of_the_contract_are_published(directory_contract, wanted):
    with pytest.raises(GatewayError) as caught:
        directory_contract.document(wanted, "https://h")
    assert caught.value.message is M.NOT_FOUND


def test_an_internal_address_of_the_deployed_file_is_not_published(directory_contract):
    assert b"internal.invalid" in DIRECTORY.read_bytes()
    assert b"internal.invalid" not in directory_contract.document(None, "https://h")


def test_a_symbolic_link_that_stays_in_the_folder_is_followed_as_in_a_mounted_configuration(tmp_path):
    case = WSDL / "served" / "import-from-file"
    shutil.copytree(case, tmp_path / "..2026_01_02")
    (tmp_path / "..data").symlink_to("..2026_01_02")
    for entry in ("contract.wsdl", "types", "out.xsd"):
        (tmp_path / entry).symlink_to(Path("..data") / entry)
    assert load("served", tmp_path / "contract.wsdl").operations


def test_a_symbolic_link_that_leaves_the_folder_is_refused(tmp_path):
    folder = tmp_path / "service"
    shutil.copytree(WSDL / "served" / "wsdl-imports-schema", folder)
    (folder / "d.xsd").rename(tmp_path / "d.xsd")
    (folder / "d.xsd").symlink_to(tmp_path / "d.xsd")
    with pytest.raises(ConfigError, match=r"d\.xsd leads out of the service's folder"):
        load("served", folder / "contract.wsdl")


def test_the_wsdl_may_lie_in_a_folder_of_the_service(tmp_path):
    shutil.copytree(WSDL / "served" / "wsdl-imports-wsdl", tmp_path / "deep")
    (tmp_path / "deep" / "abstract").rename(tmp_path / "abstract")
    wsdl = tmp_path / "deep" / "contract.wsdl"
    wsdl.write_text(wsdl.read_text().replace("abstract/types.wsdl", "../abstract/types.wsdl"))
    assert load("served", wsdl, folder=tmp_path).operations
    with pytest.raises(ConfigError, match="leads out"):
        load("served", wsdl)


def test_a_contract_whose_schema_does_not_compile_can_be_served_without_validation():
    wsdl = WSDL / "refused" / "schema-declares-twice" / "contract.wsdl"
    contract = load("lenient", wsdl, validate=False)
    assert contract.schema is None
    assert contract.resolve("{urn:d}in").name == "Op"


def test_a_missing_wsdl_is_a_problem_of_the_correlator(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load("phonebook", tmp_path / "phonebook.wsdl")
    problem = caught.value.problems[0]
    assert (problem.file, problem.key) == ("wsdl/phonebook/correlator.toml", "wsdl")
    assert problem.text == "phonebook.wsdl cannot be read: No such file or directory"


def test_a_body_of_another_operation_is_not_valid_for_this_one(directory_contract):
    store = directory_contract.operations["Store"]
    with pytest.raises(GatewayError) as caught:
        directory_contract.validate(store, payload('<find xmlns="urn:example:directory"><name>A</name></find>'))
    assert caught.value.message is M.NOT_VALID


def test_a_refused_value_is_not_repeated(directory_contract):
    find = directory_contract.operations["Find"]
    text = '<find xmlns="urn:example:directory"><name>A</name><limit>secret-value</limit></find>'
    with pytest.raises(GatewayError) as caught:
        directory_contract.validate(find, payload(text))
    assert "secret-value" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "operation"),
    [
        (['"urn:example:directory#Store"'], "Store"),
        (["urn:example:directory#Remove", None, ""], "Remove"),
        (
            [None, ' "urn:example:directory#Store" ', "urn:example:directory:service:Directory:StoreRequest"],
            "Store",
        ),
    ],
)
def test_actions_choose_among_operations_that_share_an_element(directory_contract, given, operation):
    assert directory_contract.resolve("{urn:example:directory}person", *given).name == operation


@pytest.mark.parametrize("nothing", [[], [None], [""], ['""'], [' "" '], ["  "]])
def test_no_action_is_enough_where_one_operation_has_the_element(directory_contract, nothing):
    assert directory_contract.resolve("{urn:example:directory}find", *nothing).name == "Find"
    with pytest.raises(GatewayError) as caught:
        directory_contract.resolve("{urn:example:directory}person", *nothing)
    assert caught.value.message is M.ACTION_NEEDED
