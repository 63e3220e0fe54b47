#!/usr/bin/env bash
# What slurm/chain.sh, sweep.sbatch and scaling.sbatch submit and print, without Slurm: sbatch and mpirun are stand-ins in a
# directory of their own, the program is real and trains on one rank.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/slurm/stand_ins.sh
. "$tests/slurm/stand_ins.sh"
export RUNS=runs
unset RANKS BATCH

# A line for each call; the number of the job is that of the line.
stand_in sbatch <<'STUB'
echo "CHAIN=${CHAIN:-}|$*" >>submitted
echo "$(wc -l <submitted);cluster"
STUB
stand_in mpirun <<'STUB'
[ "$1 $3 $4" = "-n --bind-to core" ] || exit 99
echo "$2" >>counts
exec "${@:5}"
STUB

# ends WHAT CODE COMMAND...: the command ends with this code; what it says is in ./log.
ends() {
    started=${*:3} code=0
    "${@:3}" >log 2>&1 || code=$?
    check "$1" [ "$code" = "$2" ]
}
submitted() {
    sed -n "$1p" submitted
}

# A chain: each after the one before, all with one name that they know.
ends 'a chain of 3' 0 "$project/slurm/chain.sh" 3 --time=10 train.sbatch --set run.seed=2
check 'three jobs' [ "$(wc -l <submitted)" = 3 ]
chain=$(sed -n 's/^CHAIN=\([^|]*\).*/\1/p' submitted | sort -u)
check 'they know the chain' [ -n "$chain" ]
rest='--time=10 train.sbatch --set run.seed=2'
check 'the first' [ "$(submitted 1)" = "CHAIN=$chain|--parsable --job-name=$chain $rest" ]
check 'the second' [ "$(submitted 2)" = "CHAIN=$chain|--parsable --job-name=$chain --dependency=afterany:1 $rest" ]
check 'the third' [ "$(submitted 3)" = "CHAIN=$chain|--parsable --job-name=$chain --dependency=afterany:2 $rest" ]
check 'their numbers' grep -qx '1 2 3' log
for option in -J -Jmine --job-name=mine -d -dsingleton --dependency=singleton; do
    ends "the chain's own: $option" 64 "$project/slurm/chain.sh" 2 "$option" train.sbatch
    check "the chain's own: $option: told" grep -qF "not $option" log
done
check 'nothing was submitted' [ "$(wc -l <submitted)" = 3 ]
ends 'no number of jobs' 64 "$project/slurm/chain.sh" train.sbatch
check 'its header is its help' grep -q '^  slurm/chain.sh N' log

# A sweep: an array, and a table after it.
rm submitted
points=('optimizer.learning_rate=0.05 model.hidden=[20]' optimizer.learning_rate=0.5 training.epochs=-1)
ends 'a sweep of 3' 0 "$project/slurm/sweep.sbatch" -p low -- "${points[@]}"
check 'an array' [ "$(submitted 1)" = "CHAIN=|--parsable --array=0-2 -p low $project/slurm/sweep.sbatch --element ${points[*]}" ]
check 'a table after it' grep -q -- '-p low --dependency=afterany:1 .* --output=runs/summary.txt ' submitted
check 'of the same runs' grep -qF -- " $project/slurm/sweep.sbatch --summary ${points[*]}" submitted
ends 'nothing to sweep' 64 "$project/slurm/sweep.sbatch" -p low --

# Its jobs, as sbatch starts them: alone and under another name. The last has a setting that is none.
cp "$project/slurm/sweep.sbatch" slurm_script
export SLURM_JOB_NUM_NODES=1 SLURM_NTASKS_PER_NODE=2 SLURM_JOB_NODELIST=h1 SLURM_ARRAY_JOB_ID=1
for i in 0 1 2; do
    expected=$((i == 2 ? 78 : 0))
    SLURM_JOB_ID=$((i + 2)) SLURM_ARRAY_TASK_ID=$i ends "element $i" $expected bash slurm_script --element "${points[@]}"
done
check 'a run directory each' [ -d 'runs/optimizer.learning_rate=0.05,model.hidden=[20]' ]
bash slurm_script --summary "${points[@]}" >table
cp table log
check 'a row each' [ "$(grep -c '^| ' table)" = 4 ]
for point in "${points[@]:0:2}"; do
    digest=$("$program" digest "$(printf '%s\n' "runs/${point/ /,}"/checkpoints/*.h5 | tail -n 1)")
    check "the digest of $point" grep -qF "| $point | finished | 7 of 7 (100.0 %) | 1 | 0." table
    check "the digest of $point" grep -qF "| $digest |" table
done
check 'what did not begin comes last' [ "$(tail -n 1 table)" = '| training.epochs=-1 | not started |  |  |  |  |  |' ]
accuracies=$(sed -n '3,4s/.*| \(0\.[0-9]*\) |.*| [0-9a-f]* |$/\1/p' table)
check 'the most accurate first' [ "$accuracies" = "$(sort -gr <<<"$accuracies")" ]

# The tables of scaling, from measurements of one process each: so many ranks, so large batches.
unset SLURM_ARRAY_JOB_ID
export SLURM_JOB_ID=9 SLURM_JOB_NUM_NODES=3
rm -f counts
SECONDS_EACH=0.1 ends scaling 0 bash "$project/slurm/scaling.sbatch" --set training.batch_size=30
check 'on 1, 2, 4 ranks and all, twice' [ "$(paste -sd ' ' counts)" = '1 2 4 6 1 2 4 6' ]
batches=$(sed -nE 's/^\| [1-9] \| 1 \| ([0-9]+) \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9]+ % \|$/\1/p' log | paste -sd ' ')
check 'the batch stays, then grows' [ "$batches" = '30 30 30 30 5 10 20 30' ]
check 'the first is the measure' [ "$(grep -c '| 1.00 | 100 % |$' log)" = 2 ]
RANKS='2 3' BATCH=7 SECONDS_EACH=0.1 ends 'ranks and samples a rank of the user' 0 bash "$project/slurm/scaling.sbatch"
check 'they are taken' grep -q '^| 3 | 1 | 21 |' log
rm counts
for wrong in '1 2 7' '1 two' '0'; do
    RANKS=$wrong ends "RANKS=$wrong" 64 bash "$project/slurm/scaling.sbatch"
    check "RANKS=$wrong: told" grep -qF "\"${wrong##* }\" is not a number from 1 to 6" log
done
BATCH=none ends 'BATCH=none' 64 bash "$project/slurm/scaling.sbatch"
check 'BATCH=none: told' grep -qF 'BATCH is a number of samples, not "none"' log
check 'nothing was measured' [ ! -e counts ]
CONFIG=absent.cfg ends 'a bad config' 66 bash "$project/slurm/scaling.sbatch"

finish
