"""Contracts of services that are called: what of a WSDL from outside can be used, and what is left out."""

from pathlib import Path

import pytest

from gateway.errors import ConfigError, GatewayError
from gateway.safexml import Bounds, parse
from gateway.soap.consumer import is_address, load_consumer
from tests.fixtures.soap import CORPUS
from tests.unit.callout.outbound.calls import WSDL

CONTRACTS = CORPUS / "wsdl"
SERVICE = "urn:ims-gateway:lab:rating:service"
TYPES = "urn:ims-gateway:lab:rating"

CALLED_ALL_THE_SAME = {
    "fault-encoded": ("Op",),
    "header-part": ("Op",),
    "operation-missing": ("Op",),
    "ports-disagree": ("Op",),
    "ports-of-one-name": ("Op",),
    "required-extension": ("Op",),
    "shared-element-with-one-action": ("Op", "Op2"),
    "shared-element-without-actions": ("Op", "Op2"),
}
"""Contracts that we could not serve and can call."""


@pytest.fixture
def load(tmp_path):
    """Load a contract from the text of its WSDL."""

    def made(text=WSDL, **options):
        path = tmp_path / "rating.wsdl"
        path.write_text(text)
        return load_consumer("rating", path, **options)

    return made


def contract_of(kind, name):
    return load_consumer(name, CONTRACTS / kind / name / "contract.wsdl")


def replaced(old, new):
    assert old in WSDL
    return WSDL.replace(old, new)


# -- what there is --------------------------------------------------------------------------------------------


def test_ports_have_service_address_version_and_operations(load):
    contract = load()
    assert contract.namespace == SERVICE
    assert list(contract.ports) == ["Soap11", "Soap12", "Rpc"]
    soap12 = contract.ports["Soap12"]
    assert (soap12.service, soap12.address, soap12.version) == (
        "RatingService", "http://rating.example.com/12", "1.2",
    )  # fmt: skip
    assert soap12.operations == {"Rate", "Post"}
    assert contract.ports["Rpc"].operations == {"RpcRate"}
    assert set(contract.operations) == {"Rate", "Post", "RpcRate"}
    assert contract.warnings == ()


def test_each_port_says_how_its_operations_are_said(load):
    ports = load().ports
    rate = ports["Soap11"].bound["Rate"]
    assert (rate.input_element, rate.output_element) == (f"{{{TYPES}}}Rate", f"{{{TYPES}}}RateResponse")
    assert (rate.style, rate.soap_action, rate.one_way) == ("document", "urn:rate", False)
    post = ports["Soap12"].bound["Post"]
    assert (post.one_way, post.output_element, post.soap_action) == (True, None, "")
    rpc = ports["Rpc"].bound["RpcRate"]
    assert (rpc.style, rpc.input_element) == ("rpc", f"{{{TYPES}}}RpcRate")
    assert rpc.output_element == f"{{{TYPES}}}RpcRateResponse"


@pytest.mark.parametrize(
    ("attribute", "action", "said"),
    [
        ("", "urn:rate", "urn:rate"),
        ("", "", f"{SERVICE}:Rating:RateRequest"),
        ('w:Action="urn:explicit"', "urn:rate", "urn:explicit"),
    ],
)
def test_the_action_of_addressing_is_declared_or_that_of_soap_or_made(load, attribute, action, said):
    # WS-Addressing Metadata 1.0, sections 4.4.1 and 4.4.4
    text = WSDL.replace('soapAction="urn:rate"', f'soapAction="{action}"')
    declared = f'xmlns:w="http://www.w3.org/2007/05/addressing/metadata" {attribute}'
    old = '<operation name="Rate"><input message'
    text = text.replace(old, old.replace("message", f"{declared} message"))
    assert load(text).ports["Soap11"].bound["Rate"].request_action == said


@pytest.mark.parametrize("name", sorted(path.name for path in (CONTRACTS / "served").iterdir()))
def test_whatever_could_be_served_can_be_called(name):
    contract = contract_of("served", name)
    assert contract.operations
    assert all(port.operations for port in contract.ports.values())


@pytest.mark.parametrize("name", sorted(path.name for path in (CONTRACTS / "refused").iterdir()))
def test_a_contract_is_refused_where_nothing_is_left_to_call(name):
    if name in CALLED_ALL_THE_SAME:
        contract = contract_of("refused", name)
        assert tuple(sorted(contract.operations)) == CALLED_ALL_THE_SAME[name]
        return
    with pytest.raises(ConfigError) as caught:
        contract_of("refused", name)
    assert any(not problem.warning for problem in caught.value.problems)


# -- what is left out -----------------------------------------------------------------------------------------


def left_out(load, text):
    """Load, and return the contract with the text of its one warning."""
    contract = load(text)
    [warning] = contract.warnings
    assert warning.warning
    return contract, str(warning)


def test_an_operation_that_cannot_be_called_is_left_out_with_a_warning(load):
    old = '<operation name="RpcRate"><soap:operation soapAction="urn:rpc"/>\n   <input><soap:body use="literal"'
    text = replaced(old, old.replace('use="literal"', 'use="encoded"'))
    contract, warning = left_out(load, text)
    assert "encoded" in warning
    assert contract.ports["Rpc"].operations == frozenset()
    assert "RpcRate" not in contract.operations


def test_two_ports_of_one_binding_both_lose_what_it_cannot_say(load):
    port = '<port name="Rpc" binding="s:Rpc">'
    second = '<port name="Rpc2" binding="s:Rpc"><soap:address location="http://rating.example.com/2"/></port>'
    text = replaced(port, second + port).replace(
        '<output><soap:body use="literal" namespace="urn:ims-gateway:lab:rating"/></output>',
        '<output><m:multipartRelated xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"/></output>',
    )
    contract = load(text)
    assert contract.ports["Rpc"].operations == contract.ports["Rpc2"].operations == frozenset()


def test_a_port_over_another_transport_is_left_out(load):
    text = replaced(
        '<soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>',
        '<soap:binding style="rpc" transport="http://www.w3.org/2010/soapjms/"/>',
    )
    contract, warning = left_out(load, text)
    assert "is not HTTP" in warning
    assert contract.ports["Rpc"].operations == frozenset()


def test_headers_of_replies_and_encoded_faults_do_not_matter_to_a_caller(load):
    text = replaced(
        '<output><soap:body use="literal"/></output></operation>\n  <operation name="Post"><soap:operation',
        '<output><soap:header message="s:Post" part="p" use="literal"/><soap:body use="literal"/></output>'
        '<fault name="f"><soap:fault name="f" use="encoded"/></fault></operation>\n'
        '  <operation name="Post"><soap:operation',
    ).replace(
        '<output message="s:RateResponse"/></operation>\n  <operation name="Post">',
        '<output message="s:RateResponse"/><fault name="f" message="s:Post"/></operation>\n'
        '  <operation name="Post">',
    )
    contract = load(text)
    assert contract.warnings == ()
    assert "Rate" in contract.ports["Soap11"].operations


def test_a_header_part_of_a_request_is_told_of_since_it_is_not_sent(load):
    old = '<operation name="Rate"><soap:operation soapAction="urn:rate"/>\n   <input>'
    text = replaced(old, f'{old}<soap:header message="s:Post" part="p" use="literal"/>')
    contract, warning = left_out(load, text)
    assert "without this header part" in warning
    assert "Rate" in contract.ports["Soap11"].operations


def test_required_addressing_is_no_obstacle_and_a_required_policy_is_told_of(load):
    old = '<binding name="Rpc" type="s:Rpc">'
    required = '{}<x:{} xmlns:x="{}" xmlns:w="http://schemas.xmlsoap.org/wsdl/" w:required="true"/>'
    addressing = required.format(old, "UsingAddressing", "http://www.w3.org/2006/05/addressing/wsdl")
    assert load(replaced(old, addressing)).warnings == ()
    policy = required.format(old, "Policy", "http://www.w3.org/ns/ws-policy")
    _, warning = left_out(load, replaced(old, policy))
    assert "required extension" in warning


@pytest.mark.parametrize(
    "address",
    ["", "REPLACE_WITH_ACTUAL_URL", "jms:queue", "http://", "http://host:0/", "//host/", "http://[::1"],
)
def test_a_placeholder_for_an_address_is_told_of_and_the_port_stays(load, address):
    contract, warning = left_out(load, replaced("http://rating.example.com/rpc", address))
    assert "DFSENDPOINTURL" in warning
    assert contract.ports["Rpc"].address == address
    assert not is_address(address)


@pytest.mark.parametrize("action", ["a&quot;b", "caf\u00e9", "a&#9;b"])
def test_an_action_that_fits_into_no_header_of_http_takes_its_operation_out(load, action):
    contract, warning = left_out(load, replaced("urn:rpc", action))
    assert "soapAction" in warning
    assert "RpcRate" not in contract.operations


# -- validation -----------------------------------------------------------------------------------------------


def valid(contract, text):
    contract.validate(parse(text.encode(), Bounds()))


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (f'<Rate xmlns="{TYPES}"><customer>C</customer><amount>1</amount></Rate>', f'<Rate xmlns="{TYPES}"/>'),
        (
            f'<RateResponse xmlns="{TYPES}"><score>1</score><who>A</who></RateResponse>',
            f'<RateResponse xmlns="{TYPES}"><score>x</score><who>A</who></RateResponse>',
        ),
        (
            f'<t:RpcRate xmlns:t="{TYPES}"><customer>C</customer></t:RpcRate>',
            f'<t:RpcRate xmlns:t="{TYPES}"><t:customer>C</t:customer></t:RpcRate>',
        ),
        (
            f'<t:RpcRateResponse xmlns:t="{TYPES}"><score>1</score></t:RpcRateResponse>',
            f'<t:RpcRateResponse xmlns:t="{TYPES}"><score/></t:RpcRateResponse>',
        ),
    ],
)
def test_requests_and_responses_of_both_styles_are_checked(load, good, bad):
    contract = load()
    valid(contract, good)
    with pytest.raises(GatewayError, match="does not follow the contract"):
        valid(contract, bad)


def test_without_schemas_everything_is_valid(load):
    valid(load(validate=False), "<nonsense/>")


def test_nothing_is_fetched_from_anywhere(load, monkeypatch):
    def connect(*_):
        raise AssertionError("a connection")

    monkeypatch.setattr("socket.socket.connect", connect)
    monkeypatch.setattr("socket.getaddrinfo", connect)
    assert load().operations


def test_a_missing_file_is_a_problem_of_the_deployment(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_consumer("rating", tmp_path / "rating.wsdl")
