"""Connection bundles: what is taken, and what is never taken silently."""

import pytest

from gateway.migrate.passwords import Passwords

CALLS = (
    '<correlator serviceName="LabService" operationName="Echo" calloutConnBundleNames="IMS1" wsSecurity=""/>'
)

ELSEWHERE = '<correlator serviceName="LabService" operationName="Echo" trancode="ECHO" bundle="OTHER"/>'
OTHERS = '<correlator serviceName="OtherService" operationName="Echo" trancode="ECHO" bundle="IMS1"/>'


def bundle(**said):
    given = {"name": "IMS1", "hostName": "h.example.com", "port": "9999", "dataStore": "IMS1", **said}
    return "<bundle " + " ".join(f'{name}="{value}"' for name, value in given.items()) + "/>"


def test_host_port_datastore_and_identity(migrated):
    made = migrated(bundle=bundle(userId="gwuser", password="GEHEIM1", groupName="GRP"))
    assert made.bundle["ims_connect"] == {
        "host": "h.example.com", "port": 9999, "datastore": "IMS1", "exit": "HWSSMPL1",
    }  # fmt: skip
    assert made.bundle["credentials"] == {
        "user": "gwuser", "password": {"file": "keystores/secrets/IMS1-password"}, "group": "GRP",
    }  # fmt: skip
    secret = made.home / "keystores/secrets/IMS1-password"
    assert secret.read_text() == "GEHEIM1"
    assert (secret.stat().st_mode & 0o777, secret.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert made.read().bundles["IMS1"].credentials.password.reveal() == "GEHEIM1"


def test_secrets_may_become_variables(migrated):
    made = migrated(bundle=bundle(userId="U", password="GEHEIM1"), secrets="env")
    assert made.bundle["credentials"]["password"] == {"env": "IMS1_PASSWORD"}
    assert made.report.variables == ("IMS1_PASSWORD",)
    assert not (made.home / "keystores").exists()
    assert not any("GEHEIM1" in path.read_text() for path in made.home.rglob("*.*"))


@pytest.mark.parametrize("password", ["{xor}Lz4sLCgwLTs=", "ENC(abc)", "LONGPASSPHRASE", "OBF:1x2y"])
def test_a_password_that_nobody_can_sign_on_with_is_left_out_and_told(migrated, password):
    made = migrated(bundle=bundle(userId="U", password=password))
    assert made.bundle["credentials"] == {"user": "U"}
    assert any("the RACF password" in text for text in made.texts("contradictions"))
    assert not any(password in path.read_text() for path in made.home.rglob("*.*"))


def test_a_password_may_be_handed_in(migrated):
    handed = Passwords.model_validate(
        {"bundles": {"IMS1": {"password": "RIGHT1"}}}, context={"resolver": _Literal()}
    )
    made = migrated(bundle=bundle(userId="U", password="{xor}x"), passwords=handed)
    assert (made.home / "keystores/secrets/IMS1-password").read_text() == "RIGHT1"


class _Literal:
    def secret(self, value):
        from gateway.exchange import Secret

        return Secret(value)


@pytest.mark.parametrize("said", [{"password": "P"}, {"groupName": "G"}])
def test_a_password_or_group_without_a_user_is_a_contradiction(migrated, said):
    made = migrated(bundle=bundle(**said))
    assert "credentials" not in made.bundle
    assert any("and no user" in text for text in made.texts("contradictions"))


@pytest.mark.parametrize(
    "said",
    [
        {"sslTruststoreName": "nowhere.jks"},
        {"sslKeystoreName": "nowhere.jks"},
        {"ssl": "true"},
        {"ssl": "maybe"},
        {"sslTruststoreName": "safkeyring:///GWUSER/RING"},
    ],
)
def test_where_tls_cannot_be_had_there_is_never_plain_tcp_instead(migrated, said):
    made = migrated(bundle=bundle(**said))
    assert set(made.aside) == {"bundles/IMS1.toml", "wsdl/lab"}
    assert not made.home.exists()  # nothing usable is left
    kept = migrated(bundle=bundle(**said) + bundle(name="OTHER"), correlator=ELSEWHERE)
    tls = kept.toml("set-aside/bundles/IMS1.toml")["ims_connect"]["tls"]
    assert "missing" in tls["truststore"]["path"]


def test_a_draft_that_was_set_aside_is_refused_when_it_is_moved_back_unmended(migrated):
    made = migrated(
        bundle=bundle(sslTruststoreName="nowhere.jks") + bundle(name="OTHER"),
        correlator=ELSEWHERE,
    )
    (made.home / "set-aside/bundles/IMS1.toml").rename(made.home / "bundles/IMS1.toml")
    with pytest.raises(Exception, match="does not exist"):
        made.read()


def test_a_blank_does_not_switch_tls_off(migrated):
    made = migrated(bundle=bundle(ssl="", sslTruststoreName="nowhere.jks"))
    assert "bundles/IMS1.toml" in made.aside


def test_a_store_that_is_off_needs_no_store(migrated):
    made = migrated(bundle=bundle(ssl="false", sslTruststoreName="nowhere.jks"))
    assert "tls" not in made.bundle["ims_connect"]
    assert not made.aside


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"port": "ninety"}, "ims_connect.port"),
        ({"port": "70000"}, "ims_connect.port"),
        ({"dataStore": "TOOLONGNAME"}, "ims_connect.datastore"),
        ({"hostName": ""}, "ims_connect.host"),
        ({"userId": "NINECHARS9"}, "credentials.user"),
    ],
)
def test_values_that_the_gateway_refuses_set_bundle_and_services_aside(migrated, said, key):
    made = migrated(bundle=bundle(**said))
    assert key in made.aside["bundles/IMS1.toml"]
    assert "it needs bundle IMS1" in made.aside["wsdl/lab"]


def test_the_same_bundle_twice_counts_once_and_what_differs_is_told(migrated):
    made = migrated(bundle=bundle() + bundle(port="7777"))
    assert made.bundle["ims_connect"]["port"] == 9999
    assert any("bundle IMS1 has another port" in text for text in made.texts("contradictions"))


def test_a_name_that_is_no_file_name_is_changed_and_correlators_follow(migrated):
    made = migrated(
        bundle=bundle(name="../IMS 1"),
        correlator=ELSEWHERE.replace("OTHER", "../IMS 1"),
    )
    assert made.service["bundle"] == "IMS-1"
    assert (made.home / "bundles/IMS-1.toml").exists()


def test_callout_properties_are_those_of_each_bundle(migrated):
    server = (
        "threadPollInterval=2500\nshouldStopRTOnError=true\nnumberOfWorkerThreads=7\nqueueThrottleLength=64\n"
    )
    made = migrated(
        {"callout.properties": server},
        bundle=bundle(
            calloutTpipeNames="TPA TPB TPA", calloutBasicAuthUser="me", calloutBasicAuthPassword="word"
        ),
        correlator=CALLS,
    )
    callout = made.bundle["callout"]
    assert callout["tpipes"] == ["TPA", "TPB"]
    assert (callout["retry_seconds"], callout["stop_on_error"], callout["concurrency"]) == (2.5, True, 7)
    assert callout["basic"] == {"user": "me", "password": {"file": "keystores/secrets/IMS1-basic"}}
    assert any("retrieval pauses by itself" in text for text in made.texts("needless"))


def test_without_the_stores_of_callout_consumers_are_set_aside_and_providers_are_not(migrated):
    made = migrated(
        {"callout.properties": "numberOfWorkerThreads=5\ncalloutTruststore=gone.jks\n", "other.wsdl": _other()},
        bundle=bundle(calloutTpipeNames="TPA"),
        correlator=CALLS + OTHERS,
    )
    assert set(made.aside) == {"bundles/IMS1.toml [callout]", "wsdl/lab"}
    assert "callout" not in made.bundle
    assert "callout" in made.toml("set-aside/bundles/IMS1.toml")
    assert [one.name for one in made.report.services] == ["other"]


def _other():
    from tests.fixtures.migration import lab

    return lab("OtherPort", "OtherService")


def test_the_exit_is_that_of_the_adapter_only_where_it_is_used(migrated):
    plain = migrated()
    assert plain.bundle["ims_connect"]["exit"] == "HWSSMPL1"


def test_with_a_converter_the_exit_is_hwssoap1(migrated):
    made = migrated(
        correlator='<correlator serviceName="LabService" operationName="Echo" trancode="ECHO" bundle="IMS1"'
        ' adapterType="IBM XML Adapter" converterName="ECHOD"/>'
    )
    assert made.bundle["ims_connect"]["exit"] == "HWSSOAP1"
    assert made.service["operations"]["Echo"]["converter"] == "ECHOD"
    assert any("HWSSOAP1 in EXIT=" in text for _, text, _ in made.report.questions)
