"""The documentation of the API is that of the code."""

from tools.management_api import PAGE, main, page


def test_the_page_in_docs_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tools.management_api"


def test_a_stale_page_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.management_api.PAGE", tmp_path / "management-api.md")
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
