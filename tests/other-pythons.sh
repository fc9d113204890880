#!/usr/bin/env bash
# Runs the tests with each other supported interpreter that this machine has: unit tests and attacks with all, flows with
# the newest too, as 3.11 has run everything.
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

declare -A pythons preparing
for version in 3.12 3.13; do
    pythons[$version]=$(interpreter "$version")
    [ -n "${pythons[$version]}" ] || continue
    # installing keeps one processor busy: both at once
    make --no-print-directory ".venv-$version/.installed" PYTHON="${pythons[$version]}" VENV=".venv-$version" &
    preparing[$version]=$!
done
for version in "${!preparing[@]}"; do
    wait "${preparing[$version]}"
done

for version in 3.12 3.13; do
    folders="tests/unit tests/attacks"
    [ "$version" = 3.13 ] && folders="$folders tests/flows"
    python=${pythons[$version]}
    if [ -z "$python" ]; then
        echo "Python $version: not on this machine"
        continue
    fi
    "$python" --version
    make --no-print-directory test PYTHON="$python" VENV=".venv-$version" PYTEST_ARGS="-q $folders"
done
