# Builds the image from the Dockerfile and looks at what came out, before anything runs.

UID_OF_IMAGE=10001
MOST_ADDED_MEGABYTES=170

# How this machine reaches the packages goes in as build secrets; folders with packages are mounted.
build_image() {
    say "image: buildah build --isolation chroot"
    mkdir -p "$RUN/pip"
    "$PYTHON" "$HERE/proof/pip_settings.py" "$RUN/pip" || fail "pip's settings could not be read"
    local options=(--secret "id=pip.conf,src=$RUN/pip/pip.conf") folder
    if [ -s "$RUN/pip/ca.pem" ]; then options+=(--secret "id=ca.pem,src=$RUN/pip/ca.pem"); fi
    while read -r folder; do options+=(--volume "$folder:$folder:ro"); done <"$RUN/pip/folders"
    quietly timeout 900 buildah --root "$RUN/store" --runroot "$RUN/runroot" --storage-driver "$DRIVER" build \
        --isolation chroot --format docker --build-arg "BASE=$BASE_IMAGE" \
        --build-arg "REVISION=$(git -C "$REPOSITORY" rev-parse HEAD 2>/dev/null || true)" \
        "${options[@]}" --tag "$IMAGE" "$REPOSITORY"
    b inspect --type image "$IMAGE" >"$RUN/image.json"
}

check_settings() {
    "$PYTHON" "$HERE/proof/image_settings.py" "$RUN/image.json" "$RUN/pip" || fail "the image's settings"
    local whole base added
    whole=$(b images --json "$IMAGE" | "$PYTHON" "$HERE/proof/image_settings.py" --size)
    base=$(b images --json "$BASE_IMAGE" | "$PYTHON" "$HERE/proof/image_settings.py" --size)
    added=$((whole - base))
    [ "$added" -le "$MOST_ADDED_MEGABYTES" ] || fail "the image adds $added MB to its base, more than $MOST_ADDED_MEGABYTES"
    say "image: user, command, ports, volume, health check as documented; $added MB on a base of $base MB"
}

# prints what find finds below the image's tree, and fails when that is anything
nothing_found() {
    local what=$1 found
    shift
    found=$(find "$TREE" -xdev "$@" -printf '%M %U:%G /%P\n' | sed -n 1,20p) # sed reads to the end: no SIGPIPE
    [ -z "$found" ] || { printf '%s\n' "$found" >&2; fail "$what"; }
}

check_tree() {
    local container
    container=$(b from "$IMAGE")
    TREE=$(b mount "$container")
    nothing_found "the image's user can write outside its state" \
        \( -path "$TREE/var/lib/imsgw" -o -path "$TREE/tmp" -o -path "$TREE/var/tmp" -o -path "$TREE/run/lock" \) -prune \
        -o ! -type l ! -type c \( -uid "$UID_OF_IMAGE" -o -gid "$UID_OF_IMAGE" -o -perm -0002 \)
    nothing_found "files left in the image's state" -path "$TREE/var/lib/imsgw/*"
    nothing_found "files left in the image's /tmp" -path "$TREE/tmp/*"
    nothing_found "set-uid or set-gid programs" -type f -perm /6000
    nothing_found "build tools" \( -path '*/bin/gcc*' -o -path '*/bin/cc' -o -path '*/bin/make' -o -path '*/bin/ld' \)
    nothing_found "pip or build backends beside the product" \
        -path "$TREE/opt/imsgw/*" \( -name 'pip' -o -name 'setuptools' -o -name 'hatchling' \)
    nothing_found "pip's settings or caches" \( -name pip.conf -o -path "$TREE/*.cache/*" -o -path "$TREE/run/secrets/*" -o -path "$TREE/build*" \)
    nothing_found "keys" \( -path "$TREE/opt/*" -o -path "$TREE/etc/imsgw/*" \) \( -name '*.p12' -o -name '*.key' \)
    [ "$(stat -c '%u:%g %a' "$TREE/var/lib/imsgw")" = "$UID_OF_IMAGE:0 770" ] || fail "the state folder's owner or mode"
    "$PYTHON" "$HERE/proof/sbom.py" "$TREE" || fail "the bill of materials"
    b rm "$container" >/dev/null
    say "image: its bill of materials (/opt/imsgw/sbom.cdx.json) lists what is in it, and nothing else"
    say "image: nothing the user can write but its state, no set-uid programs, no build tools, no settings of this machine"
}
