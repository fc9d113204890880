"""Provider services from SOAP in to SOAP out, a real stand-in behind: each test is named after a promise."""

import re
import time

import pytest

from gateway.errors import ConfigError
from gateway.imsconnect.wire import Verb
from gateway.standin.seen import IN_WORK
from tests.fixtures.in_process import LAB, REPOSITORY, SOAP11, SOAP12, WHO, username_token, work
from tests.fixtures.standin import USERS

PHONEBOOK = "urn:ims-gateway:example:phonebook"
IVTNO_DISPLAY = (
    f'<phonebook xmlns="{PHONEBOOK}"><command>DISPLAY</command><lastName>LAST1</lastName></phonebook>'
)
ALICE = username_token("ALICE", "WONDER1")


@pytest.fixture
def standin(standin_factory):
    return standin_factory(ims_connect={"racf": True}, users=USERS)


@pytest.fixture
def gateway(in_process, standin):
    return in_process(standin.port)


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.01)


def whoami(reply):
    return {child.tag.rpartition("}")[2]: child.text or "" for child in reply.payload}


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_body_xml_goes_in_and_body_xml_comes_out_in_the_version_asked(gateway, standin, soap):
    reply = gateway.post("PhoneBookPort", IVTNO_DISPLAY, soap=soap)
    assert reply.status == 200
    assert reply.root.tag == f"{{{soap}}}Envelope"
    assert reply.payload.tag == f"{{{PHONEBOOK}}}phonebookResponse"
    assert reply.payload.findtext(f"{{{PHONEBOOK}}}firstName") == "FIRST1"
    assert reply.headers["content-type"].startswith("text/xml" if soap == SOAP11 else "application/soap+xml")


def test_without_adapter_the_program_gets_code_and_xml_unchanged(gateway, standin):
    gateway.post("LabPort", f'<x:echo xmlns:x="{LAB}"><x:text>a &amp; b é</x:text></x:echo>')
    (seen,) = standin.seen
    assert seen.segments == (
        bytes.fromhex("C5C3C8D640404040")
        + f'<x:echo xmlns:x="{LAB}"><x:text>a &amp; b é</x:text></x:echo>'.encode(),
    )


def test_with_the_xml_adapter_the_irm_names_adapter_and_converter(in_process, standin):
    gateway = in_process(
        standin.port,
        bundle={"ims_connect.exit": "HWSSOAP1"},
        services={
            "phonebook": {"operations.PhoneBook.adapter": "xml", "operations.PhoneBook.converter": "IVTNOD"}
        },
    )
    reply = gateway.post("PhoneBookPort", IVTNO_DISPLAY)
    assert reply.payload.findtext(f"{{{PHONEBOOK}}}firstName") == "FIRST1"
    seen = standin.seen[-1]
    assert (seen.adapter, seen.converter, seen.transaction) == ("HWSXMLA0", "IVTNOD", "IVTNO")


def test_an_unknown_converter_becomes_a_fault_in_words(in_process, standin):
    gateway = in_process(
        standin.port,
        bundle={"ims_connect.exit": "HWSSOAP1"},
        services={
            "phonebook": {"operations.PhoneBook.adapter": "xml", "operations.PhoneBook.converter": "NOSUCHD"}
        },
    )
    reply = gateway.post("PhoneBookPort", IVTNO_DISPLAY)
    assert (reply.status, reply.message_id) == (500, "IGW2011E")
    assert "onverter" in reply.fault_text


def test_operations_of_one_service_are_told_apart_by_the_body_element(gateway, standin):
    gateway.post("PhoneBookPort", IVTNO_DISPLAY)
    gateway.post("PhoneBookPort", f'<whoAmI xmlns="{PHONEBOOK}"/>')
    assert [seen.transaction for seen in standin.seen] == ["IVTNO", "WHOAMI"]


def test_operations_that_share_a_body_element_are_told_apart_by_the_action(gateway, standin):
    assert (
        gateway.post("LabPort", work("shared", "x"), action="urn:lab:first").payload.tag == f"{{{LAB}}}shared"
    )
    assert (
        gateway.post("LabPort", work("shared", "x"), action="urn:lab:second").payload.tag == f"{{{WHO}}}whoami"
    )
    reply = gateway.post("LabPort", work("shared", "x"))
    assert (reply.fault_code, reply.message_id) == ("Client", "IGW1203E")
    assert len(standin.seen) == 2


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_an_action_that_does_not_agree_with_the_body_is_refused(gateway, standin, soap):
    assert gateway.post("LabPort", work("echo"), action="urn:lab:echo", soap=soap).status == 200
    reply = gateway.post("LabPort", work("echo"), action="urn:lab:sleep", soap=soap)
    assert reply.message_id == "IGW1202E"
    assert len(standin.seen) == 1


def test_a_long_message_goes_in_segments_and_comes_back_whole(gateway, standin):
    text = "".join(f"{n:07d}é" for n in range(15_000))
    reply = gateway.post("LabPort", work("echo", text))
    assert reply.payload.findtext(f"{{{LAB}}}text") == text
    (seen,) = standin.seen
    assert len(seen.segments) > 3
    assert max(map(len, seen.segments)) <= 32_767 - 4


@pytest.mark.parametrize("ccsid", [1208, 1140, 37, 273, 500])
def test_names_with_accents_survive_every_ccsid(in_process, standin_factory, ccsid):
    standin = standin_factory(transactions={"ECHO": {"ccsid": ccsid}})
    settings = {"inbound_ccsid": ccsid, "outbound_ccsid": ccsid}
    gateway = in_process(
        standin.port, services={"lab": {f'operations."*".{key}': value for key, value in settings.items()}}
    )
    reply = gateway.post("LabPort", work("echo", "Ægir Müller, Ñandú £ § @ # $"))
    assert reply.payload.findtext(f"{{{LAB}}}text") == "Ægir Müller, Ñandú £ § @ # $"


def test_a_character_that_the_host_lacks_is_a_client_fault_and_ims_sees_nothing(in_process, standin):
    gateway = in_process(standin.port, services={"lab": {'operations."*".inbound_ccsid': 1140}})
    reply = gateway.post("LabPort", work("echo", "日本"))
    assert (reply.fault_code, reply.message_id) == ("Client", "IGW2101E")
    assert "U+65E5" in reply.fault_text
    assert len(standin.seen) == 0


def test_the_lterm_override_reaches_ims(in_process, standin):
    gateway = in_process(standin.port, services={"lab": {'operations."*".lterm': "BRANCH7"}})
    assert whoami(gateway.post("LabPort", f'<whoAmI xmlns="{LAB}"/>'))["lterm"] == "BRANCH7"


def test_when_ims_is_silent_a_fault_comes_after_the_execution_timeout(in_process, standin):
    gateway = in_process(standin.port, services={"lab": {"operations.Sleep.execution_timeout_ms": 100}})
    reply = gateway.post("LabPort", work("sleep", milliseconds=3000))
    assert (reply.status, reply.fault_code, reply.message_id) == (500, "Server", "IGW2006E")
    assert gateway.events.last.return_code == 40
    assert gateway.post("LabPort", work("echo", "next")).payload.findtext(f"{{{LAB}}}text") == "next"


def test_when_ims_connect_is_silent_a_fault_comes_after_the_socket_timeout(in_process, standin):
    settings = {"operations.Echo.execution_timeout_ms": 100, "operations.Echo.socket_timeout_ms": 200}
    gateway = in_process(standin.port, services={"lab": settings})
    standin.faults.add(kind="delay", transaction="ECHO", seconds=5)
    reply = gateway.post("LabPort", work("echo", "first"))
    assert (reply.fault_code, reply.message_id) == ("Server", "IGW2004E")
    assert gateway.post("LabPort", work("echo", "second")).payload.findtext(f"{{{LAB}}}text") == "second"


def test_without_ims_connect_a_server_fault_comes_at_once(in_process, standin):
    gateway = in_process(standin.port)
    standin.stop()
    reply = gateway.post("LabPort", work("echo"))
    assert (reply.status, reply.fault_code, reply.message_id) == (500, "Server", "IGW2001E")
    assert not gateway.events.last.reached_ims_connect


def test_calls_succeed_again_when_ims_connect_is_back(in_process, standin):
    gateway = in_process(standin.port)
    assert gateway.post("LabPort", work("echo", "a")).status == 200
    standin.stop()
    assert gateway.post("LabPort", work("echo", "b")).status == 500
    standin.restart()
    replies = [gateway.post("LabPort", work("echo", "c")).status for _ in range(200)]
    assert replies[-1] == 200


def test_two_services_share_a_bundle_and_both_work(gateway, standin):
    assert gateway.post("PhoneBookPort", IVTNO_DISPLAY).status == 200
    assert gateway.post("SecurePhoneBookPort", IVTNO_DISPLAY, ALICE).status == 200
    assert [seen.user for seen in standin.seen] == ["GWUSER", "ALICE"]


def test_two_services_with_one_port_name_are_refused_and_both_named(in_process, standin):
    wsdl = (REPOSITORY / "tests/homes/lab/lab.wsdl").read_text()
    correlator = (REPOSITORY / "tests/homes/lab/correlator.toml").read_text()
    with pytest.raises(ConfigError) as caught:
        in_process(
            standin.port, extra=[("wsdl/other/lab.wsdl", wsdl), ("wsdl/other/correlator.toml", correlator)]
        )
    (problem,) = caught.value.problems
    assert "LabPort" in str(problem)
    assert "other" in str(problem)
    assert "service lab" in str(problem)


def test_without_ws_security_ims_sees_the_user_of_the_bundle(gateway, standin):
    who = whoami(gateway.post("PhoneBookPort", f'<whoAmI xmlns="{PHONEBOOK}"/>'))
    assert (who["user"], who["group"]) == ("GWUSER", "GWGROUP")


def test_with_a_username_token_ims_sees_the_token_and_nothing_of_the_bundle(gateway, standin):
    who = whoami(gateway.post("SecurePhoneBookPort", f'<whoAmI xmlns="{PHONEBOOK}"/>', ALICE))
    assert (who["user"], who["group"]) == ("ALICE", "")
    (seen,) = standin.seen
    assert "GW" not in f"{seen.user}{seen.group}"


@pytest.mark.parametrize(("soap", "status", "code"), [(SOAP11, 500, "Client"), (SOAP12, 400, "Sender")])
def test_a_service_with_a_token_is_refused_over_http_and_nothing_reaches_ims_connect(
    gateway, standin, soap, status, code
):
    reply = gateway.post("SecurePhoneBookPort", IVTNO_DISPLAY, ALICE, tls=False, soap=soap)
    assert (reply.status, reply.fault_code, reply.message_id) == (status, code, "IGW1301E")
    assert len(standin.seen) == 0
    assert gateway.post("SecurePhoneBookPort", IVTNO_DISPLAY, ALICE, soap=soap).status == 200


def test_a_saml_assertion_sent_to_a_username_service_is_refused(gateway, standin):
    wsse = re.search(r'xmlns:wsse="([^"]+)"', ALICE)
    assert wsse
    header = (
        f'<wsse:Security xmlns:wsse="{wsse[1]}"><Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>'
        "</wsse:Security>"
    )
    reply = gateway.post("SecurePhoneBookPort", IVTNO_DISPLAY, header)
    assert (reply.status, reply.fault_code) == (500, "UnsupportedSecurityToken")
    assert len(standin.seen) == 0


def test_a_token_where_none_is_asked_is_refused(gateway, standin):
    reply = gateway.post("PhoneBookPort", IVTNO_DISPLAY, ALICE)
    assert (reply.fault_code, reply.message_id) == ("InvalidSecurity", "IGW1306E")
    assert len(standin.seen) == 0


def test_no_token_where_one_is_asked_is_refused(gateway, standin):
    assert gateway.post("SecurePhoneBookPort", IVTNO_DISPLAY).fault_code == "InvalidSecurity"
    assert len(standin.seen) == 0


def test_a_password_digest_is_refused_with_the_reason(gateway, standin):
    reply = gateway.post("SecurePhoneBookPort", IVTNO_DISPLAY, username_token("ALICE", "x", "PasswordDigest"))
    assert (reply.fault_code, reply.message_id) == ("UnsupportedSecurityToken", "IGW1303E")
    assert "PasswordText" in reply.fault_text
    assert len(standin.seen) == 0


def test_a_user_id_of_nine_characters_is_refused_and_never_cut(gateway, standin):
    reply = gateway.post("SecurePhoneBookPort", IVTNO_DISPLAY, username_token("ALICEXXXX", "WONDER1"))
    assert reply.fault_code == "FailedAuthentication"
    assert len(standin.seen) == 0


def test_a_lower_case_user_id_is_folded(gateway, standin):
    assert gateway.post("SecurePhoneBookPort", IVTNO_DISPLAY, username_token("alice", "WONDER1")).status == 200
    assert standin.seen[-1].user == "ALICE"


def test_a_password_of_nine_characters_is_refused_with_the_reason(gateway, standin):
    reply = gateway.post("SecurePhoneBookPort", IVTNO_DISPLAY, username_token("ALICE", "123456789"))
    assert (reply.fault_code, reply.message_id) == ("FailedAuthentication", "IGW1305E")
    assert len(standin.seen) == 0


def test_the_wsdl_is_given_out_with_the_live_address(gateway):
    document = gateway.request("GET", "/imssoap/services/PhoneBookPort?wsdl")
    assert document.status == 200
    address = document.root.find(".//{http://schemas.xmlsoap.org/wsdl/soap/}address")
    assert address.get("location") == "https://gateway.example:8443/imssoap/services/PhoneBookPort"
    schema = document.root.find(".//{http://www.w3.org/2001/XMLSchema}import").get("schemaLocation")
    assert schema.startswith("https://gateway.example:8443/imssoap/services/PhoneBookPort?xsd=")
    assert gateway.request("GET", schema.removeprefix("https://gateway.example:8443")).status == 200


def test_people_see_a_list_of_the_services(gateway):
    page = gateway.request("GET", "/imssoap/")
    assert page.status == 200
    for port in ("PhoneBookPort", "SecurePhoneBookPort", "LabPort"):
        assert port.encode() in page.body


def test_an_unknown_service_is_404(gateway):
    assert (
        gateway.request("POST", "/imssoap/services/NoSuchPort", b"", {"content-type": "text/xml"}).status == 404
    )


def test_a_one_way_operation_is_sent_and_answered_with_202(gateway, standin):
    reply = gateway.post("LabPort", work("notify", "news"))
    assert (reply.status, reply.body) == (202, b"")
    wait_until(lambda: standin.seen and standin.seen[-1].outcome != IN_WORK)
    assert standin.seen[-1].verb is Verb.SEND_ONLY_ACK, "the first shows whether the sign-on is good"
    assert standin.seen[-1].user == "GWUSER"
    assert not standin.tpipes.depths


@pytest.mark.parametrize("name", ["echoConfirmed", "echoCommitted"])
def test_confirmed_and_committed_calls_come_back_and_leave_no_queue_behind(gateway, standin, name):
    for n in range(3):
        assert gateway.post("LabPort", work(name, f"{n}")).payload.findtext(f"{{{LAB}}}text") == f"{n}"
    wait_until(lambda: all(seen.outcome != IN_WORK for seen in standin.seen))
    assert not standin.tpipes.depths


def test_a_late_committed_reply_is_purged_and_given_to_nobody(in_process, standin):
    settings = {
        "operations.EchoCommitted.transaction": "SLEEP",
        "operations.EchoCommitted.execution_timeout_ms": 50,
    }
    gateway = in_process(standin.port, services={"lab": settings})
    late = gateway.post(
        "LabPort", f'<echoCommitted xmlns="{LAB}"><milliseconds>600</milliseconds></echoCommitted>'
    )
    assert late.message_id == "IGW2006E"
    for n in range(20):
        assert gateway.post("LabPort", work("echo", f"{n}")).payload.findtext(f"{{{LAB}}}text") == f"{n}"
    wait_until(lambda: all(seen.outcome != IN_WORK for seen in standin.seen))
    assert not standin.tpipes.depths


@pytest.mark.parametrize(("name", "text"), [("abend", "DFS555I"), ("nowhere", "DFS064")])
def test_a_dfs_message_becomes_a_server_fault_that_shows_it(gateway, name, text):
    reply = gateway.post("LabPort", work(name))
    assert (reply.status, reply.fault_code, reply.message_id) == (500, "Server", "IGW2009E")
    assert text in reply.fault_text


def test_a_body_that_the_schema_does_not_allow_is_refused_before_ims(gateway, standin):
    wrong = IVTNO_DISPLAY.replace("DISPLAY", "EXPLODE")
    reply = gateway.post("PhoneBookPort", wrong)
    assert (reply.fault_code, reply.message_id) == ("Client", "IGW1204E")
    assert "command" in reply.fault_text
    assert len(standin.seen) == 0


def test_with_validate_off_the_body_goes_to_ims_as_it_is(in_process, standin):
    gateway = in_process(standin.port, services={"lab": {"validate": False}})
    assert gateway.post("LabPort", f'<echo xmlns="{LAB}"><strange/></echo>').status == 200


def test_a_fault_of_ours_carries_message_id_and_tracking_id(gateway):
    reply = gateway.post("LabPort", work("nowhere"))
    assert reply.headers["x-tracking-id"] in reply.body.decode()
    assert gateway.events.last.tracking_id == reply.headers["x-tracking-id"]


def test_an_active_bundle_keeps_its_settings_until_the_gateway_is_started_again(
    in_process, standin, standin_factory
):
    gateway = in_process(standin.port)
    other = standin_factory(ims_connect={"racf": True}, users=USERS)
    bundle = gateway.home / "bundles/ims1.toml"
    bundle.write_text(bundle.read_text().replace(f"port = {standin.port}", f"port = {other.port}"))
    assert gateway.post("LabPort", work("echo", "old")).status == 200
    assert (len(standin.seen), len(other.seen)) == (1, 0)
    again = in_process(other.port)
    assert again.post("LabPort", work("echo", "new")).status == 200
    assert (len(standin.seen), len(other.seen)) == (1, 1)
