#!/usr/bin/env bash
# Builds sdist and wheel, installs the wheel with the locked requirements into a clean environment, and runs it there.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

.venv/bin/python -m hatchling build -d "$work/dist"
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/runtime.txt
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$work"/dist/*.whl
cd "$work"
venv/bin/imsgw --version
venv/bin/imsgw demo --once --port 28443 --admin-port 29443 --standin-port 29999 \
    --callout-port 29444 --partner-port 29445 --partner-certificate-port 29446
