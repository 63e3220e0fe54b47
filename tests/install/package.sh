#!/usr/bin/env bash
# The Debian package: cpack makes it, lintian reads it, a fresh Debian of the same release installs and uses it: trains on two ranks,
# goes on, evaluates, reports, reads the manual, completes. Prints the transcript. Needs root, debootstrap and a mirror: else skipped. The bare
# system is kept in the build directory. Called by ctest: package.sh CPACK BUILD
set -euo pipefail

skip() {
    echo "SKIPPED: $1"
    exit 77
}
[ "$(id -u)" = 0 ] || skip 'a chroot is made by root'
for program in debootstrap unshare dpkg-shlibdeps lintian; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || skip "no $program here"
done
# Mounts are in a namespace of this script's own, and end with it.
if [ "${3:-}" != mounted ]; then exec unshare --mount "$0" "$1" "$2" mounted; fi
cpack=$1 build=$2
work=$(mktemp -d)
trap 'umount -l "$work"/debian/{dev/shm,dev,sys,proc} 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT

"$cpack" --config "$build/CPackConfig.cmake" -G DEB -B "$work/package" >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
package=$(echo "$work"/package/*.deb)
dpkg-deb --info "$package"
# No mistakes: one package has the library, its header and the program; the maintainer's address is whoever builds it to say.
allowed='package-name-doesnt-match-sonames,link-to-shared-library-in-wrong-package,bogus-mail-host,bogus-mail-host-in-debian-changelog'
lintian --allow-root --fail-on error --suppress-tags "$allowed" "$package"

. /etc/os-release
base=$build/chroot-$VERSION_CODENAME
if ! [ -e "$base/etc/debian_version" ]; then
    rm -rf --one-file-system "$base" "$base.part"
    debootstrap --variant=minbase "$VERSION_CODENAME" "$base.part" >"$work/log" 2>&1 || {
        tail -n 5 "$work/log"
        rm -rf --one-file-system "$base.part"
        skip 'debootstrap did not get a Debian'
    }
    mv "$base.part" "$base"
fi
root=$work/debian
cp -a "$base" "$root"
# As this machine reaches its mirror.
cp /etc/resolv.conf "$root/etc/"
for part in sources.list sources.list.d apt.conf.d keyrings; do
    if [ -e "/etc/apt/$part" ]; then cp -rT "/etc/apt/$part" "$root/etc/apt/$part"; fi
done
echo '127.0.0.1 localhost' >>"$root/etc/hosts"
cp "$package" "$root/tmp/lockstep.deb"
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
mount --bind /dev "$root/dev"
mount --bind /dev/shm "$root/dev/shm"

# Not from standard input, which mpirun would read.
cat >"$root/tmp/use.sh" <<'COMMANDS'
{ apt-get update && apt-get install -y --no-install-recommends /tmp/lockstep.deb man-db; } >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
. /usr/share/lockstep/jobs/environment.sh
mkdir -p /tmp/place/data
cd /tmp/place
set -x
lockstep --version
lockstep import synth --train 2000 --test 500 -o data/synth.h5
train=(mpirun --oversubscribe -n 2 lockstep train /usr/share/lockstep/configs/synth.cfg --run run --quiet)
code=0
"${train[@]}" --stop-after-steps 100 || code=$?
[ "$code" = 75 ]
last=$("${train[@]}")
alone=$(lockstep train /usr/share/lockstep/configs/synth.cfg --run alone --quiet)
[ "$last" = "$alone" ]
lockstep evaluate run/best.h5 | tail -n 1
[ "$last" = "digest=$(lockstep digest "$(ls run/checkpoints/* | tail -n 1)") ${last#* }" ]
lockstep report run
grep -o 'finished &#183; run' run/report.html
man -w lockstep lockstep-train lockstep-settings
man lockstep-train | grep -e '--resume auto|none|FILE'
{ set +x; } 2>/dev/null
. /usr/share/bash-completion/completions/lockstep
COMP_LINE='lockstep train --resume au' COMP_POINT=26
_lockstep
set -x
[ "${COMPREPLY[*]}" = auto ]
ldconfig -p | grep -F liblockstep.so.0
apt-get remove -y lockstep >/dev/null 2>&1
[ -z "$(find /usr /etc -name '*lockstep*')" ]
COMMANDS
chroot "$root" /usr/bin/env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" bash -euo pipefail /tmp/use.sh </dev/null
echo 'the package installs, works and goes'
