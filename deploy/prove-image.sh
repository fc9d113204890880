#!/usr/bin/env bash
# Builds the image on a machine without a container engine, runs it, calls it, stops it, removes it.
# What this proves and what not: docs/container.md.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPOSITORY=$(dirname "$HERE")
WORK=${XDG_CACHE_HOME:-$HOME/.cache}/imsgw-image
SUITE=trixie
MIRROR=
RUNNER=auto
KEEP=no
SAID=no
PYTHON=$REPOSITORY/.venv/bin/python

usage() {
    cat <<'TEXT'
Usage: deploy/prove-image.sh [options]      as root; exit code 0 when everything held, 1 when not, 2 wrong usage

  --work DIR        where the base is kept between runs, and all else while one runs
  --suite NAME      release of Debian for the base (trixie)
  --mirror URL      where debootstrap gets packages; its own default otherwise
  --runner NAME     podman | chroot | auto: podman where it is installed and works here, else chroot
  --python FILE     a python with zeep, for the client outside (.venv/bin/python)
  --keep            leave the image, the running containers and their files, and say where they are
  --remove          only remove what runs with --keep left

Needs buildah, debootstrap and ip:   apt-get install --no-install-recommends buildah debootstrap iproute2
For the stricter proof also podman:  apt-get install --no-install-recommends podman conmon runc
TEXT
}

while [ $# -gt 0 ]; do
    case $1 in
        --work) WORK=$2; shift ;;
        --suite) SUITE=$2; shift ;;
        --mirror) MIRROR=$2; shift ;;
        --runner) RUNNER=$2; shift ;;
        --python) PYTHON=$2; shift ;;
        --keep) KEEP=yes ;;
        --remove) KEEP=remove ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift || { usage >&2; exit 2; }
done
case $RUNNER in podman | chroot | auto) ;; *) usage >&2; exit 2 ;; esac

say() { printf '[%4ds] %s\n' "$SECONDS" "$*"; }
fail() { SAID=yes; printf '[%4ds] FAILED: %s\n' "$SECONDS" "$*" >&2; exit 1; }

# show a step's output only when the step fails
quietly() {
    local log=$RUN/step.log
    "$@" >"$log" 2>&1 || { tail -n 60 "$log" >&2; fail "$*"; }
}

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || { usage >&2; fail "$tool is not installed"; }
    done
}

[ "$(id -u)" = 0 ] || fail "must be root: debootstrap and containers without an engine need it"
need buildah debootstrap ip flock nsenter
"$PYTHON" -c 'import zeep' 2>/dev/null || fail "$PYTHON has no zeep; make test lays out .venv, or name another with --python"

mkdir -p "$WORK"
WORK=$(cd "$WORK" && pwd)
exec 9>"$WORK/lock"
flock --nonblock 9 || fail "another run is at work in $WORK"
if [ "$KEEP" = remove ]; then
    # shellcheck source=deploy/proof/store.sh
    RUN='' . "$HERE/proof/store.sh"
    # shellcheck source=deploy/proof/network.sh
    . "$HERE/proof/network.sh"
    remove_kept
    exit 0
fi
RUN=$(mktemp -d "$WORK/run.XXXXXX")
chmod 755 "$RUN"

# shellcheck source=deploy/proof/store.sh
. "$HERE/proof/store.sh"
# shellcheck source=deploy/proof/network.sh
. "$HERE/proof/network.sh"
# shellcheck source=deploy/proof/image.sh
. "$HERE/proof/image.sh"
# shellcheck source=deploy/proof/containers.sh
. "$HERE/proof/containers.sh"

clean_up() {
    local code=$?
    trap - EXIT INT TERM
    set +e
    if [ "$code" != 0 ]; then
        [ "$SAID" = yes ] || tail -n 20 "$RUN/step.log" >&2 # a mistake of the script itself, or a signal
        show_logs
    fi
    if [ "$KEEP" = yes ]; then
        say "kept: $BASE_URL, network namespace $NAMESPACE, files in $RUN; --remove ends it"
    else
        remove_containers
        remove_network
        remove_store
        rm -rf "$RUN"
        say "removed everything but the base in $WORK"
    fi
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

open_store
make_base
build_image
check_settings
check_tree
make_network
choose_runner
lay_out
make_keys
start_all
check_running
call_from_outside
check_traces
stop_all
say "proven with $RUNNER on $DRIVER"
