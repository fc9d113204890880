# Gateway, callout and stand-in as containers of the built image, with the configuration of compose.yaml.

STARTED=()
EXIT_CODE=
STOP_SECONDS=40
READY_SECONDS=60
BASE_URL=
PASSWORDS=(GWPASS1 WONDER1 BUILDER1)
CLIENT=("$PYTHON" "$HERE/proof/call.py")

choose_runner() {
    if [ "$RUNNER" != chroot ]; then
        # shellcheck source=deploy/proof/podman.sh
        . "$HERE/proof/podman.sh"
        if runner_works; then
            RUNNER=podman
        elif [ "$RUNNER" = podman ]; then
            cat "$RUN/runner.log" >&2
            fail "podman with runc does not work here"
        else
            RUNNER=chroot
        fi
    fi
    if [ "$RUNNER" = chroot ]; then
        # shellcheck source=deploy/proof/chroot.sh
        . "$HERE/proof/chroot.sh"
        say "runner: buildah run --isolation chroot; the root file system is not read-only, only not writable for the user"
    else
        say "runner: podman with runc, read-only root file system, no capabilities, no new privileges"
    fi
}

# what the head of compose.yaml tells to lay out
lay_out() {
    BASE_URL=https://$INSIDE:8443
    mkdir -p "$RUN/secrets" "$RUN/keystores"
    printf GWPASS1 >"$RUN/secrets/ims1_password"
    "$PYTHON" -c 'import secrets; print(secrets.token_hex(24))' >"$RUN/secrets/keystore_password"
    PASSWORDS+=("$(cat "$RUN/secrets/keystore_password")")
    chown -R "$UID_OF_IMAGE" "$RUN/secrets" "$RUN/keystores"
    chmod 0400 "$RUN"/secrets/*
}

make_keys() {
    # shellcheck disable=SC2016  # the container's shell reads the file
    quietly once keys "$RUN/keystores:/var/lib/imsgw:rw" \
        "$RUN/secrets/keystore_password:/run/secrets/keystore_password:ro" -- \
        /bin/sh -c 'IMSGW_KEYSTORE_PASSWORD="$(cat /run/secrets/keystore_password)" exec imsgw keystore create-test \
            --folder /var/lib/imsgw --name "$0"' "$INSIDE"
    say "keys: made in a container, for $INSIDE"
}

start_all() {
    local home=(
        "$HERE/compose/gateway.toml:/etc/imsgw/gateway.toml:ro"
        "$HERE/compose/bundles:/etc/imsgw/bundles:ro"
        "$REPOSITORY/wsdl:/etc/imsgw/wsdl:ro"
        "$RUN/keystores:/etc/imsgw/keystores:ro"
        "$RUN/secrets/ims1_password:/run/secrets/ims1_password:ro"
        "$RUN/secrets/keystore_password:/run/secrets/keystore_password:ro"
    )
    quietly once check "${home[@]}" -- imsgw check
    say "check: the home of compose.yaml has no mistake"
    STARTED+=(standin)
    start standin "$HERE/compose/standin.toml:/etc/imsgw/standin.toml:ro" \
        "$RUN/keystores:/etc/imsgw/keystores:ro" -- standin --config /etc/imsgw/standin.toml
    STARTED+=(gateway)
    # gateway and callout share their state, as compose has it
    mkdir -p "$RUN/shared"
    chown "$UID_OF_IMAGE:0" "$RUN/shared"
    home+=("$RUN/shared:/var/lib/imsgw:rw")
    start gateway "${home[@]}" -- serve
    STARTED+=(callout)
    start callout "${home[@]}" -- callout
    "${CLIENT[@]}" wait "$BASE_URL" "$RUN/keystores/ca.pem" "$READY_SECONDS" || fail "the gateway was not ready in time"
    "${CLIENT[@]}" wait "https://$INSIDE:9444" "$RUN/keystores/ca.pem" "$READY_SECONDS" || fail "callout was not ready in time"
    say "start: stand-in, gateway and callout, ready"
}

check_running() {
    local name
    for name in "${STARTED[@]}"; do alive "$name" || fail "$name ended by itself"; done
    [ "$(inside gateway id -u)" = "$UID_OF_IMAGE" ] || fail "the gateway runs as another user"
    # shellcheck disable=SC2016  # for the container's shell
    quietly inside gateway /bin/sh -c 'for place in / /etc/imsgw /opt/imsgw /usr/bin /etc; do
        if touch "$place/x" 2>/dev/null; then echo "$place can be written"; exit 1; fi; done'
    quietly inside gateway /bin/sh -c 'touch /tmp/x /var/lib/imsgw/x && rm /tmp/x /var/lib/imsgw/x'
    quietly health gateway
    quietly inside callout /opt/imsgw/bin/python -I /opt/imsgw/healthcheck.py callout
    # the channel for commands works between containers that share the state
    quietly inside callout imsgw callout list
    quietly inside gateway imsgw callout stop ims1/RATEBAS
    quietly inside gateway imsgw callout start --all
    quietly inside callout imsgw callout dead-letters list
    quietly inside callout /opt/imsgw/bin/python -c 'import psycopg'
    say "run: user $UID_OF_IMAGE, writes to its state and /tmp only, health check content"
}

call_from_outside() {
    "${CLIENT[@]}" call "$BASE_URL" "$RUN/keystores/ca.pem" || fail "the calls"
    say "calls: a zeep client outside was answered over HTTPS"
}

check_traces() {
    local name password changed
    for name in "${STARTED[@]}"; do
        logs "$name" >"$RUN/$name.seen" 2>&1
        for password in "${PASSWORDS[@]}"; do
            if grep -q -F -e "$password" "$RUN/$name.seen"; then fail "a password stands in the log of $name"; fi
        done
        changed=$(changed_files "$name")
        [ -z "$changed" ] || { printf '%s\n' "$changed" >&2; fail "$name changed files of the image"; }
    done
    say "traces: no password in a log, no file of the image changed"
}

stop_all() {
    local name
    [ "$KEEP" = no ] || return 0
    for name in gateway callout standin; do
        stop "$name"
        [ "$EXIT_CODE" = 0 ] || fail "$name ended with exit code $EXIT_CODE on SIGTERM"
    done
    say "stop: all ended with exit code 0 on SIGTERM"
    STARTED=()
}

show_logs() {
    local name
    for name in "${STARTED[@]}"; do
        printf -- '--- log of %s ---\n' "$name" >&2
        logs "$name" 2>&1 | tail -n 60 >&2 || true
    done
}

remove_containers() { if declare -F remove_all >/dev/null; then remove_all; fi; }
