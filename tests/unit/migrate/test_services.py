"""Correlators: services, operations, timeouts, tokens, and the WSDL that each means."""

import pytest

from tests.fixtures.migration import lab

CALLING = '<bundle name="IMS1" hostName="h" port="9999" dataStore="IMS1" userId="U" calloutTpipeNames="TPA"/>'


def correlator(**said):
    given = {
        "serviceName": "LabService", "operationName": "Echo", "trancode": "ECHO", "bundle": "IMS1",
        "wsSecurity": "", **said,
    }  # fmt: skip
    return (
        "<correlator "
        + " ".join(f'{name}="{value}"' for name, value in given.items() if value is not None)
        + "/>"
    )


def test_a_provider_keeps_its_address_and_is_not_validated(migrated):
    made = migrated()
    assert made.service["role"] == "provider"
    assert made.service["validate"] is False
    [served] = made.report.services
    assert served.addresses == ("/imssoap/services/LabPort",)
    assert not [one for one in made.report.problems if not one.warning]


def test_every_property_of_an_operation_has_its_key(migrated):
    made = migrated(
        correlator=correlator(
            executionTimeout="3000",
            socketTimeout="9000",
            ltermName="LTERM1",
            hostCCSID="1141",
            inboundCCSID="1208",
            outboundCCSID="1208",
        )
    )
    assert made.service["operations"]["Echo"] == {
        "transaction": "ECHO", "execution_timeout_ms": 3000, "socket_timeout_ms": 9000, "lterm": "LTERM1",
        "host_ccsid": 1141, "inbound_ccsid": 1208, "outbound_ccsid": 1208,
    }  # fmt: skip
    taken = {(one.place.name, one.file, one.key) for one in made.report.taken}
    assert ("correlator/@hostCCSID", "wsdl/lab/correlator.toml", "operations.Echo.host_ccsid") in taken


@pytest.mark.parametrize(
    ("execution", "socket", "made_of", "kind"),
    [
        (None, None, (5000, 10_000), None),
        ("3000", "4000", (3000, 4000), None),
        ("3000", None, (3000, 8000), None),
        ("5000", "5000", (5000, 10_000), "contradictions"),
        ("9000", "5000", (9000, 14_000), "contradictions"),
        ("0", "0", (5000, 10_000), "changed"),
        ("-1", "0", (3_600_000, 3_605_000), "changed"),
        ("3600000", "3600001", (3_600_000, 3_600_001), None),
        ("9999999", "99999999", (3_600_000, 3_700_000), "changed"),
        ("soon", "later", (5000, 10_000), "contradictions"),
    ],
)
def test_timeouts_come_in_an_order_that_works(migrated, execution, socket, made_of, kind):
    made = migrated(correlator=correlator(executionTimeout=execution, socketTimeout=socket))
    operation = made.service["operations"]["Echo"]
    assert (operation["execution_timeout_ms"], operation["socket_timeout_ms"]) == made_of
    about = [
        text
        for one in ("changed", "contradictions")
        for text in made.texts(one)
        if "imeout" in text or "number" in text
    ]
    assert bool(about) is (kind is not None)


@pytest.mark.parametrize(
    ("token", "security"),
    [
        ("", None),
        ("none", None),
        ("UNTP", {"token": "username"}),
        ("UserNameToken", {"token": "username"}),
        ("SAML11Token", {"token": "saml11", "unsigned_senders": "network"}),
        ("SAML20Token", {"token": "saml20", "unsigned_senders": "network"}),
        (
            "SAML11SignedTokenTrustAny",
            {"token": "saml11", "signed": True, "signed_by": "sender", "trust": "any"},
        ),
        (
            "SAML20SignedTokenTrustAny",
            {"token": "saml20", "signed": True, "signed_by": "sender", "trust": "any"},
        ),
    ],
)
def test_token_types(migrated, token, security):
    made = migrated(correlator=correlator(wsSecurity=token))
    found = {**made.toml("wsdl/lab/correlator.toml")}.get("security")
    assert found == security


@pytest.mark.parametrize("token", ["Kerberos", "SAML", "?", "---", "X509", "SAML20SignedTokenTrustOne"])
def test_a_token_type_that_cannot_be_kept_never_becomes_an_open_service(migrated, token):
    made = migrated(
        {"other.wsdl": lab("OtherPort", "OtherService")},
        correlator=correlator(wsSecurity=token) + correlator(serviceName="OtherService"),
    )
    assert [one.name for one in made.report.services] == ["other"]
    draft = made.toml("set-aside/wsdl/lab/correlator.toml")["security"]
    assert draft["token"] != "none"
    (made.home / "set-aside/wsdl/lab").rename(made.home / "wsdl/lab")
    with pytest.raises(Exception, match="security"):
        made.read()


def test_operations_with_different_tokens_set_the_service_aside(migrated):
    made = migrated(
        correlator=correlator(wsSecurity="UNTP") + correlator(operationName="WhoAmI", wsSecurity="SAML20Token"),
    )
    assert "different token types" in made.aside["wsdl/lab"]


@pytest.mark.parametrize("silent", ["", None])
def test_what_one_operation_asks_for_holds_for_those_that_say_nothing(migrated, silent):
    made = migrated(
        correlator=correlator(wsSecurity="UNTP") + correlator(operationName="WhoAmI", wsSecurity=silent),
    )
    assert made.service["security"] == {"token": "username"}
    assert any("a service has one" in text for text in made.texts("contradictions")) is (silent is not None)


def test_a_blank_of_an_operation_does_not_open_its_service(migrated):
    made = migrated(
        correlator='<service name="LabService" wsSecurity="UNTP" bundle="IMS1">'
        '<operation name="Echo" trancode="ECHO" wsSecurity=""/></service>'
    )
    assert made.service["security"] == {"token": "username"}


def test_an_entry_about_the_service_as_a_whole_is_no_operation(migrated):
    made = migrated(correlator=correlator(wsSecurity=None) + '<service wsdl="lab.wsdl" wsSecurity="UNTP"/>')
    assert set(made.service["operations"]) == {"Echo"}
    assert made.service["security"] == {"token": "username"}


def test_a_policy_in_the_wsdl_without_a_word_in_the_correlator_sets_the_service_aside(migrated):
    policy = '<wsp:Policy xmlns:wsp="urn:p"><sp:UsernameToken xmlns:sp="urn:sp"/></wsp:Policy>'
    wsdl = lab("LabPort", "LabService").replace("</wsdl:definitions>", f"{policy}</wsdl:definitions>")
    assert (
        "asks for a security token"
        in migrated({"lab.wsdl": wsdl}, correlator=correlator(wsSecurity=None)).aside["wsdl/lab"]
    )


def test_a_word_in_the_correlator_beats_a_policy_in_the_wsdl(migrated):
    policy = '<wsp:Policy xmlns:wsp="urn:p"><sp:UsernameToken xmlns:sp="urn:sp"/></wsp:Policy>'
    wsdl = lab("LabPort", "LabService").replace("</wsdl:definitions>", f"{policy}</wsdl:definitions>")
    made = migrated({"lab.wsdl": wsdl}, correlator=correlator(wsSecurity=""))
    assert not made.aside
    assert any("asks for a security token" in text for text in made.texts("contradictions"))


def test_a_module_of_java_that_looked_at_callers_sets_services_with_tokens_aside(migrated):
    made = migrated(
        {"server.properties": "httpPort=8080\njaasLoginModule=com.example.Login\n"},
        correlator=correlator(wsSecurity="UNTP"),
    )
    assert "custom authentication module" in made.aside["wsdl/lab"]


def test_unsigned_assertions_need_a_client_certificate_where_https_asks_for_one(migrated, java_stores):
    made = migrated(
        {
            "server.properties": "httpsPort=8443\nclientAuthentication=want\nhttpsTruststoreName=t.jks\n"
            "httpsTruststorePassword=trustks1\n",
            "t.jks": (java_stores.folder / "clienttrust.jks").read_bytes(),
        },
        correlator=correlator(wsSecurity="SAML20Token"),
    )
    assert made.service["security"] == {"token": "saml20", "unsigned_senders": "mtls"}


# -- which WSDL


def test_the_service_is_found_by_its_name_in_the_wsdl(migrated):
    made = migrated({"other.wsdl": lab("OtherPort", "OtherService")})
    assert made.service["wsdl"] == "lab.wsdl"
    assert any("no correlator belongs to this WSDL" in text for text in made.texts("contradictions"))


@pytest.mark.parametrize("named", ["lab.wsdl", "lab", "/usr/lpp/soap/lab.wsdl", "C:\\soap\\LAB.WSDL"])
def test_the_wsdl_may_be_named_by_any_path(migrated, named):
    made = migrated(correlator=correlator(serviceName=None, wsdlFile=named))
    assert made.service["wsdl"] == "lab.wsdl"


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("bad.wsdl", "it names wsdl/bad.wsdl, which is damaged"),
        ("bad", "it names wsdl/bad.wsdl, which is damaged"),
        ("gone", "it names a WSDL that is not among the files"),
    ],
)
def test_a_wsdl_that_is_damaged_is_not_called_missing(migrated, named, told):
    entry = (
        f'<correlator serviceName="Bad" operationName="Echo" trancode="ECHO" bundle="IMS1" wsdlFile="{named}"/>'
    )
    made = migrated({"wsdl/bad.wsdl": "<definitions"}, correlator=entry)
    assert made.aside["wsdl/Bad"] == told


def test_a_wsdl_that_only_has_the_same_operation_is_another_services(migrated):
    made = migrated(correlator=correlator(serviceName="ElsewhereService", soapAction="urn:lab"))
    assert "has no WSDL" in made.aside["wsdl/ElsewhereService"]


def test_two_wsdls_with_one_service_are_not_guessed_between(migrated):
    made = migrated({"a/one.wsdl": lab("P", "TwinService"), "b/two.wsdl": lab("Q", "TwinService")},
                    correlator=correlator(serviceName="TwinService"))  # fmt: skip
    assert "could mean a/one.wsdl or b/two.wsdl" in made.aside["wsdl/TwinService"]


def test_two_services_at_one_address_are_both_set_aside_and_named(migrated):
    made = migrated(
        {"copy.wsdl": lab("LabPort", "CopyService"), "good.wsdl": lab("GoodPort", "GoodService")},
        correlator=correlator() + correlator(serviceName="CopyService") + correlator(serviceName="GoodService"),
    )
    assert set(made.aside) == {"wsdl/lab", "wsdl/copy"}
    assert "port LabPort, its address, is that of several services" in made.aside["wsdl/copy"]


def test_operations_without_a_correlator_leave_the_binding_and_nothing_else(migrated):
    from gateway.soap.contract import load

    made = migrated()
    contract = load("lab", made.home / "wsdl/lab/lab.wsdl")
    assert set(contract.operations) == {"Echo"}
    assert any("taken out of the binding" in text for text in made.texts("changed"))


def test_an_operation_that_the_wsdl_lacks_is_left_out_and_told(migrated):
    made = migrated(correlator=correlator() + correlator(operationName="Gone"))
    assert set(made.service["operations"]) == {"Echo"}
    assert any("the WSDL has no operation Gone" in text for text in made.texts("contradictions"))


@pytest.mark.parametrize(
    ("bundle", "told"),
    [("IMSX", "there is no connection bundle IMSX"), ("", "names no connection bundle")],
)
def test_a_service_without_a_bundle_is_set_aside(migrated, bundle, told):
    from tests.unit.migrate.conftest import BUNDLE

    made = migrated(bundle=BUNDLE + BUNDLE.replace("IMS1", "IMS2"), correlator=correlator(bundle=bundle))
    assert told in made.aside["wsdl/lab"]


def test_operations_over_different_bundles_set_the_service_aside(migrated):
    from tests.unit.migrate.conftest import BUNDLE

    made = migrated(
        bundle=BUNDLE + BUNDLE.replace("IMS1", "IMS2"),
        correlator=correlator() + correlator(operationName="WhoAmI", bundle="IMS2"),
    )
    assert "over several bundles (IMS1, IMS2)" in made.aside["wsdl/lab"]


# -- consumers


def calls(**said):
    return correlator(
        **{"trancode": None, "bundle": None, "wsSecurity": None, "calloutConnBundleNames": "IMS1", **said}
    )


def test_a_consumer_and_its_properties(migrated):
    made = migrated(
        {"lab.wsdl": lab("LabPort", "LabService").replace('location="http:', 'location="https:')},
        bundle=CALLING,
        correlator=calls(
            calloutWSTimeout="3000", calloutSendOnlyWithACK="true", calloutWSSecurity="SAML11Token",
            adapterType="HWSXMLA0", converterName="ECHOD", hostCCSID="1141",
        ),
    )  # fmt: skip
    assert (made.service["role"], made.service["bundles"], made.service["validate"]) == (
        "consumer",
        ["IMS1"],
        False,
    )
    assert made.service["security"] == {"token": "saml11"}
    assert made.service["operations"]["Echo"] == {
        "timeout_ms": 3000, "acknowledge": True, "adapter": "xml", "converter": "ECHOD",
    }  # fmt: skip
    assert made.bundle["callout"]["host_ccsid"] == 1141


def test_the_transaction_of_answers_is_asked_about(migrated):
    made = migrated(bundle=CALLING, correlator=calls(trancode="DONE"))
    assert made.service["operations"]["Echo"]["response_transaction"] == "DONE"
    [about] = [about for _, text, about in made.report.questions if "non-response-mode" in text]
    assert about == ("lab.Echo (DONE)",)


def test_a_consumer_without_tpipes_is_set_aside(migrated):
    made = migrated(correlator=calls())
    assert "no bundle of it has tpipes" in made.aside["wsdl/lab"]
    assert any("without tpipes" in text for text in made.texts("contradictions"))


def test_one_wsid_for_two_wsdls_is_told(migrated):
    made = migrated(
        {"a/lab.wsdl": lab("P", "AService"), "b/lab.wsdl": lab("Q", "BService"), "lab.wsdl": None},
        bundle=CALLING,
        correlator=calls(serviceName="AService") + calls(serviceName="BService"),
    )
    assert any("WSID lab is that of a/lab.wsdl as well" in text for text in made.texts("contradictions"))
    assert [one.name for one in made.report.services] == ["lab"]


def test_the_address_of_a_correlator_goes_into_the_wsdl(migrated):
    made = migrated(bundle=CALLING, correlator=calls(calloutURI="https://partner.example.com/echo"))
    assert 'location="https://partner.example.com/echo"' in (made.home / "wsdl/lab/lab.wsdl").read_text()


@pytest.mark.parametrize("token", ["SAML20SignedTokenTrustAny", "Kerberos"])
def test_a_token_that_callouts_cannot_carry_sets_the_consumer_aside(migrated, token):
    made = migrated(bundle=CALLING, correlator=calls(calloutWSSecurity=token))
    assert "wsdl/lab" in made.aside
