#!/usr/bin/env bash
# Runs the unit and flow tests with each other supported interpreter that this machine has.
set -euo pipefail
cd "$(dirname "$0")/.."

interpreter() { # the first of the candidates for a version that runs
    local candidates=("python$1")
    if command -v pyenv >/dev/null; then
        candidates+=("$(pyenv root)"/versions/"$1".*/bin/python)
    fi
    for candidate in "${candidates[@]}"; do
        if "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

for version in 3.12 3.13; do
    python=$(interpreter "$version")
    if [ -z "$python" ]; then
        echo "Python $version: not on this machine"
        continue
    fi
    "$python" --version
    make --no-print-directory test PYTHON="$python" VENV=".venv-$version" PYTEST_ARGS="-q tests/unit tests/flows tests/attacks"
done
