"""Coverage-guided fuzzing of parser, envelope and judge with Atheris, which is no dependency of this project.

`python -m tests.fuzz.atheris_wss -runs=100000` where Atheris is installed; further options are libFuzzer's. The
first byte chooses the seed against whose policy a message is judged. What is found ends the run.
"""

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]  # not of this project

with atheris.instrument_imports(include=["gateway"]):
    from tests.fuzz.wss_cases import Seeds

DICTIONARY = (
    "#default",
    "PrefixList",
    "xmlns=",
    "xmlns:wsse=",
    "<!---->",
    "<![CDATA[",
    "]]>",
    "&#65;",
    "wsu:Id=",
    "URI=",
    "ID=",
    "<ds:Object>",
    "id-body",
    "#TS-1",
    "STR-1",
)


def main() -> None:
    """Fuzz with the options of the command line."""
    seeds = Seeds().all
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / seed.name).write_bytes(bytes([number]) + seed.message)
        words = Path(folder, "words")
        words.write_text("".join(f'"{word}"\n' for word in DICTIONARY))

        def once(data: bytes) -> None:
            if data:
                seeds[data[0] % len(seeds)].check(data[1:])

        options = (f"-dict={words}", f"-artifact_prefix={tempfile.gettempdir()}/", "-max_len=16384")
        atheris.Setup([sys.argv[0], str(corpus), *options, *sys.argv[1:]], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
