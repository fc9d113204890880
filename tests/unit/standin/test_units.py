import pytest

from gateway.standin.units import Fate, UnitOfWork


class TestUnitOfWork:
    def test_back_out_undoes_the_last_change_first_and_then_releases(self):
        unit, done = UnitOfWork(), []
        unit.at_end(lambda: done.append("released"))
        unit.on_back_out(lambda: done.append("first"))
        unit.on_back_out(lambda: done.append("second"))
        unit.back_out()
        assert done == ["second", "first", "released"]
        assert unit.fate is Fate.BACKED_OUT

    def test_commit_undoes_nothing_and_releases(self):
        unit, done = UnitOfWork(), []
        unit.at_end(lambda: done.append("released"))
        unit.on_back_out(lambda: done.append("undone"))
        unit.commit()
        assert done == ["released"]
        assert unit.fate is Fate.COMMITTED

    def test_only_the_first_end_counts(self):
        unit, done = UnitOfWork(), []
        unit.on_back_out(lambda: done.append("undone"))
        unit.commit()
        unit.back_out()
        assert done == []
        assert unit.fate is Fate.COMMITTED

    def test_what_goes_out_at_commit_goes_first_and_only_then(self):
        committed, backed_out, done = UnitOfWork(), UnitOfWork(), []
        for unit in (committed, backed_out):
            unit.at_end(lambda: done.append("released"))
            unit.on_commit(lambda: done.append("sent"))
        committed.commit()
        committed.commit()
        backed_out.back_out()
        assert done == ["sent", "released", "released"]

    def test_a_commit_that_cannot_send_off_backs_out(self):
        unit, done = UnitOfWork(), []
        unit.on_back_out(lambda: done.append("undone"))
        unit.at_end(lambda: done.append("released"))

        def fail() -> None:
            raise OSError

        unit.on_commit(fail)
        with pytest.raises(OSError):
            unit.commit()
        assert (unit.fate, done) == (Fate.BACKED_OUT, ["undone", "released"])
