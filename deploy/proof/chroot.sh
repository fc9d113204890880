# Containers by `buildah run --isolation chroot`: the image's files, user, environment and command, but neither a
# read-only root file system nor namespaces of processes: what is missing is checked by hand where it can be.
# Each function's first argument is the container's short name.

declare -gA CONTAINER PROCESS MOUNTS MARK
COMMAND=()

runner_works() { true; }

# shellcheck disable=SC2086
run_in_chroot() {
    local name=$1 mount options=()
    shift
    for mount in ${MOUNTS[$name]}; do options+=(--volume "$mount"); done
    nsenter --net="/run/netns/$NAMESPACE" \
        buildah $STORE_OPTIONS --storage-driver "$DRIVER" run --isolation chroot --cap-drop ALL "${options[@]}" \
        "${CONTAINER[$name]}" -- "$@"
}

# lays out a container with its mounts; leaves the arguments of the command in COMMAND
prepare() {
    local name=$1
    shift
    mkdir -p "$RUN/$name/tmp" "$RUN/$name/state"
    chmod 1777 "$RUN/$name/tmp"
    chown "$UID_OF_IMAGE:0" "$RUN/$name/state"
    MOUNTS[$name]="$RUN/$name/tmp:/tmp:rw"
    while [ "$1" != -- ]; do MOUNTS[$name]+=" $1"; shift; done
    shift
    COMMAND=("$@")
    case ${MOUNTS[$name]} in
        *:/var/lib/imsgw:*) ;;
        *) MOUNTS[$name]+=" $RUN/$name/state:/var/lib/imsgw:rw" ;;
    esac
    CONTAINER[$name]=$(b from --add-host standin:127.0.0.1 "$IMAGE")
    # else buildah's own copy of the volume may come before the folder that is mounted there
    b config --volume /var/lib/imsgw- "${CONTAINER[$name]}"
    # the places of mounts, and the files that the runner makes itself, appear with the first run
    run_in_chroot "$name" /bin/true >/dev/null
    MARK[$name]=$RUN/$name/started
    touch "${MARK[$name]}"
}

start() {
    prepare "$@"
    run_in_chroot "$1" imsgw "${COMMAND[@]}" >"$RUN/$1.log" 2>&1 &
    PROCESS[$1]=$!
}

# runs a whole command in a container of its own, to its end
once() {
    prepare "$@"
    run_in_chroot "$1" "${COMMAND[@]}"
}

inside() { run_in_chroot "$@"; }

health() { run_in_chroot "$1" /opt/imsgw/bin/python -I /opt/imsgw/healthcheck.py; }

alive() { kill -0 "${PROCESS[$1]}" 2>/dev/null; }

logs() { cat "$RUN/$1.log"; }

descendants() {
    local child
    for child in $(pgrep -P "$1"); do
        echo "$child"
        descendants "$child"
    done
}

# the signal goes to the first process of the product: here is no runtime to pass it on; the exit code is in EXIT_CODE
stop() {
    local process
    for process in $(descendants "${PROCESS[$1]}"); do
        if tr '\0' ' ' <"/proc/$process/cmdline" | grep -q '^/opt/imsgw/bin/python[^ ]* /opt/imsgw/bin/imsgw '; then
            kill -TERM "$process"
            break
        fi
    done
    timeout "$STOP_SECONDS" tail --pid="${PROCESS[$1]}" -f /dev/null || kill -KILL "${PROCESS[$1]}"
    EXIT_CODE=0
    wait "${PROCESS[$1]}" || EXIT_CODE=$?
}

changed_files() {
    local tree
    tree=$(b mount "${CONTAINER[$1]}")
    find "$tree" -xdev -newer "${MARK[$1]}" ! -path "$tree/run/*" ! -path "$tree/etc/resolv.conf" ! -path "$tree/etc/hosts" \
        -type f -printf '/%P\n'
}

remove_all() {
    local name process
    for name in "${!PROCESS[@]}"; do
        for process in $(descendants "${PROCESS[$name]}"); do kill -KILL "$process" 2>/dev/null || true; done
        wait "${PROCESS[$name]}" 2>/dev/null || true
    done
}
