#!/usr/bin/env bash
# data/fetch_mnist.sh with mirrors that are folders (file://) of small files made here, in MNIST's names and format; and
# with the real ones, if there are any in $LOCKSTEP_MNIST_DIR or in shared/mnist beside the project. $1: the program.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fetch=$project/data/fetch_mnist.sh
real=${LOCKSTEP_MNIST_DIR:-$project/../shared/mnist}
names=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export LOCKSTEP=$1 LOCKSTEP_MNIST_SHA256SUMS=$work/sums LOCKSTEP_MNIST_MIRRORS

# expect CODE STREAM TEXT ARGUMENT...: what the script's call with these arguments must give and say.
expect() {
    local code=0
    "$fetch" "${@:4}" >stdout 2>stderr || code=$?
    if [ $code != "$1" ] || ! grep -qF -- "$3" "$2"; then
        wrong "\"${*:4}\" from \"$LOCKSTEP_MNIST_MIRRORS\" gave $code, not $1, or \"$3\" is not in its $2"
    fi
}

wrong() {
    echo "FAILED: $1:"
    cat stdout stderr
    exit 1
}

# expect_files DIRECTORY TEXT: what ls says is in it.
expect_files() {
    [ "$(cd "$1" && echo *)" = "$2" ] || wrong "in $1 lies $(ls "$1"), not $2"
}
four='t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz'

# A good mirror.
mkdir good
printf '\0\0\010\003\0\0\0\003\0\0\0\001\0\0\0\002abcdef' >good/train-images-idx3-ubyte # 3 images of 1x2
printf '\0\0\010\001\0\0\0\003\001\002\003' >good/train-labels-idx1-ubyte
printf '\0\0\010\003\0\0\0\001\0\0\0\001\0\0\0\002gh' >good/t10k-images-idx3-ubyte # one image
printf '\0\0\010\001\0\0\0\001\004' >good/t10k-labels-idx1-ubyte
(cd good && sha256sum "${names[@]}" >../sums && gzip -n "${names[@]}")
size=$(stat -c %s good/train-images-idx3-ubyte.gz)
half=$((size / 2))

# The first mirror does not exist. The second gives all; a second call fetches nothing, even with no mirror at all.
LOCKSTEP_MNIST_MIRRORS="file://$work/absent file://$work/good/"
expect 0 stdout "a.h5: 3 training and 1 test images of 1x2 uint8, 4 classes seen (labels 1 to 4)" a
expect_files a "$four"
stat -c '%n %i %Z' a/* a.h5 >before
LOCKSTEP_MNIST_MIRRORS=file://$work/absent
expect 0 stderr 'a.h5 is there' a
stat -c '%n %i %Z' a/* a.h5 | cmp before - || wrong 'the second call touched something'
rm a.h5
expect 0 stdout 'a.h5: 3 training' a
rm a.h5
expect 0 stdout "lockstep import idx --train-images $work/a/train-images-idx3-ubyte.gz" --no-import a
[ ! -e a.h5 ] || wrong '--no-import imported'

# A part from another time is gone on with, not fetched again: the mirror's own first half would be wrong.
mkdir second_half b
cp good/*.gz second_half
{
    head -c $half /dev/zero
    tail -c +$((half + 1)) good/train-images-idx3-ubyte.gz
} >second_half/train-images-idx3-ubyte.gz
head -c $half good/train-images-idx3-ubyte.gz >b/train-images-idx3-ubyte.gz.part
LOCKSTEP_MNIST_MIRRORS=file://$work/second_half
expect 0 stderr "going on at byte $half" b
expect_files b "$four"
cmp b/train-images-idx3-ubyte.gz good/train-images-idx3-ubyte.gz || wrong 'wrong content'

# A part that is whole is taken; one that is damaged or too long is begun anew.
LOCKSTEP_MNIST_MIRRORS=file://$work/good
for part in 'cat ../good/train-images-idx3-ubyte.gz' "head -c $half /dev/zero" "head -c $((2 * size)) /dev/zero"; do
    rm b/train-images-idx3-ubyte.gz
    (cd b && $part >train-images-idx3-ubyte.gz.part)
    expect 0 stdout 'b.h5: 3 training' b
    expect_files b "$four"
done
grep -qF 'does not fit: beginning anew' stderr || wrong 'no word about the part'

# Wrong contents are refused, whatever is wrong: then the next mirror's turn.
mkdir other cut page
gzip -nc sums >other/train-images-idx3-ubyte.gz                   # a right gzip file of something else
head -c $half good/train-images-idx3-ubyte.gz >cut/train-images-idx3-ubyte.gz
echo '<html>Please log in' >page/train-images-idx3-ubyte.gz
bad="file://$work/other file://$work/cut file://$work/page"
LOCKSTEP_MNIST_MIRRORS="$bad file://$work/good"
expect 0 stdout 'c.h5: 3 training' c
[ "$(grep -cF 'its checksum is wrong): thrown away' stderr)" = 3 ] || wrong 'three mirrors gave wrong contents'
expect_files c "$four"

# No mirror has it right, or at all: its exit code, and nothing left.
LOCKSTEP_MNIST_MIRRORS=$bad
expect 65 stderr 'no mirror gave a right train-images-idx3-ubyte.gz' d
expect_files d '*'
LOCKSTEP_MNIST_MIRRORS=file://$work/absent
expect 66 stderr 'set LOCKSTEP_MNIST_MIRRORS' d
expect_files d '*'

# A damaged file that is there is replaced, once the right one has come.
echo damaged >c/t10k-labels-idx1-ubyte.gz
expect 66 stderr 't10k-labels-idx1-ubyte.gz is there, but damaged' c
[ "$(cat c/t10k-labels-idx1-ubyte.gz)" = damaged ] || wrong 'the old file is gone'
LOCKSTEP_MNIST_MIRRORS=file://$work/good
expect 0 stdout 'c.h5: 3 training' c
expect_files c "$four"

# The connection breaks in the middle, once: the same mirror is asked for the rest.
mkdir bin
cat >bin/curl <<END
#!/bin/sh
PATH=\${PATH#*:}
[ ! -e broken ] || exec curl "\$@"
touch broken
head -c $half good/train-images-idx3-ubyte.gz >e/train-images-idx3-ubyte.gz.part
exit 18
END
chmod +x bin/curl
LOCKSTEP_MNIST_MIRRORS=file://$work/second_half
PATH=$work/bin:$PATH expect 0 stderr "broke off after $half bytes, going on" e
expect_files e "$four"

# Where a folder cannot be made; and calls that nobody means.
expect 73 stderr 'cannot create' sums/f
expect 64 stderr 'usage: ' --wrong
expect 64 stderr 'usage: ' a b
expect 0 stdout 'usage: ' --help

if [ ! -e "$real/${names[0]}.gz" ]; then
    echo "real MNIST: skipped, it is not in $real"
    exit 0
fi
unset LOCKSTEP_MNIST_SHA256SUMS
real=$(cd "$real" && pwd)
LOCKSTEP_MNIST_MIRRORS=file://$real
mkdir mnist
head -c 5000000 "$real/${names[0]}.gz" >"mnist/${names[0]}.gz.part"
expect 0 stdout 'mnist.h5: 60000 training and 10000 test images of 28x28 uint8, 10 classes seen (labels 0 to 9)' mnist
grep -qF 'going on at byte 5000000' stderr || wrong 'it began anew'
