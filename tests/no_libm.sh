#!/usr/bin/env bash
# tests/no_libm.sh FILE...: does nothing between the data and the weights call libm? Its results are not the same on all
# machines; and a fused multiply-add may have become a call of it. FILE: the static libraries and object files of that
# path, for whatever processor: libm has the same functions on all. Tells each object file and the functions that it
# imports.
set -euo pipefail

if [ $# -eq 0 ]; then
    echo 'no files to look at'
    exit 1
fi
libm=$(${CC:-cc} -print-file-name=libm.so.6)
functions=$(nm -D --defined-only "$libm" | awk '{ sub(/@.*/, "", $NF); print $NF }')
for known in sinf fmaf exp sqrt; do
    if ! grep -qx "$known" <<<"$functions"; then
        echo "$libm has no $known: that is not the mathematics library"
        exit 1
    fi
done

imports=$(nm -A --undefined-only "$@")
if ! calls=$(awk 'NR == FNR { libm[$1]; next }
        { sub(/@.*/, "", $NF); sub(/:$/, "", $1); if ($NF in libm) { print $1 " calls " $NF; found = 1 } }
        END { exit found }' <(echo "$functions") <(echo "$imports")); then
    echo "$calls"
    exit 1
fi
echo "$(nm "$@" | grep -c '\.o:$') object files import no function of libm"
