#!/bin/sh
# Installs the outside SOAP stacks of the interop suite, and nginx: Debian packages, as root, quietly.
# Python's zeep comes with the project itself, node-soap with npm from package-lock.json.
set -eu
export DEBIAN_FRONTEND=noninteractive
packages="gcc gsoap libc6-dev libgsoap-dev libssl-dev nginx php-cli php-soap pkg-config zlib1g-dev"
command -v node >/dev/null && command -v npm >/dev/null || packages="$packages nodejs npm"
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# a package's own server is not to start: the tests run theirs
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$log" "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
{
    apt-get -o DPkg::Lock::Timeout=300 update -q &&
        apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends $missing
} >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
