# Containers by podman with runc: read-only root file system, no capabilities, as in compose.yaml.
# Each function's first argument is the container's short name.

CONTAINER_OPTIONS=(
    --network "ns:/run/netns/$NAMESPACE" --add-host standin:127.0.0.1
    --read-only --read-only-tmpfs=false --tmpfs /tmp:size=64m,mode=1777,noexec,nosuid,nodev
    --cap-drop ALL --security-opt no-new-privileges
    --health-interval disable # by a timer; the script asks itself
    # podman raises limits by default, which takes a right that a confined root lacks
    --ulimit "nofile=$(ulimit -n):$(ulimit -n)" --ulimit nproc=4096:4096
)

# shellcheck disable=SC2086
p() {
    podman $STORE_OPTIONS --storage-driver "$DRIVER" --tmpdir "$RUN/podman" --volumepath "$RUN/volumes" \
        --runtime runc --cgroup-manager cgroupfs "$@"
}

runner_works() {
    command -v podman >/dev/null && command -v runc >/dev/null || return 1
    p run --rm "${CONTAINER_OPTIONS[@]}" --entrypoint /bin/true "$IMAGE" >"$RUN/runner.log" 2>&1
}

# mounts come as SOURCE:TARGET:ro|rw up to --, then the command
start() {
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=(--volume "$1"); shift; done
    shift
    quietly p run --detach --name "$name" "${CONTAINER_OPTIONS[@]}" "${options[@]}" "$IMAGE" "$@"
}

# runs a whole command in a container of its own, to its end
once() {
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=(--volume "$1"); shift; done
    shift
    local program=$1
    shift
    p run --rm --name "$name" "${CONTAINER_OPTIONS[@]}" "${options[@]}" --entrypoint "$program" "$IMAGE" "$@"
}

inside() {
    local name=$1
    shift
    p exec "$name" "$@"
}

# the image's own HEALTHCHECK, as podman finds it
health() { p healthcheck run "$1"; }

alive() { [ "$(p inspect --format '{{.State.Running}}' "$1")" = true ]; }

logs() { p logs "$1"; }

# asks it to stop with the image's own signal; the exit code is in EXIT_CODE
stop() {
    p stop --time "$STOP_SECONDS" "$1" >/dev/null 2>&1 # without systemd it complains about its timers
    EXIT_CODE=$(p inspect --format '{{.State.ExitCode}}' "$1")
}

# beside them, the runtime makes the places of mounts
changed_files() {
    p diff "$1" | grep -v -E '^[CA] (/etc|/run|/proc|/sys|/dev|/tmp|/var|/var/lib|/var/lib/imsgw|(/etc/imsgw|/run/secrets)(/.*)?)$' || true
}

remove_all() {
    p rm --all --force --volumes --time 0 >/dev/null 2>&1 || true
    p volume prune --force >/dev/null 2>&1 || true
}
