# A network namespace for the containers, joined to the machine by one pair of interfaces: the calls come from
# outside it, and no port of the machine is taken. The addresses are of the range kept for documentation.

NAMESPACE=imsgw-proof-$$
OUTSIDE=
INSIDE=

make_network() {
    local net
    for net in 198.51.100 203.0.113 192.0.2; do
        ip -oneline address | grep -q -F " $net." || break
        net=
    done
    [ -n "$net" ] || fail "no network for the containers is free: runs with --keep, perhaps (ip netns list)"
    OUTSIDE=$net.1
    INSIDE=$net.2
    echo "$NAMESPACE" >"$RUN/namespace"
    quietly ip netns add "$NAMESPACE"
    quietly ip link add "imsgw$$" type veth peer name eth0 netns "$NAMESPACE"
    quietly ip address add "$OUTSIDE/30" dev "imsgw$$"
    quietly ip link set "imsgw$$" up
    quietly ip -n "$NAMESPACE" link set lo up
    quietly ip -n "$NAMESPACE" address add "$INSIDE/30" dev eth0
    quietly ip -n "$NAMESPACE" link set eth0 up
}

# whatever still runs in it ends, and with the namespace go its interfaces
remove_network() {
    local process
    for process in $(ip netns pids "$NAMESPACE" 2>/dev/null); do kill -KILL "$process" 2>/dev/null || true; done
    ip netns delete "$NAMESPACE" 2>/dev/null || true
}
