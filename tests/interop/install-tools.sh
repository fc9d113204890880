#!/bin/sh
# Installs the outside SOAP stacks of the interop suite, nginx, HAProxy, Valkey, PostgreSQL, OpenLDAP, rsyslog,
# iproute2 and iptables, Prometheus, Chromium and ICU's uconv: Debian packages, as root, quietly.
# schemathesis gets a Python environment of its own; Python's zeep and Playwright come with the project itself,
# node-soap and axe-core with npm from package-lock.json, WSS4J and CXF with Maven.
set -eu
sh "$(dirname "$0")/api/install-tools.sh"
export DEBIAN_FRONTEND=noninteractive
packages="chromium fonts-dejavu-core gcc gsoap haproxy icu-devtools iproute2 iptables libc6-dev
    libgsoap-dev libssl-dev libxml2-utils nginx openssl php-cli php-soap pkg-config prometheus rsyslog rsyslog-gnutls
    rsyslog-openssl slapd util-linux xmlsec1 zlib1g-dev"
command -v javac >/dev/null || packages="$packages default-jdk-headless"
command -v mvn >/dev/null || packages="$packages maven"
command -v node >/dev/null && command -v npm >/dev/null || packages="$packages nodejs npm"
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
command -v valkey-server >/dev/null || command -v redis-server >/dev/null || missing="$missing valkey-server"
[ -n "$missing" ] || exit 0
log=$(mktemp)
sources=$(mktemp -d)
trap 'rm -rf "$log" "$sources"' EXIT
# a package's own server is not to start: the tests run theirs
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -rf "$log" "$sources" "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt() {
    command="$1"
    shift
    apt-get -o DPkg::Lock::Timeout=300 -o Dir::Etc::sourceparts="$sources" "$command" -q "$@" >>"$log" 2>&1 ||
        { cat "$log" >&2; exit 1; }
}
has() { apt-cache -o Dir::Etc::sourceparts="$sources" show "$1" >/dev/null 2>&1; }

cp /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources "$sources" 2>/dev/null || true
apt update
case " $missing " in *" valkey-server "*)
    # Valkey is younger than Debian 12, whose backports have it: taken from the archive that is set up here
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    archive=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
        awk -v release="$release" '$1 == release && $2 == "main" { print $3; exit }')
    if ! has valkey-server && [ -n "$archive" ]; then
        keyring=/usr/share/keyrings/debian-archive-keyring.gpg
        echo "deb [signed-by=$keyring] $archive $release-backports main" >"$sources/backports.list"
        apt-get -o DPkg::Lock::Timeout=300 -o Dir::Etc::sourceparts="$sources" update -q >>"$log" 2>&1 &&
            has valkey-server || rm "$sources/backports.list"
    fi
    # Redis speaks the same protocol
    has valkey-server || missing=$(echo "$missing" | sed 's/valkey-server/redis-server/')
esac
apt install -y --no-install-recommends $missing
