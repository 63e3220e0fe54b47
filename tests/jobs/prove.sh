#!/usr/bin/env bash
# jobs/prove.sh, small: it proves what holds, and says so if a training differs, fails, or does not where it must. The program that
# goes astray is a script around it.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/environment.sh
. "$tests/environment.sh"

"$make_dataset" good "$work/good.h5" # 211 samples: 11 steps an epoch
cat >"$work/config.cfg" <<TEXT
data: { file = "good.h5" } # of the caller's folder
model: { hidden = [100] }
training: { batch_size = 20, shards = 4 }
TEXT
mkdir "$work/tmp"
cd "$work"

# prove [ARGUMENT]...: with the program that $LOCKSTEP names.
prove() {
    started="jobs/prove.sh $*" code=0 out=$work/prove.out err=$work/prove.err
    TMPDIR=$work/tmp "$tests/../jobs/prove.sh" "$@" </dev/null >"$out" 2>"$err" || code=$?
}

# has TEXT: a line on stdout.
has() {
    grep -qF -- "$1" "$out"
}

# astray [CONDITION ARGUMENTS]...: $LOCKSTEP, with these arguments more where the shell's condition holds.
astray() {
    {
        echo '#!/bin/sh'
        printf "if %s; then exec '$lockstep' \"\$@\" %s; fi\n" "$@"
        echo "exec '$lockstep' \"\$@\""
    } >"$work/astray"
    chmod +x "$work/astray"
    LOCKSTEP=$work/astray
}

# Where hosts can be made prove.sh makes its own, and what hosts of the user's would be is made here.
hosts=$tests/hosts/hosts.sh site=$work/site over_hosts=yes
if "$hosts" check; then
    trap '"$hosts" down "$site"; rm -rf "$work"' EXIT
    "$hosts" up "$site" 2
else
    over_hosts=no
    echo 'left out: two hosts'
fi

export LOCKSTEP=$lockstep
prove --quick config.cfg
check 'proven' [ "$code" = 0 ]
check 'proven: says so' grep -q '^proven: [0-9]* trainings, [0-9]* starts, 1 kills, .* digest=[0-9a-f]* ' "$out"
for row in 'undisturbed .*| 1 ' 'undisturbed .*| 3 ' 'one copy, gradient .*| 2 ' 'one copy, operands .*| 3 ' 'one copy, split .*| 2 ' 'two nodes' \
    'kernels portable .*| portable ' 'kernels [a-z0-9]* .*| not available ' 'stops: 2 .*| 3,.*| both ' \
    'kills: 1 .*,.*| both ' 'control: another seed'; do
    check "the table has: $row" grep -q "^| .*$row" "$out"
done
if [ $over_hosts = yes ]; then
    check 'two hosts' grep -q '^| two hosts  *| 2  *| replica ' "$out"
    check 'two hosts, plan node' grep -q '^| two hosts  *| 3  *| node ' "$out"
else
    check 'two hosts: why not' grep -q '^left out: two hosts: .*--hostfile' "$out"
fi
digests() {
    grep -v -e control -e '^| case' -e '^| ---' "$out" | sed -nE 's/^\|.*\| ([0-9a-f]{16}) \|.*/\1/p'
}
check 'one digest in all rows but one' [ "$(digests | sort -u | wc -l)" = 1 ]
check 'a row for each training' [ "$(digests | wc -l)" -ge 10 ]
check 'nothing is left' is_empty "$work/tmp"
in_fp32=$(digests | head -n 1)
prove --quick --bf16 config.cfg
check 'bf16: proven' [ "$code" = 0 ]
check 'bf16: one other digest in all rows but one' [ "$(digests | sort -u | sed "s/$in_fp32/that of fp32/")" = "$(digests | head -n 1)" ]

# not_proven WHAT TEXT...: and the run directories are there.
not_proven() {
    local text
    check "$1: exit code" [ "$code" = 70 ]
    for text in "${@:2}"; do
        check "$1: the verdict: $text" grep -q "^NOT proven: .*$text" "$out"
    done
    check "$1: no other verdict" [ "$(grep -c '^proven' "$out")" = 0 ]
    check "$1: kept" grep -q "kept: $work/tmp/" "$err"
    check "$1: kept run directories" [ "$(find "$work/tmp" -name metrics.jsonl | wc -l)" -ge 10 ]
    rm -rf "$work/tmp"/*
}

# shellcheck disable=SC2016 # conditions for the program's shell
{
    astray '[ "$1 $OMPI_COMM_WORLD_SIZE" = "train 2" ]' '--set optimizer.learning_rate=0.2' \
        '[ "$1 $LOCKSTEP_ISA" = "train portable" ]' '--set optimizer.momentum=2'
    prove --quick config.cfg
    not_proven 'two ranks learn faster, one kernel set fails' 'undisturbed, ranks 2, plan replica: another result (run-2)' \
        'kernels portable, ranks 3, plan replica: exit code 78'
    astray '[ "$LOCKSTEP_ISA" = portable ] && unset LOCKSTEP_ISA && false' '' \
        '[ "$LOCKSTEP_EXCHANGE" = gradient ] && unset LOCKSTEP_EXCHANGE && false' '' \
        '[ "$1" = train ] && [ "$OMPI_COMM_WORLD_SIZE" ]' '--set run.seed=1'
    prove --quick config.cfg
    check 'a way that was not taken is told' has 'left out: one copy, gradient: 2 ranks'
    check 'a way that was not taken has no row' [ "$(grep -c '^| one copy, gradient' "$out")" = 0 ]
    not_proven 'the control is no other, kernels are not those' 'control: another seed, ranks 3, plan replica: the same digest' \
        'kernels portable, ranks 3, plan replica: the kernels were '
    astray '[ "$1" = verify ]' --no-such-option
    prove --quick config.cfg
    not_proven 'nothing is verified' 'undisturbed, ranks 1, plan replica: not verified'
}

# On the login host, where h1 and h2 can be named.
if [ $over_hosts = yes ]; then
    started='jobs/prove.sh on h0' code=0
    printf '# two of mine\nh1 slots=1\n\nh1 slots=2 # again\nh2\n' >hostfile
    # shellcheck disable=SC2016 # a condition for the program's shell
    astray '[ "$1" = train ] && [ "$OMPI_COMM_WORLD_LOCAL_SIZE" != "$OMPI_COMM_WORLD_SIZE" ]' '--set optimizer.learning_rate=0.2'
    OMPI_MCA_plm_rsh_agent="$hosts agent $site" TMPDIR=$work/tmp "$hosts" exec "$site" h0 \
        "$tests/../jobs/prove.sh" --quick --hostfile hostfile config.cfg </dev/null >"$out" 2>"$err" || code=$?
    not_proven 'two hosts learn faster' '2 of [0-9]* trainings: two hosts, ranks 2, plan replica: another result' \
        'two hosts, ranks 3, plan node: another result'
fi
LOCKSTEP=$lockstep
echo h1 >one_host
prove --hostfile one_host config.cfg
check 'a hostfile with one host' [ "$code" = 65 ]
prove --hostfile nowhere config.cfg
check 'no hostfile' [ "$code" = 66 ]

for arguments in --no-such-option --hostfile 'config.cfg config.cfg'; do
    # shellcheck disable=SC2086 # words
    prove $arguments
    check "$arguments: wrong usage" [ "$code" = 64 ]
    check "$arguments: usage" grep -q '^usage: jobs/prove.sh' "$err"
done
prove --help
check 'help' has 'usage: jobs/prove.sh'
prove no.cfg
check 'no config' [ "$code" = 66 ]
LOCKSTEP=$work/nothing prove config.cfg
check 'no program' [ "$code" = 66 ]
finish
