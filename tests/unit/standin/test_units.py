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
