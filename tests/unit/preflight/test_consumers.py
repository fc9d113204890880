"""Contracts of consumers against their correlators, and the addresses that are called."""

import pytest

from gateway import preflight
from gateway.callout.deployment import deploy
from gateway.config.read import read_home
from gateway.preflight.providers import read_contracts
from tests.unit.preflight.homes import make, with_address

RATING = "wsdl/rating/correlator.toml"
ENVIRON = {"IMS1_PASSWORD": "GWPASS1", "RATING_PASSWORD": "M4RK3R"}
TOKEN = '[security]\ntoken = "username"\n'
BASIC = 'basic = { user = "gw", password = { env = "RATING_PASSWORD" } }\n'


def read(home):
    return read_home(home, environ=ENVIRON)


def lines(home):
    found = [str(problem) for problem in preflight.check(read(home))]
    assert not any("M4RK3R" in line for line in found)
    return found


def test_a_home_of_consumers_alone_is_right_without_a_server_s_key(tmp_path):
    assert lines(make(tmp_path)) == []
    assert read_contracts(read(tmp_path)).contracts == {}


def test_the_contracts_of_consumers_can_be_had(tmp_path):
    contract = deploy(read(make(tmp_path))).services["rating"].contract
    assert list(contract.ports) == ["RatingPort", "ReportingPort"]
    assert set(contract.operations) == {"Rate", "Report"}
    assert contract.contract.schema is None, "validate is off"


def test_schemas_are_compiled_where_bodies_are_validated(tmp_path):
    home = read(make(tmp_path, correlator="validate = true\n"))
    contract = deploy(home).services["rating"].contract
    assert contract.contract.schema is not None


def test_a_table_for_an_operation_that_the_wsdl_lacks_is_named_with_those_it_has(tmp_path):
    home = make(tmp_path, operations='[operations."*"]\n[operations.Rat]\n')
    text = "operations.Rat: the WSDL has no such operation that can be called; it has Rate, Report"
    assert lines(home) == [f"{RATING}: {text}"]


def test_an_operation_without_settings_is_named(tmp_path):
    home = make(tmp_path, operations="[operations.Rate]\n")
    (line,) = lines(home)
    assert line.startswith(f"{RATING}: operations: operation Report of the WSDL has no settings: ")


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ('operation = "Rat"', "raw.RATING.operation: the WSDL has no such operation; did you mean Rate?"),
        ('operation = "X"', "raw.RATING.operation: the WSDL has no such operation; it has Rate, Report"),
        (
            'operation = "Rate"\nport = "Ratingport"',
            "raw.RATING.port: the WSDL has no such port; did you mean RatingPort?",
        ),
        (
            'operation = "Rate"\nport = "X"',
            "raw.RATING.port: the WSDL has no such port; it has RatingPort, ReportingPort",
        ),
        (
            'operation = "Rate"\nport = "ReportingPort"',
            "raw.RATING.port: port ReportingPort does not have operation Rate",
        ),
    ],
)
def test_raw_messages_for_what_the_wsdl_does_not_have_are_named(tmp_path, raw, line):
    home = make(tmp_path, correlator=f"[raw.RATING]\n{raw}\n")
    assert lines(home) == [f"{RATING}: {line}"]


@pytest.mark.parametrize(
    "raw", ['operation = "Rate"', 'operation = "Report"\nport = "ReportingPort"\nform = "hex"']
)
def test_raw_messages_for_what_the_wsdl_has_are_right(tmp_path, raw):
    assert lines(make(tmp_path, correlator=f"[raw.RATING]\n{raw}\n")) == []


def test_raw_bytes_for_an_operation_that_takes_more_than_one_value_are_named(tmp_path):
    home = make(tmp_path, correlator='[raw.RATING]\noperation = "Rate"\nform = "text"\n')
    wsdl = home / "wsdl/rating/rating.wsdl"
    two = """<xsd:element name="rate"><xsd:complexType><xsd:sequence>
        <xsd:element name="a" type="xsd:string"/><xsd:element name="b" type="xsd:string"/>
        </xsd:sequence></xsd:complexType></xsd:element>"""
    wsdl.write_text(wsdl.read_text().replace('<xsd:element name="rate" type="xsd:string"/>', two))
    (line,) = lines(home)
    assert line.startswith(
        f'{RATING}: raw.RATING.form: "text" needs an operation whose element holds one value'
    )


def test_a_transaction_for_the_answer_of_a_one_way_operation_is_a_warning(tmp_path):
    operations = '[operations."*"]\nresponse_transaction = "RATED"\n[operations.Report]\n'
    home = make(tmp_path, bundle="", operations=operations)
    bundle = home / "bundles" / "ims1.toml"
    bundle.write_text(bundle.read_text().replace('"synchronous"', '"asynchronous"'))
    text = "has no effect: the operation is one-way, nothing comes back"
    assert lines(home) == [f"{RATING}: operations.Report.response_transaction: warning: {text}"]


def test_one_way_calls_and_calls_that_are_waited_for_on_the_same_tpipes_are_a_warning(tmp_path):
    home = make(tmp_path)
    bundle = home / "bundles" / "ims1.toml"
    bundle.write_text(bundle.read_text().replace('"synchronous"', '"both"'))
    (line,) = lines(home)
    told = 'callout.requests: warning: "both" lets one-way calls (rating.Report) and calls that are waited for'
    assert line.startswith(f"bundles/ims1.toml: {told} (rating.Rate) share tpipes")


def test_a_wsdl_that_cannot_be_read_is_named(tmp_path):
    home = make(tmp_path)
    (home / "wsdl/rating/rating.wsdl").write_text("<definitions")
    (line,) = lines(home)
    assert line.startswith("wsdl/rating/rating.wsdl: ")


# -- addresses

HTTPS = "https://rating.example.com/reporting"


@pytest.mark.parametrize("address", ["http://rating.example.com/reporting", "HTTP://127.0.0.1:8080/"])
def test_a_token_to_a_plain_address_is_an_error(tmp_path, address):
    home = make(tmp_path, correlator=TOKEN)
    with_address(home, HTTPS, address)
    (line,) = lines(home)
    assert line.startswith(f"{RATING}: wsdl: port ReportingPort has the address http://")
    assert line.endswith('a token ("username") goes over HTTPS only, so it cannot be called')


@pytest.mark.parametrize("where", ["service", "bundle"])
def test_a_password_to_a_plain_address_is_a_warning(tmp_path, where):
    home = make(
        tmp_path,
        correlator=f"[security]\n{BASIC}" if where == "service" else "",
        bundle=BASIC if where == "bundle" else "",
    )
    assert lines(home) == []
    with_address(home, HTTPS, "http://rating.example.com:8080/reporting")
    where = "port ReportingPort has the address http://rating.example.com:8080"
    text = "the password for HTTP Basic travels in clear"
    assert lines(home) == [f"{RATING}: wsdl: warning: {where}: {text}"]


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "[::1]", "localhost"])
def test_a_password_within_this_machine_may_be_plain(tmp_path, host):
    home = make(tmp_path, correlator=f"[security]\n{BASIC}")
    with_address(home, HTTPS, f"http://{host}/reporting")
    assert lines(home) == []


def test_nothing_secret_may_go_to_a_plain_address(tmp_path):
    home = make(tmp_path)
    with_address(home, HTTPS, "http://rating.example.com/reporting")
    assert lines(home) == []


def test_a_password_in_an_address_is_an_error_that_does_not_show_it(tmp_path):
    home = make(tmp_path)
    with_address(home, HTTPS, "https://gw:M4RK3R@rating.example.com/reporting")
    where = "port ReportingPort has the address https://rating.example.com"
    assert lines(home) == [
        f"{RATING}: wsdl: {where} with a name before the host: it is not sent; use security.basic"
    ]


def test_an_address_that_is_none_is_a_warning_and_no_more(tmp_path):
    home = make(tmp_path, correlator=TOKEN)
    with_address(home, HTTPS, "jms:queue/reporting")
    (line,) = lines(home)
    assert line.startswith("wsdl/rating/rating.wsdl: ")
    assert ": warning: " in line
