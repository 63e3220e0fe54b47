#!/usr/bin/env bash
# Submits jobs that follow each other until a run is done, where jobs may not requeue themselves or where each may last a
# short time only:
#
#   slurm/chain.sh N [OPTION of sbatch]... slurm/train.sbatch [ARGUMENT of lockstep train]...
#
# N jobs at most, each waiting for the end of the one before, however it ends (afterany). The job that finishes the
# run, or finds that it cannot go on, cancels those that wait. Prints the numbers of the jobs, and how to cancel them all. Name
# and dependency of the jobs are the chain's own (no -J, no -d). The variables of train.sbatch count here too:
# CONFIG=my.cfg RUN=runs/my slurm/chain.sh 5 --time=1:00:00 slurm/train.sbatch
set -euo pipefail

if [ $# -lt 2 ] || [[ ! $1 =~ ^[1-9][0-9]*$ ]]; then
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi
jobs=$1
shift
for argument; do
    case $argument in
    -J* | --job* | -d* | --dep*) # sbatch takes abbreviations, too
        echo "chain.sh: its jobs have a name and a dependency of the chain's own: not $argument" >&2
        exit 64
        ;;
    esac
done

# The name under which the last one finds the others; nobody else has it.
CHAIN=lockstep-chain-$(date +%s)-$$
export CHAIN
numbers=() options=()
for ((i = 0; i < jobs; i++)); do
    number=$(sbatch --parsable --job-name="$CHAIN" "${options[@]}" "$@")
    number=${number%%;*} # a cluster's name may follow
    numbers+=("$number")
    options=(--dependency="afterany:$number")
done
echo "${numbers[*]}"
echo "to cancel: scancel --user=$(id -un) --name=$CHAIN"
