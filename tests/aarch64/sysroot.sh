#!/usr/bin/env bash
# tests/aarch64/sysroot.sh DIRECTORY: the libraries of an aarch64 machine that Lockstep is built against, in
# DIRECTORY/sysroot. They are this machine's own distribution's, fetched from its own sources by an apt that has its state
# in DIRECTORY/apt and believes that it runs on arm64: nothing is installed here, and no root is needed. What is there
# already is kept.
set -euo pipefail

mkdir -p "$1"
directory=$(cd "$1" && pwd)
packages=(libc6-dev libhdf5-dev libconfig-dev libxxhash-dev nettle-dev libjansson-dev zlib1g-dev libpng-dev libcunit1-dev)
if [ "$(cat "$directory/packages" 2>/dev/null)" = "${packages[*]}" ]; then exit 0; fi

rm -rf "$directory/apt" "$directory/sysroot" "$directory/packages"
mkdir -p "$directory/apt/state/lists/partial" "$directory/apt/cache/archives/partial" "$directory/sysroot"
touch "$directory/apt/state/status"
cat >"$directory/apt/apt.conf" <<TEXT
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Dir::State "$directory/apt/state";
Dir::State::status "$directory/apt/state/status";
Dir::Cache "$directory/apt/cache";
TEXT
export APT_CONFIG=$directory/apt/apt.conf
unset RES_OPTIONS # of jobs/environment.sh: apt may need more patience with name servers
# Some source may know no arm64: what matters is whether the packages are there.
apt-get -q update || true
apt-get -q -y -o Dpkg::Use-Pty=0 --download-only install "${packages[@]}"
for package in "$directory"/apt/cache/archives/*.deb; do dpkg-deb -x "$package" "$directory/sysroot"; done
rm -rf "$directory/apt"
echo "${packages[*]}" >"$directory/packages"
