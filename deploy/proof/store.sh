# A storage of our own below the work folder, so that nothing of the machine's is touched; and the base in it.

STORE_OPTIONS="--root $RUN/store --runroot $RUN/runroot"
BASE_IMAGE=localhost/imsgw-proof-base
IMAGE=localhost/imsgw-proof
DRIVER=

# shellcheck disable=SC2086  # several options in one variable, none with blanks (open_store sees to it)
b() { buildah $STORE_OPTIONS --storage-driver "$DRIVER" "$@"; }

open_store() {
    case $RUN in *[[:space:]]*) fail "the work folder's name has a blank" ;; esac
    local container
    for DRIVER in overlay vfs; do
        if container=$(b from scratch 2>"$RUN/driver.log") && b mount "$container" >/dev/null 2>>"$RUN/driver.log"; then
            b rm "$container" >/dev/null
            say "storage driver $DRIVER"
            return
        fi
        remove_store
    done
    cat "$RUN/driver.log" >&2
    fail "no storage driver works here"
}

remove_store() {
    [ -n "$DRIVER" ] || return 0
    b rm --all >/dev/null 2>&1 || true
    unmount_all
    rm -rf --one-file-system "$RUN/store" "$RUN/runroot"
}

# ends what earlier runs with --keep, or that were killed, left in the work folder
remove_kept() {
    for RUN in "$WORK"/run.*; do
        [ -d "$RUN" ] || continue
        NAMESPACE=$(cat "$RUN/namespace" 2>/dev/null || echo none)
        remove_network
        unmount_all
        rm -rf --one-file-system "$RUN"
        say "removed $RUN"
    done
}

unmount_all() {
    local place
    # deepest first; a mount that stays would let rm -rf reach through it
    awk -v run="$RUN/" 'index($2, run) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r place; do
        umount "$place" || umount --lazy "$place" || true
    done
}

make_base() {
    local tar=$WORK/base-$SUITE.tar
    if [ -s "$tar" ]; then
        say "base: $tar, made before"
    else
        say "base: debootstrap $SUITE (a minute or two, once)"
        # shellcheck disable=SC2086  # no mirror, no argument
        quietly timeout 600 debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
            "$SUITE" "$RUN/base" $MIRROR
        rm -rf "$RUN"/base/var/cache/apt/archives/*.deb "$RUN"/base/var/lib/apt/lists/*
        tar --one-file-system -C "$RUN/base" -cf "$tar.part" .
        mv "$tar.part" "$tar"
        rm -rf --one-file-system "$RUN/base"
    fi
    local container
    container=$(b from scratch)
    quietly b add "$container" "$tar" /
    quietly b commit --quiet --rm "$container" "$BASE_IMAGE"
}
