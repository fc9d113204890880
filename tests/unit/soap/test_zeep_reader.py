"""The second opinion: zeep gets the contract's own files only, and its view is compared with ours."""

from dataclasses import replace

import pytest

from gateway.soap import zeep_reader
from gateway.soap.contract import load
from gateway.soap.documents import collect
from gateway.soap.wsdl import Wsdl
from gateway.soap.zeep_reader import DeployedOnly, read_with_zeep
from tests.fixtures.soap import CORPUS, DIRECTORY

CASE = CORPUS / "wsdl" / "served" / "import-from-file"


@pytest.fixture(scope="module")
def documents():
    return collect("served", CASE / "contract.wsdl", CASE)[0]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("file:///contract.wsdl", "contract.wsdl"),
        ("file:///types/d.xsd", "types/d.xsd"),
        ("file:///types/%64.xsd", "types/d.xsd"),
    ],
)
def test_files_of_the_contract_are_given(documents, address, name):
    assert DeployedOnly(documents).load(address) == (CASE / name).read_bytes()


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "file:///expected.toml",
        "file:///types/../../../etc/passwd",
        "file://host/contract.wsdl",
        "http://contract.wsdl/contract.wsdl",
        "https://www.w3.org/2001/XMLSchema.xsd",
        "contract.wsdl",
        str(CASE / "contract.wsdl"),
        (CASE / "contract.wsdl").as_uri(),
    ],
)
def test_nothing_else_is(documents, address):
    with pytest.raises(ValueError, match="no file of the contract"):
        DeployedOnly(documents).load(address)


def test_the_attributes_of_xml_itself_are_given_from_memory(documents):
    assert b"xml" in DeployedOnly(documents).load("https://www.w3.org/2001/xml.xsd")


def read(operations):
    documents, _ = collect("directory", DIRECTORY, DIRECTORY.parent)
    ports, _ = Wsdl(documents).ports()
    return read_with_zeep(documents, ports, operations)


def test_two_readers_that_agree_are_no_problem(directory_contract):
    assert read(directory_contract.operations) == []


@pytest.mark.parametrize(
    "change", [{"style": "rpc"}, {"input_element": "{urn:other}find"}, {"actions": frozenset({"urn:other"})}]
)
def test_an_operation_that_zeep_reads_differently_is_a_problem(directory_contract, change):
    operations = dict(directory_contract.operations)
    operations["Find"] = replace(operations["Find"], **change)
    problems = read(operations)
    assert {problem.key for problem in problems} <= {
        "port DirectoryPort / operation Find",
        "port DirectoryPort12 / operation Find",
    }
    assert problems
    assert not any(problem.warning for problem in problems)


def test_an_operation_that_only_zeep_sees_is_a_problem(directory_contract):
    operations = {name: one for name, one in directory_contract.operations.items() if name != "Note"}
    assert [problem.key for problem in read(operations)] == ["port DirectoryPort / operation Note"]


def test_a_contract_that_zeep_cannot_read_is_served_with_a_warning(monkeypatch):
    def fail(*_args, **_kwargs):
        raise NotImplementedError("something of XML Schema")

    monkeypatch.setattr(zeep_reader, "ZeepDocument", fail)
    (warning,) = load("directory", DIRECTORY).warnings
    assert warning.warning
    assert "zeep cannot read it" in warning.text
    assert "something of XML Schema" in warning.text
