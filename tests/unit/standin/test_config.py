"""The configuration file: what it may say, and how mistakes are named."""

import shutil
from pathlib import Path

import pytest

from gateway import testkeys
from gateway.errors import ConfigError
from gateway.standin import load

CONTRACT = """
[ims_connect]
listen = "127.0.0.1:9999"
datastore = "IMS1"
racf = true                      # RACF=Y
racfid = "DEFUSER"
otma_security = "check"          # none | check | full | join | profile
[users.GWUSER]
password = "GWPASS1"
groups = ["GWGROUP"]
[transactions.IVTNO]             # optional: who may run it
permit = ["GWGROUP"]
[tpipes.HWS2SOAP]
permit = ["GWUSER"]
[descriptors.RATING]             # OTMA destination for CALLOUT
tpipe = "HWS2SOAP"
"""


@pytest.fixture
def problems(tmp_path):
    """Return the lines that a file's mistakes are named in."""

    def read(text: str) -> list[str]:
        path = tmp_path / "standin.toml"
        path.write_text(text)
        with pytest.raises(ConfigError) as caught:
            load(path, {})
        return [str(problem) for problem in caught.value.problems]

    return read


class TestGood:
    def test_a_whole_file(self, tmp_path):
        path = tmp_path / "standin.toml"
        path.write_text(CONTRACT)
        config = load(path, {})
        assert config.ims_connect.racf is True
        assert config.ims_connect.racfid == "DEFUSER"
        assert config.users["GWUSER"].groups == ("GWGROUP",)
        assert config.transactions["IVTNO"].permit == ("GWGROUP",)
        assert config.descriptors["RATING"].tpipe == "HWS2SOAP"
        assert config.descriptors["RATING"].sync_timeout_seconds == 10

    def test_an_empty_file_is_a_stand_in_without_security(self, tmp_path):
        path = tmp_path / "standin.toml"
        path.write_text("")
        config = load(path, {})
        assert (config.ims_connect.racf, config.ims_connect.otma_security) == (False, "none")
        assert config.ims_connect.datastore == "IMS1"
        assert config.state is None

    def test_the_file_of_the_queues_counts_from_the_folder_of_the_configuration(self, tmp_path):
        path = tmp_path / "standin.toml"
        path.write_text('[state]\npath = "standin.sqlite"\n')
        state = load(path, {}).state
        assert state is not None
        assert state.path == tmp_path / "standin.sqlite"

    def test_the_example_home_has_one_with_the_key_of_its_bundle(self, tmp_path):
        path = Path(shutil.copy(Path(__file__).parents[3] / "standin.toml", tmp_path))
        with pytest.raises(ConfigError, match="imsgw keystore create-test makes one"):
            load(path, {})
        made = testkeys.create(tmp_path / "keystores")
        config = load(path, {})
        assert set(config.users) == {"GWUSER", "ALICE", "BOB"}
        assert config.passtickets["IMSAPPL"].key.reveal() == made.passticket.read_text()

    def test_secrets_may_stand_elsewhere(self, tmp_path):
        (tmp_path / "bob").write_text("BOBPASS\n")
        path = tmp_path / "standin.toml"
        path.write_text(
            '[users.ALICE]\npassword = { env = "ALICES" }\n[users.BOB]\npassword = { file = "bob" }\n'
        )
        users = load(path, {"ALICES": "WONDER1"}).users
        assert [user.password.reveal() for user in users.values()] == ["WONDER1", "BOBPASS"]

    def test_faults(self, tmp_path):
        path = tmp_path / "standin.toml"
        path.write_text(
            '[[faults]]\nkind = "garble"\ndata = "DEADBEEF"\n[[faults]]\nkind = "delay"\nseconds = 2\n'
        )
        garble, delay = load(path, {}).faults
        assert (garble.data, garble.moment) == (b"\xde\xad\xbe\xef", "reply")
        assert delay.seconds == 2


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "key", "reason"),
        [
            ("[ims_connect]\nlisten = 9999", "ims_connect.listen", "host:port"),
            ("[ims_connect]\ndatastor = 'IMS1'", "ims_connect.datastor", "did you mean datastore?"),
            ("[ims_connect]\notma_security = 'chek'", "ims_connect.otma_security", "did you mean"),
            ("[ims_connect]\nexits = ['HWSJAVA0']", "ims_connect.exits.0", "HWSSMPL1"),
            ("[ims_connect]\nmaxsoc = 0", "ims_connect.maxsoc", "1 to"),
            ("[ims_connect]\ndeallocate_return_code = 5", "ims_connect.deallocate_return_code", "4, 8 or 12"),
            ("[users.alice]\npassword = 'X'", "users.alice", "1 to 8 characters of A-Z"),
            ("[users.ALICE]\npassword = 'TOOLONG12'", "users.ALICE.password", "1 to 8 characters"),
            ("[users.ALICE]\npassword = ''", "users.ALICE.password", "1 to 8 characters"),
            ("[users.ALICE]\npassword = { env = 'NONE' }", "users.ALICE.password", "NONE is not set"),
            ("[users.ALICE]\ngroups = 'SALES'", "users.ALICE.groups", "a list of names"),
            ("[transactions.ECHO]\nccsid = 5", "transactions.ECHO.ccsid", "CCSID 5 is not supported"),
            ("[transactions.ECHO]\npermit = ['WHO']", "", "permit names WHO"),
            ("[converters.XD]", "converters.XD.program", "is missing"),
            ("[descriptors.RATING]", "descriptors.RATING.tpipe", "is missing"),
            ("[descriptors.A]\ntpipe = 'A'\ntype = 'IMSTRAN'", "descriptors.A.type", '"IMSCON"'),
            (
                "[descriptors.A]\ntpipe = 'A'\nsync_timeout_seconds = 0",
                "descriptors.A.sync_timeout_seconds",
                "",
            ),
            ("[transactions.CALLOUT]\ndescriptor = 'A'", "", "descriptor names A, which is not there"),
            ("[state]", "state.path", "is missing"),
            ("[state]\npath = 1", "state.path", "the path of a file"),
            ("[state]\npath = ''", "state.path", "the path of a file"),
            ("[state]\npath = 'nowhere/queues.sqlite'", "state.path", "nowhere"),
            (
                "[ims_connect]\ntls = { keystore = { path = 'none.p12' } }",
                "ims_connect.tls.keystore.path",
                "none.p12",
            ),
            ("faults = 3", "faults", "[[faults]]"),
            ("[[faults]]\nkind = 'delay'\n[[faults]]\nkind = 'dro'", "faults[2].kind", "did you mean"),
            ("[[faults]]\nkind = 'drop'\nsecond = 2", "faults[1].second", "did you mean seconds?"),
            ("[[faults]]\nkind = 'garble'\ndata = 'XY'", "faults[1].data", "hexadecimal"),
            ("[[faults]]\nkind = 'refuse'\non = 'reply'", "faults[1]", "refuse cannot strike on reply"),
            ("[ims_connect\n", "", "is not valid TOML"),
        ],
    )
    def test_a_mistake_names_file_key_and_reason(self, problems, text, key, reason):
        (problem,) = problems(text)
        assert problem.startswith(f"standin.toml: {key}: " if key else "standin.toml: ")
        assert reason in problem

    def test_all_mistakes_are_named_at_once(self, problems):
        text = "[ims_connect]\nracf = 1\n[users.ALICE]\nrevoked = 'no'\n[[faults]]\nkind = 3"
        keys = [problem.split(": ")[1] for problem in problems(text)]
        assert sorted(keys) == ["faults[1].kind", "ims_connect.racf", "users.ALICE.revoked"]

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(ConfigError, match=r"none\.toml: does not exist"):
            load(tmp_path / "none.toml", {})

    def test_no_password_is_shown(self, problems):
        assert "GEHEIM123" not in "".join(problems("[users.ALICE]\npassword = 'GEHEIM123'"))
