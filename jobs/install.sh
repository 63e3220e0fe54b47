#!/usr/bin/env bash
# Installs what Lockstep needs and this machine lacks. See --help.
set -euo pipefail

usage='usage: jobs/install.sh [build|test|all]

Installs, on Debian and Ubuntu, the packages that building Lockstep needs ("build", the default), building and testing it
("test"), or also tests/run.sh --all ("all"). What is there already, from whatever source, is left alone; if nothing is missing, nothing is
said or done. Needs root or sudo only if something is missing. Where /etc/hosts does not even know localhost (a bare chroot), root
also gets the lines that Debian has there: without them each mpirun waits for a name server.'

case "${1:-build}" in
build | test | all) purpose=${1:-build} ;;
-h | --help)
    echo "$usage"
    exit 0
    ;;
*)
    echo "$usage" >&2
    exit 64
    ;;
esac

if [ "$(id -u)" = 0 ] && ! grep -qsw localhost /etc/hosts; then
    # A file system may be read-only, and mpirun is slow then, no more.
    if printf '%s\n' '127.0.0.1 localhost' "127.0.1.1 $(uname -n)" 2>/dev/null >>/etc/hosts; then
        echo "adding localhost and $(uname -n) to /etc/hosts" >&2
    fi
fi

missing=()
# need PACKAGE COMMAND...: PACKAGE is missing unless COMMAND succeeds.
need() {
    "${@:2}" >/dev/null 2>&1 || missing+=("$1")
}
program() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1"
}
slurm_plugin() {
    compgen -G "/usr/lib/*/slurm*/$1.so"
}
library() {
    pkg-config --exists "$1"
}
c_headers() {
    echo '#include <stdlib.h>' | cc -E -
}

need gcc program cc
need libc6-dev c_headers
need make program make
need cmake program cmake
need pkg-config program pkg-config
need openmpi-bin program mpirun
need libopenmpi-dev program mpicc
need libhdf5-dev library hdf5-serial
need libconfig-dev library libconfig
need libxxhash-dev library libxxhash
need nettle-dev library nettle
need libjansson-dev library jansson
need zlib1g-dev library zlib
need libpng-dev library libpng
if [ "$purpose" != build ]; then
    need libcunit1-dev library cunit
    need hdf5-tools program h5dump
    need g++ program c++
    need mandoc program mandoc
    need bsdextrautils program col
    need shellcheck program shellcheck
    need clang-format program clang-format
    need curl program curl
    need iproute2 program tc
    need util-linux program nsenter
    need procps program ps
    need strace program strace
    need faketime program faketime
    need python3 program python3
    need cppcheck program cppcheck
    need bc program bc
    need munge program munged
    need slurmctld program slurmctld
    need slurmd program slurmd
    need slurm-client program srun
    need slurm-wlm-basic-plugins slurm_plugin auth_munge
    if [ "$(uname -m)" = x86_64 ]; then
        need gcc-aarch64-linux-gnu program aarch64-linux-gnu-gcc
        need qemu-user program qemu-aarch64
    fi
fi
if [ "$purpose" = all ]; then
    need clang-tidy-14 program clang-tidy-14
    need gcovr program gcovr
    need python3-venv python3 -c 'import ensurepip'
    need debootstrap program debootstrap
    need dpkg-dev program dpkg-shlibdeps
    need lintian program lintian
    need chromium program chromium
    need poppler-utils program pdftotext
fi
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

fail() {
    echo "jobs/install.sh: missing: ${missing[*]} (names of Debian packages)" >&2
    echo "jobs/install.sh: $1" >&2
    exit 1
}
as_root=()
if ! program apt-get >/dev/null; then
    fail "no apt-get here: install them by this system's own means"
elif [ "$(id -u)" -ne 0 ]; then
    program sudo >/dev/null || fail "neither root nor sudo: have an administrator install them"
    as_root=(sudo)
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d made=()
trap 'rm -f "$log"; [ ${#made[@]} -eq 0 ] || "${as_root[@]}" rm -f "${made[@]}"' EXIT
# No daemon that comes with a package is started (invoke-rc.d(8)): the tests start their own.
if ! [ -e "$policy" ]; then
    made=("$policy")
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin "$policy"
fi
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1
}
echo "installing ${missing[*]}" >&2
# --no-upgrade: without pkg-config every library looks missing.
install=(install --no-install-recommends --no-upgrade "${missing[@]}")
# The lists of a new machine are absent, those of an old one may be stale.
apt "${install[@]}" || { apt update && apt "${install[@]}"; } || {
    cat "$log" >&2
    fail "apt-get failed (above)"
}
