#!/bin/sh
# Makes build/api-tools, a Python environment with schemathesis and openapi-spec-validator: too much, and too
# particular about versions, to stand in the project's own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder="${1:-$here/../../../build/api-tools}"
mark="$folder/installed.txt"
cmp -s "$here/requirements.txt" "$mark" && exit 0
rm -rf "$folder"
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
cp "$here/requirements.txt" "$mark"
