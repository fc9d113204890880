#!/usr/bin/env bash
# Builds sdist and wheel, and the wheel from the sdist once more; installs that one with the locked requirements into a
# clean environment, runs it there, and has mypy see its types as somebody who uses the package does.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

.venv/bin/python -m hatchling build -d "$work/dist"
mkdir "$work/unpacked"
tar -xzf "$work"/dist/*.tar.gz -C "$work/unpacked" --strip-components=1
(cd "$work/unpacked" && "$repository/.venv/bin/python" -m hatchling build -t wheel -d "$work/again")
# the same files with the same bytes: whoever builds from the sdist gets what we ship
list() { .venv/bin/python -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); [print(i.filename, i.CRC, i.file_size) for i in sorted(z.infolist(), key=lambda i: i.filename)]' "$1"; }
diff <(list "$work"/dist/*.whl) <(list "$work"/again/*.whl)

"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/runtime.txt
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$work"/again/*.whl
cd "$work"

"$repository/.venv/bin/python" "$repository/tests/consumer/check.py" "$work/venv/bin/python"
venv/bin/imsgw --version
venv/bin/imsgw demo --once --port 28443 --admin-port 29443 --standin-port 29999 \
    --callout-port 29444 --partner-port 29445 --partner-certificate-port 29446
