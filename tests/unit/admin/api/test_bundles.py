"""Bundles over the API: shown without secrets, changed as a whole, never by two at once."""

import pytest

from tests.fixtures.admin import let_nobody_answer

PATH = "/api/bundles/ims1"


def etag_of(managed):
    return managed.ask("GET", PATH, "viewer").headers["ETag"]


def change(managed, values, etag=None, role="operator"):
    headers = {"If-Match": etag or etag_of(managed)}
    return managed.ask("PATCH", PATH, role, json={"values": values}, headers=headers)


def test_a_bundle_is_shown_without_its_secrets(managed):
    answer = managed.ask("GET", PATH, "viewer")
    assert answer.status_code == 200
    assert "SECRET99" not in answer.text
    assert answer.json["settings"]["credentials"] == {"user": "GWUSER", "password": "***"}
    assert answer.json["in_force"]["addresses"] == ["127.0.0.1:9999"]


def test_what_stands_under_a_misspelt_key_is_hidden_too(managed):
    file = managed.home / "bundles/ims1.toml"
    file.write_text(file.read_text().replace('password = "SECRET99"', 'pasword = "SECRET99"'))
    answer = managed.ask("GET", PATH, "viewer")
    assert (answer.status_code, "SECRET99" in answer.text) == (200, False)


def test_a_change_is_in_force_and_keeps_comments(managed):
    answer = change(managed, {"ims_connect.port": 9998})
    assert (answer.status_code, answer.json["in_force"]) == (200, True)
    bundle = managed.gateway.snapshot().home.bundles["ims1"]
    assert [str(address) for address in bundle.ims_connect.addresses] == ["127.0.0.1:9998"]
    assert "port = 9998  # of HWS1" in (managed.home / "bundles/ims1.toml").read_text()


def test_a_change_gives_the_next_etag(managed):
    answer = change(managed, {"ims_connect.port": 9998})
    assert answer.headers["ETag"] == etag_of(managed)


def test_a_change_of_what_somebody_else_has_changed_is_refused(managed):
    seen = etag_of(managed)
    assert change(managed, {"ims_connect.port": 9998}).status_code == 200
    answer = change(managed, {"ims_connect.port": 9997}, seen)
    assert answer.status_code == 412
    assert "port = 9998" in (managed.home / "bundles/ims1.toml").read_text()


def test_a_change_without_an_etag_is_refused(managed):
    answer = managed.ask("PATCH", PATH, "operator", json={"values": {"ims_connect.port": 9998}})
    assert answer.status_code == 428


@pytest.mark.parametrize("value", ["*", 'W/"a"', '"a", "b"', "a"])
def test_if_match_is_one_strong_etag(managed, value):
    assert change(managed, {"ims_connect.port": 9998}, value).status_code in {400, 412, 428}
    assert "port = 9999" in (managed.home / "bundles/ims1.toml").read_text()


@pytest.mark.parametrize(
    "values",
    [
        {"ims_connect.prot": 1},
        {"ims_connect.port": "x"},
        {"ims_connect.port": 0},
        {"credentials.password": "CLEAR"},
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(managed, values):
    before = (managed.home / "bundles/ims1.toml").read_bytes()
    answer = change(managed, values)
    assert answer.status_code == 422
    assert "CLEAR" not in answer.text
    assert (managed.home / "bundles/ims1.toml").read_bytes() == before


def test_a_secret_goes_into_a_file_of_its_own(managed):
    answer = change(managed, {"credentials.password": {"secret": "NEWPASS1"}})
    assert answer.status_code == 200
    assert "NEWPASS1" not in answer.text
    assert "NEWPASS1" not in (managed.home / "bundles/ims1.toml").read_text()
    shown = managed.ask("GET", PATH, "viewer").json["settings"]["credentials"]["password"]
    assert (managed.home / shown["file"]).stat().st_mode & 0o777 == 0o600
    password = managed.gateway.snapshot().home.bundles["ims1"].credentials.password
    assert password.reveal() == "NEWPASS1"


def test_a_bundle_is_made_and_deleted(managed):
    values = {"ims_connect.host": "127.0.0.1", "ims_connect.port": 9999, "ims_connect.datastore": "IMS2"}
    made = managed.ask("POST", "/api/bundles", "operator", json={"name": "ims2", "values": values})
    assert made.status_code == 201, made.text
    assert [one["name"] for one in managed.ask("GET", "/api/bundles", "viewer").json["bundles"]] == [
        "ims1",
        "ims2",
    ]
    again = managed.ask("POST", "/api/bundles", "operator", json={"name": "ims2", "values": values})
    assert again.status_code == 409
    tag = managed.ask("GET", "/api/bundles/ims2", "viewer").headers["ETag"]
    gone = managed.ask("DELETE", "/api/bundles/ims2", "operator", headers={"If-Match": tag})
    assert gone.status_code == 200
    assert managed.ask("GET", "/api/bundles/ims2", "viewer").status_code == 404


def test_a_bundle_in_use_is_not_deleted(managed):
    answer = managed.ask("DELETE", PATH, "operator", headers={"If-Match": etag_of(managed)})
    assert (answer.status_code, "lab" in answer.json["detail"]) == (409, True)


def test_pools_are_made_anew(managed):
    assert managed.ask("POST", f"{PATH}/recycle", "operator").status_code == 200
    assert managed.gateway.recycled == ["ims1"]


@pytest.mark.parametrize("what", ["recycle", "test"])
def test_there_must_be_such_a_bundle(managed, what):
    assert managed.ask("POST", f"/api/bundles/other/{what}", "operator").status_code == 404


def test_trying_an_address_where_nobody_listens_says_so(managed):
    let_nobody_answer(managed)
    answer = managed.ask("POST", f"{PATH}/test", "operator")
    assert (answer.status_code, answer.json["done"]) == (200, False)
    assert answer.json["addresses"][0]["steps"][0]["name"] == "connect"
