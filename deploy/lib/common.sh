# Shared by the scripts in deploy/; sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Says what went wrong and what to do, and ends the script.
fail() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    exit 1
}

# Prints one line with the time of day, as each step begins.
step() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$1"; }

# Installs the Debian packages that the build and the private cluster need, where they are missing.
install_packages() {
    local wanted=(librdkafka-dev libpq-dev libsodium-dev libssl-dev postgresql pkg-config "$@") missing=() package
    for package in "${wanted[@]}"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' \
            || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    step "installing ${missing[*]}"
    local become=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null \
            || fail "these packages are missing and sudo is not here to install them: ${missing[*]};
  ask an administrator to run: apt-get install ${missing[*]}"
        become=(sudo)
    fi
    local log=${TMPDIR:-/tmp}/consentry-packages.$$.log
    if ! { "${become[@]}" apt-get update -q \
        && "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y "${missing[@]}"; } \
        >"$log" 2>&1; then
        fail "the packages could not be installed (${missing[*]}); see $log"
    fi
    rm -f "$log"
}

# The folder of Debian's Postgres server programs, which are not on the PATH.
postgres_programs() {
    local newest
    newest=$(find /usr/lib/postgresql -maxdepth 1 -mindepth 1 2>/dev/null | sort -V | tail -n 1)
    [ -x "$newest/bin/initdb" ] || fail "no Postgres server found under /usr/lib/postgresql; install postgresql"
    printf '%s/bin\n' "$newest"
}

# Whether something listens on a port of this machine.
port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Prints the status code of GET on 127.0.0.1, or nothing when there is no answer within two seconds.
http_status() {
    timeout 2 bash -c '
        exec 3<>"/dev/tcp/127.0.0.1/$0" || exit 1
        printf "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" "$1" >&3
        IFS=" " read -r _ status _ <&3 && printf "%s" "$status"' "$1" "$2" 2>/dev/null
}
