# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# Which of Debian's packages are needed for what, and their installation. Sourced by ./run, ./check and
# tests/analysis/coverage.

# To build the daemon.
build_packages=(
        autoconf autoconf-archive automake gcc libc6-dev make pkg-config
        libcrypt-dev libgnutls28-dev libhwloc-dev libinih-dev libjansson-dev libmicrohttpd-dev libsystemd-dev zlib1g-dev
)
# To run the unit tests and the end-to-end tests.
test_packages=(
        acpica-tools curl libcmocka-dev openssl python3 python3-jsonschema python3-prometheus-client
        ansible-core hwloc-nox jq numactl procps prometheus prometheus-alertmanager prometheus-node-exporter
        busybox-static cpio mmdebstrap qemu-system-x86 socat systemd
        build-essential debhelper dpkg-dev lintian rpm
        binutils collectd-core iproute2 libprotobuf-c1 strace util-linux wrk
)
# To look at the page in a browser: beside node, what tests/browser/package.json names.
browser_packages=(chromium fonts-dejavu-core)
command -v npm > /dev/null || browser_packages+=(nodejs npm)
# To look at the code with other eyes.
lint_packages=(
        clang-14 clang-format-14 clang-tidy-14 clang-tools-14 cppcheck libclang-rt-14-dev mandoc shellcheck valgrind
        xz-utils
)
# To see what the tests reach.
coverage_packages=(gcovr)

missing_packages() {
        local package
        for package in "$@"; do
                dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null |
                        grep -qx installed || printf '%s\n' "$package"
        done
}

# Installs what is missing of the packages named, and says so before.
install_packages() {
        local missing as_root=()
        mapfile -t missing < <(missing_packages "$@")
        ((${#missing[@]})) || return 0
        if ((EUID != 0)); then
                as_root=(sudo)
        fi
        printf 'Installing from Debian: %s\n' "${missing[*]}"
        "${as_root[@]}" apt-get -q update > /dev/null &&
                "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
                        apt-get -q -y --no-install-recommends install "${missing[@]}" > /dev/null
}

# What drives the browser, from npm, into build directory $1.
install_browser_modules() {
        local dir=$1/tests/browser
        mkdir -p "$dir" || return
        cmp -s tests/browser/package-lock.json "$dir/node_modules/.installed" && return
        printf 'Installing from npm into %s: %s\n' "$dir" "$(sed -n 's/^ *"\(.*-core\)": "\(.*\)".*/\1 \2/p' tests/browser/package.json | paste -sd,)"
        cp tests/browser/package.json tests/browser/package-lock.json "$dir" &&
                PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix "$dir" --ignore-scripts --no-audit --no-fund > /dev/null &&
                cp tests/browser/package-lock.json "$dir/node_modules/.installed"
}

# Configures (once) and builds in directory $1 with the remaining arguments to configure.
build_in() {
        local dir=$1
        shift
        [[ -x configure && configure -nt configure.ac && -e build-aux/tap-driver.sh ]] ||
                autoreconf -i > /dev/null || return
        mkdir -p "$dir" || return
        if [[ ! -e $dir/Makefile || $dir/Makefile -ot configure ]]; then
                (cd "$dir" && ../configure -q "$@") || return
        fi
        make -s -C "$dir" -j "$(nproc)" all
}
