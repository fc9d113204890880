"""Several data stores behind one port, and what happens when one of them goes."""

import pytest

from gateway.config.read import settle
from gateway.config.secrets import HomeFiles
from gateway.errors import ConfigError
from gateway.standin import RunningStandin, StandinConfig
from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
    FOREVER,
    message,
    refusal,
    reply,
    text,
    until,
)

ADD = "IVTNO     ADD     SMITH     JOHN      8-111-9999D09/R09"
ANSWER = f"{'ENTRY WAS ADDED':<40}ADD     SMITH     JOHN      8-111-9999D09/R09{'0001':>4}"
GONE = refusal(8, 77)
CONFIRMED = {"f2": CM0, "f3": CONFIRM}


def read(**tables) -> StandinConfig:
    from pathlib import Path

    return settle(StandinConfig, tables, "standin.toml", HomeFiles(Path.cwd(), {}))


@pytest.fixture
def two(standin_factory):
    return standin_factory(datastores={"IMS2": {}})


class TestSeveral:
    def test_each_has_an_ims_of_its_own(self, two, connect):
        client = connect(two)
        client.ask(text(ADD, datastore="IMS2"))
        assert "SMITH" in two.datastore("IMS2").book.entries
        assert "SMITH" not in two.book.entries
        assert two.book is two.datastore("IMS1").book

    def test_programs_know_which_one_they_run_in(self, two, connect):
        client = connect(two)
        for name in ("IMS1", "IMS2"):
            assert f"DATASTORE={name} ".encode("cp037") in client.ask(text("WHOAMI", datastore=name))

    def test_hold_queues_are_apart(self, two, connect):
        client = connect(two)
        client.send(text("ECHO 1", verb="S", datastore="IMS2", f2=CM0))
        until(lambda: two.datastore("IMS2").tpipes.depths == {"CLIENT01": 1})
        assert two.tpipes.depths == {}
        assert client.ask(text("ECHO 2"))[-10] == 0x10
        assert client.ask(text("ECHO 2", datastore="IMS2"))[-10] == 0x90  # X'80': output waits there

    def test_a_name_that_is_none(self, two, connect):
        client = connect(two)
        assert client.ask(text("ECHO 1", datastore="IMS3")) == refusal(8, 72)
        client.assert_closed()

    def test_two_names_may_lead_to_one_ims(self, standin_factory, connect):
        standin = standin_factory(datastores={"IMS2": {"ims": "IMS1"}, "IMS3": {"ims": "IMS4"}, "IMS4": {}})
        client = connect(standin)
        client.ask(text(ADD, datastore="IMS2"))
        assert "SMITH" in standin.book.entries
        assert standin.datastore("IMS3").ims is standin.datastore("IMS4").ims
        assert standin.datastore("IMS3").ims is not standin.datastore("IMS1").ims

    def test_a_transaction_is_stopped_in_one_of_them(self, two, connect):
        client = connect(two)
        client.ask(text("/STO TRAN ECHO", datastore="IMS2"))
        assert client.ask(text("ECHO 1", datastore="IMS2")) == reply("DFS065 TRAN/LTERM STOPPED")
        assert client.ask(text("ECHO 1")) == reply("1")

    def test_own_wait_for_the_ack(self, standin_factory, connect):
        standin = standin_factory(datastores={"IMS2": {"ackto_seconds": 0.05}})
        client = connect(standin)
        client.ask(text("ECHO 1", f3=CONFIRM, datastore="IMS2"))
        until(lambda: standin.seen[0].outcome == "no ACK in time, backed out")
        other = connect(standin)
        other.ask(text("ECHO 1", f3=CONFIRM, client="OTHER"))
        assert other.ask(message(verb="A", f3=CONFIRM, client="OTHER")) == refusal(4, 97)

    def test_own_name_for_rerouted_output(self, standin_factory, connect):
        standin = standin_factory(
            ims_connect={"reroute_name": "FIRST"}, datastores={"IMS2": {"reroute_name": "SECOND"}}
        )
        client = connect(standin)
        for name, queue in (("IMS1", "FIRST"), ("IMS2", "SECOND")):
            client.ask(text("ECHO 1", f2=CM0, f3=CONFIRM | 0x08, datastore=name))
            client.ask(message(verb="N", f2=CM0, f3=CONFIRM, timer=1, datastore=name))
            assert standin.datastore(name).tpipes.depths == {queue: 1}

    def test_own_level_of_security(self, standin_factory, connect):
        standin = standin_factory(
            ims_connect={"otma_security": "check"},
            users={"ALICE": {}},
            datastores={"IMS2": {"otma_security": "none"}, "IMS3": {}},
        )
        client = connect(standin)
        assert client.ask(text("ECHO 1", user="BOB", datastore="IMS2")) == reply("1")
        for name in ("IMS1", "IMS3"):
            answer = connect(standin).ask(text("ECHO 1", user="BOB", datastore=name, client=name))
            assert answer == reply("DFS1292E SECURITY VIOLATION")

    def test_its_ims_goes_by_the_name_of_tmember(self, standin_factory, connect):
        client = connect(standin_factory(datastores={"IMS2": {"tmember": "IMSB"}}))
        assert "-IMSB ".encode("cp037") in client.ask(text("/DIS OTMA", datastore="IMS2"))
        assert "-IMS1 ".encode("cp037") in client.ask(text("/DIS OTMA"))


class TestStopped:
    def test_one_that_is_stopped_at_the_start(self, standin_factory, connect):
        standin = standin_factory(datastores={"IMS2": {"stopped": True}})
        client = connect(standin)
        assert client.ask(text("ECHO 1", datastore="IMS2")) == refusal(8, 76)
        client.assert_closed()
        assert connect(standin).ask(text("ECHO 1")) == reply("1")

    @pytest.mark.parametrize(("ims_gone", "reason"), [(False, 76), (True, 74)])
    def test_one_that_goes_and_comes_back(self, standin, connect, ims_gone, reason):
        standin.stop_datastore("IMS1", ims_gone=ims_gone)
        assert connect(standin).ask(text("ECHO 1")) == refusal(8, reason)
        standin.start_datastore("IMS1")
        assert connect(standin).ask(text("ECHO 1")) == reply("1")

    def test_a_ping_does_not_need_it(self, standin, connect):
        standin.stop_datastore("IMS1")
        connect(standin).assert_open()

    def test_a_name_that_is_none_cannot_be_stopped(self, standin):
        with pytest.raises(KeyError):
            standin.stop_datastore("IMS9")

    def test_what_its_ims_has_outlasts_it(self, standin, connect):
        connect(standin).ask(text(ADD))
        standin.stop_datastore("IMS1")
        standin.start_datastore("IMS1")
        assert "SMITH" in standin.book.entries

    def test_another_name_of_the_same_ims_goes_on(self, standin_factory, connect):
        standin = standin_factory(datastores={"IMS2": {"ims": "IMS1"}})
        standin.stop_datastore("IMS1")
        assert connect(standin).ask(text("ECHO 1", datastore="IMS2")) == reply("1")


class TestWhoWaits:
    def go(self, standin: RunningStandin) -> None:
        until(lambda: standin.datastore("IMS1").ims.inputs)
        standin.stop_datastore("IMS1")

    def test_for_ims_hears_that_the_outcome_is_unknown(self, standin, connect):
        client = connect(standin)
        client.send(text("SLEEP 60", timer=FOREVER))
        self.go(standin)
        assert client.output() == GONE
        client.assert_closed()
        until(lambda: standin.seen[0].outcome == "data store gone, lost")

    def test_the_output_of_commit_mode_0_is_held(self, standin, connect):
        client = connect(standin)
        client.send(text("SLEEP 60 LATE", timer=FOREVER, **CONFIRMED))
        self.go(standin)
        assert client.output() == GONE
        until(lambda: standin.seen[0].outcome == "data store gone, held")
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_with_confirm_it_is_backed_out(self, standin, connect):
        client = connect(standin)
        client.send(text("SLEEP 60", timer=FOREVER, f3=CONFIRM))
        self.go(standin)
        assert client.output() == GONE
        until(lambda: standin.seen[0].outcome == "data store gone, backed out")

    def test_who_owes_an_ack_hears_it_and_is_backed_out(self, standin, connect):
        client = connect(standin)
        client.ask(text(ADD, f3=CONFIRM))
        standin.stop_datastore("IMS1")
        assert client.output() == GONE
        client.assert_closed()
        assert "SMITH" not in standin.book.entries
        assert standin.seen[0].outcome == "not delivered, backed out"

    def test_who_owes_an_ack_of_commit_mode_0_finds_it_held(self, standin, connect):
        client = connect(standin)
        client.ask(text("ECHO 1", **CONFIRMED))
        standin.stop_datastore("IMS1")
        assert client.output() == GONE
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})

    def test_who_waits_for_more_after_the_ack(self, standin, connect):
        client = connect(standin)
        client.ask(text("ECHO 1", **CONFIRMED))
        client.send(message(verb="A", timer=FOREVER, **CONFIRMED))
        until(lambda: standin.seen[-1].outcome == "taken")
        standin.stop_datastore("IMS1")
        assert client.output() == GONE

    def test_who_gets_no_reply_until_the_timer(self, standin, connect):
        client = connect(standin)
        client.send(text("NOREPLY", timer=FOREVER, f2=CM0, f3=CONFIRM))
        until(lambda: standin.seen and standin.seen[0].outcome == "no reply")
        standin.stop_datastore("IMS1")
        assert client.output() == GONE

    def test_who_waits_in_resume_tpipe_hears_return_code_44(self, standin, connect):
        client = connect(standin)
        resume = message(verb="R", f5=0x02, timer=FOREVER, **CONFIRMED)
        client.send(resume)
        until(lambda: standin.tpipes.turns.count("CLIENT01"))
        standin.stop_datastore("IMS1")
        assert client.output() == refusal(44, 0)
        client.assert_closed()

    def test_who_waits_for_another_one_notices_nothing(self, two, connect):
        client = connect(two)
        client.send(text("SLEEP 30", timer=FOREVER, datastore="IMS2"))
        until(lambda: two.datastore("IMS2").ims.inputs)
        two.stop_datastore("IMS1")
        assert client.output() == reply("30")

    def test_an_open_conversation_ends_with_its_next_input(self, standin, connect):
        client = connect(standin)
        client.ask(text("CONVERSE ONE"))
        standin.stop_datastore("IMS1")
        standin.start_datastore("IMS1")
        assert client.ask(text("TWO")) == reply("SAID 2", "ONE", "TWO", flags=0x50)
        standin.stop_datastore("IMS1")
        assert client.ask(text("THREE")) == refusal(8, 76)
        until(lambda: standin.datastore("IMS1").ims.conversations.all == ())


class TestConfiguration:
    @pytest.mark.parametrize(
        ("stores", "problem"),
        [
            ({"IMS1": {}}, "its keys stand there"),
            ({"IMS2": {"ims": "IMS9"}}, "which has no IMS of its own"),
            ({"IMS2": {"ims": "IMS2"}}, "which has no IMS of its own"),
            ({"IMS2": {"ims": "IMS3"}, "IMS3": {"ims": "IMS1"}}, "which has no IMS of its own"),
            ({"IMS2": {"ims": "IMS1", "otma_security": "none"}}, "otma_security is said where its IMS is"),
            ({"TOOLONGNAME": {}}, "1 to 8 characters"),
            ({"IMS2": {"ackto_seconds": 0}}, "ackto_seconds"),
            ({"IMS2": {"nosuch": 1}}, "nosuch"),
        ],
    )
    def test_what_does_not_fit_is_named(self, stores, problem):
        with pytest.raises(ConfigError, match=problem):
            read(datastores=stores)

    def test_without_keys_it_is_as_the_first(self):
        settings = read(datastores={"IMS2": {}}).datastores["IMS2"]
        assert (settings.application, settings.ackto_seconds, settings.stopped) == (None, None, False)
