import pytest

from gateway.standin.clients import ClientIds
from gateway.standin.refusal import Refusal


class Holder:
    cancelled = ""

    def cancel(self, why: str) -> None:
        self.cancelled = why


class TestClientIds:
    def test_a_generated_id_is_never_one_in_use(self):
        clients: ClientIds[Holder] = ClientIds()
        clients.enter("HWS00001", Holder(), cancel=False)
        assert [clients.generate(), clients.generate()] == ["HWS00002", "HWS00003"]

    def test_generated_ids_have_eight_characters_whatever_their_number(self):
        clients: ClientIds[Holder] = ClientIds()
        ids = [clients.generate() for _ in range(50)]
        assert {len(name) for name in ids} == {8}
        assert ids[35] == "HWS00010"

    def test_who_was_cancelled_does_not_take_the_id_along(self):
        clients: ClientIds[Holder] = ClientIds()
        old, new = Holder(), Holder()
        clients.enter("A", old, cancel=False)
        clients.enter("A", new, cancel=True)
        clients.leave("A", old)
        assert clients.holder("A") is new
        assert "taken over" in old.cancelled

    @pytest.mark.parametrize("name", ["A", "A1", "#@$", "ABCDEFGH", "1"])
    def test_good_ids(self, name):
        ClientIds[Holder]().check(name, 9999)

    @pytest.mark.parametrize("name", ["", "ABCDEFGHI", "a", "Ä", "A-B", "HWS", "HWSX", "9999"])
    def test_ids_nobody_may_choose(self, name):
        with pytest.raises(Refusal, match="4/9"):
            ClientIds[Holder]().check(name, 9999)
