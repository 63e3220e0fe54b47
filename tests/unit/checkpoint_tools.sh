#!/bin/sh
# Other people's tools open a checkpoint: h5dump, h5py (where it is installed), and tail and sha256sum for its digests.
# $1: the program unit_checkpoint, which writes one.
set -eu
program=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
file=$directory/step-0000000005.h5
"$program" "$file" >"$directory/out"

fail() {
    echo "FAILED: $*"
    exit 1
}
# field OFFSET BYTES: in hex.
field() {
    od -An -v -tx1 -j "$1" -N "$2" "$file" | tr -d ' \n'
}
digest() {
    sha256sum | cut -d ' ' -f 1
}

[ "$(head -c 12 "$file")" = LOCKSTEPCKPT ] || fail magic
[ "$(field 32 32)" = "$(tail -c +513 "$file" | digest)" ] || fail 'digest of the rest'
[ "$(field 480 32)" = "$(head -c 480 "$file" | digest)" ] || fail 'digest of the header'
[ "$(field 512 4)" = 89484446 ] || fail 'the HDF5 file does not begin at byte 512'

h5dump -d /state/step -y "$file" | grep -qE '^ +5$' || fail 'h5dump: step'
for text in 'USERBLOCK_SIZE 512' 'H5T_IEEE_F32LE' '( 7, 3 ) / ( 7, 3 )'; do
    h5dump -H -B "$file" | grep -qF "$text" || fail "h5dump: $text"
done
h5dump -d /model/layer0/weight -b LE -o "$directory/weight" "$file" >"$directory/out"
[ "$(wc -c <"$directory/weight")" = 84 ] || fail 'h5dump: weight'

python=/usr/bin/python3
if "$python" -c 'import h5py' 2>"$directory/out"; then
    "$python" - "$file" "$directory/weight" <<'END' || fail h5py
import sys, h5py
with h5py.File(sys.argv[1], "r") as f, open(sys.argv[2], "rb") as weight:
    assert f.userblock_size == 512
    assert f["/state/step"][0] == 5
    assert f["/state/epoch_digest"][0] == 0xFEDCBA9876543210
    assert f["/state/config"][0].decode() == 'run = { name = "r\u00e9seau"; };\n'
    assert f["/model/layer0/weight"].shape == (7, 3)
    assert f["/model/layer0/weight"][()].tobytes() == weight.read()
END
else
    echo 'h5py is not installed: not tried'
fi
