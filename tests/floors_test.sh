#!/usr/bin/env bash
# floors.sh sees one violation of each kind, put into a copy of this tree, and nothing in what only looks like one.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/files.sh
. "$here/files.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree" "$work/clean"
cd "$here/.."
project_files | tr '\n' '\0' | xargs -0 cp --parents -t "$work/tree"
cd "$work/tree"

expected=()
# has FILE: its content comes from standard input.
has() {
    mkdir -p "$(dirname "$1")"
    cat >"$1"
}
# breaks FILE LINE WHAT: as has, and floors.sh must say so.
breaks() {
    has "$1"
    expected+=("$1:$2: $3")
}
lines() {
    seq -f '    int line%g;' "$1"
}
header() {
    printf '/* A header. */\n#ifndef %s\n#define %s\n%s\n#endif\n' "$1" "$1" "${2:-}"
}

# What was there before is none of this test's business.
"$here/floors.sh" . >"$work/before" 2>/dev/null || true

# What only looks like a violation.
has src/comm/fine.c <<'TEXT'
#include <mpi.h>

#include "base/status.h"
#include "comm/fine.h"
#include "fine.h"
#include "lockstep/lockstep.h"
/* abort() and free() in a comment,
 * exit(1) in its second line */
void f(const Pool *pool)
{
    pool->free(pool); // malloc(1)
    print("exit(1) \" abort() /*", '"', '\'');
    my_exit(1);
}
TEXT
has src/hdf5/fine.c <<<'#include <hdf5.h>'
has src/config/fine.c <<<'#include <libconfig.h>'
header LOCKSTEP_COMM_FINE_H | has src/comm/fine.h
{ echo 'int f(void)' && echo '{' && lines 60 && echo '}' && lines 387; } | has src/model/fine.c
has tests/unit/fine.c <<<$'#include <hdf5.h>\n#include <mpi.h>\n#include "unit.h"\nint main(void) { free(malloc(1)); exit(0); }'
has jobs/Fine.cmake <<<'# never -march=native, -ffast-math'
has data/fine.txt <<<'src/work/x.c build/home ~/home /homes ./work'
has data/binary.bin < <(printf 'TO%s \0\t \n' DO)
has build/ignored.c <<<'int x = exit(1); '

# Floors.
breaks src/base/a.c 1 'base includes "hdf5/h5file.h", which is not on a lower floor' <<<'#include "hdf5/h5file.h"'
breaks src/kernels/a.c 1 'kernels includes "config/settings.h", which is not on a lower floor' <<<'#include "config/settings.h"'
breaks src/data/a.c 2 'data includes "model/net.h", which is not on a lower floor' <<<$'\n#  include "model/net.h"'
breaks src/train/a.c 1 'train includes "jobs/command.h", which is not on a lower floor' <<<'#include "jobs/command.h"'
breaks src/model/a.c 1 'an include goes by the name of its folder' <<<'#include "../base/status.h"'
breaks src/model/b.c 1 '"nowhere" is not a floor of the house' <<<'#include "nowhere/x.h"'
breaks src/attic/a.c 1 'src/attic is not a floor of the house' <<<'int x;'
breaks include/lockstep/a.h 4 'include includes "base/status.h", which is not on a lower floor' \
    < <(header LOCKSTEP_A_H '#include "base/status.h"')
# Libraries.
breaks src/train/b.c 1 '<mpi.h> is included in src/comm alone' <<<'#include <mpi.h>'
breaks src/data/b.c 1 '<hdf5.h> is included in src/hdf5 alone' <<<'#include <hdf5.h>'
breaks jobs/b.c 1 '<libconfig.h> is included in src/config alone' <<<'#include "libconfig.h"'
breaks src/rundir/b.c 1 '<png.h> is included in src/data and src/output alone' <<<'#include <png.h>'
# Ends of the process; those of src/comm/process.c are fine.
for call in exit _exit _Exit quick_exit abort MPI_Abort; do
    breaks "src/train/$call.c" 1 'ending the process is the business of src/comm/process.c alone' <<<"int x = $call(1);"
done
breaks src/comm/second.c 1 'ending the process is the business of src/comm/process.c alone' <<<'/* here */ exit(1);'
breaks src/base/apart.c 2 'ending the process is the business of src/comm/process.c alone' <<<$'_exit(1);\nexit(1);'
# Memory.
for call in malloc calloc realloc reallocarray aligned_alloc posix_memalign free asprintf vasprintf strdup strndup; do
    breaks "jobs/$call.c" 1 'memory comes from base/memory.h alone' <<<"x = $call(1);"
done
# Flags.
for flag in -march=native -mcpu=native -ffast-math -Ofast -funsafe-math-optimizations -ffp-contract=fast; do
    breaks "jobs/x$flag/CMakeLists.txt" 1 'a flag that lets results depend on the machine' <<<"add_compile_options($flag)"
done
breaks CMakePresets.json 1 'a flag that lets results depend on the machine' <<<'{ "CMAKE_C_FLAGS": "-O3 -ffast-math" }'
# Sizes.
breaks src/model/long.c 451 'the file is longer than 450 lines' < <(lines 451)
breaks src/model/function.c 2 'the function is longer than 60 lines' \
    < <(echo 'int f(void)' && echo '{' && lines 61 && echo '}')
# Headers.
breaks src/model/guard.h 1 'a header needs an include guard LOCKSTEP_..._H' <<<'/* A header. */'
breaks src/model/twin.h 1 'a header needs an include guard LOCKSTEP_..._H' < <(header LOCKSTEP_COMM_FINE_H)
breaks src/model/wrong.h 1 'a header needs an include guard LOCKSTEP_..._H' \
    < <(header LOCKSTEP_MODEL_WRONG_H | sed 's/define LOCK/define BLOCK/')
breaks src/model/open.h 1 'a header needs an include guard LOCKSTEP_..._H' \
    < <(header LOCKSTEP_MODEL_OPEN_H && echo 'int outside;')
breaks src/model/silent.h 1 'a header opens with a comment that says what it is for' \
    < <(header LOCKSTEP_MODEL_SILENT_H | tail -n +2)
# Text. The words are put together here, so that this file does not hold them.
breaks data/todo.txt 1 'a note of unfinished work' < <(echo "TO""DO: more")
breaks src/model/fixme.c 1 'a note of unfinished work' < <(echo "/* FIX""ME */")
breaks data/blank.txt 2 'blank at the end of the line' <<<$'fine\nnot \nfine'
breaks data/tab.txt 1 'tab' <<<$'a\tb'
for folder in work root home; do
    breaks "configs/$folder.cfg" 1 'a path of one machine' <<<"file = \"/$folder/mnist.h5\""
done
# The top folder.
breaks Makefile 1 'not among the entries of the top folder' <<<'all:'
has data/fine.md <<<$'# A heading, of two\n[a](fine.txt) [b](#a-heading-of-two) [c](../data/fine.md#a-heading-of-two) [d](https://example.org/gone)'
breaks data/links.md 2 'leads nowhere: gone.md' <<<$'[a](fine.md)\n[b](fine.md) and [c](gone.md)'
breaks data/anchors.md 1 'leads nowhere: fine.md#a-heading' <<<'[a](fine.md#a-heading)'
breaks scripts/x 1 'not among the entries of the top folder' <<<'x'
expected[${#expected[@]}-1]='scripts:1: not among the entries of the top folder'

# Told, but no failure.
lines 401 | has src/model/longish.c
note='src/model/longish.c:401: note: longer than 400 lines, time to split it'

code=0
"$here/floors.sh" . >"$work/after" 2>"$work/notes" || code=$?
failed=0
if ! diff <(printf '%s\n' "${expected[@]}" | sort) <(sort "$work/after" | comm -13 <(sort "$work/before") -); then
    echo 'floors_test: "<" was not seen, ">" was seen wrongly'
    failed=1
fi
if [ "$code" -ne 1 ]; then
    echo "floors_test: the exit code is $code, not 1"
    failed=1
fi
if ! grep -Fqx "$note" "$work/notes"; then
    echo "floors_test: not told: $note"
    failed=1
fi

# A tree without violations passes, notes or not.
cp --parents .gitignore src/model/longish.c "$work/clean"
if ! "$here/floors.sh" "$work/clean" 2>/dev/null; then
    echo 'floors_test: a clean tree fails'
    failed=1
fi
exit $failed
