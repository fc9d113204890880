import re
from pathlib import Path

from gateway.config.check import check_home, open_files
from gateway.config.read import read_home
from tests.unit.config.homes import BASE, CORPUS, build
from tools.config_reference import PAGE, main, page


def test_the_page_of_the_repository_is_what_the_models_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tools.config_reference"


def test_a_stale_page_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tools.config_reference.PAGE", tmp_path / "configuration.md")
    assert main(["--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "configuration.md").write_text("old")
    assert main(["--check"]) == 1


def test_the_page_shows_lines_that_check_really_prints():
    shown = re.findall(
        r"^(?:gateway\.toml|wsdl/\w+/correlator\.toml|bundles/\w+\.toml): .*$", page(), re.MULTILINE
    )
    printed = {line for case in CORPUS.glob("*/expected.txt") for line in case.read_text().splitlines()}
    assert len(shown) == 3
    assert set(shown) <= printed


def test_the_page_speaks_of_every_file_without_the_words_of_a_schema():
    for word in ("None", "dict", "array", "integer", "boolean", "string", "Literal", "object"):
        assert not re.search(rf"\| [^|]*\b{word}\b[^|]* \|", page()), word


def test_the_settings_told_for_2000_requests_fit_each_other(tmp_path):
    environ = build(BASE, tmp_path)
    example = page().split("<!-- The tests read this example. -->")[1].split("```")[1]
    server = example.split("[server]\n")[1].split("\n\n")[0]
    ims_connect = example.split("[ims_connect]\n")[1]
    with (tmp_path / "gateway.toml").open("a") as file:
        file.write(server)
    bundle = Path(tmp_path / "bundles" / "ims1.toml")
    bundle.write_text(bundle.read_text().replace("maxsoc = 100\n", ims_connect))
    home = read_home(tmp_path, environ=environ)
    assert home.gateway.server.workers * home.gateway.server.threads >= 2000
    assert check_home(home, open_files(4096)) == ()
