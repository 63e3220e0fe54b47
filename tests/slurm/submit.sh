#!/usr/bin/env bash
# Jobs that nothing disturbs, on a real Slurm of three nodes: slurm/train.sbatch starting the ranks by mpirun and by srun; in an
# allocation, lockstep launch, and lockstep doctor, which finds nothing.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/findings.sh
. "$tests/findings.sh"
# shellcheck source=tests/slurm/kit.sh
. "$tests/slurm/kit.sh"

by_mpirun() {
    submit "$lockstep" -N3 --ntasks-per-node=1 "$project/slurm/train.sbatch" --quiet
    ends_as_alone 'mpirun'
}

by_srun() {
    LAUNCHER=srun submit "$lockstep" -N2 --ntasks-per-node=2 "$project/slurm/train.sbatch" --quiet
    ends_as_alone 'srun'
}

by_launch() {
    submit "$lockstep" -N2 --ntasks-per-node=2 --wrap "$lockstep launch $config --run $run --quiet"
    ends_as_alone 'lockstep launch'
    check 'launch: on all of the allocation' grep -q '"ranks":4,"nodes":2,' "$run/metrics.jsonl"
}

doctor() {
    submit "$lockstep" -N2 --ntasks-per-node=2 --wrap "$lockstep doctor $config --run $run --patience 60"
    job_ends doctor COMPLETED 0
    out=$log code=0
    healthy doctor
    finds OK hosts '2 hosts, all answer'
    finds OK launch '4 ranks started, every one sees 4'
    finds OK slurm 'srun --mpi=pmix can start ranks'
}

heading 'from submission to the end'
play by_mpirun by_srun by_launch doctor
end by_mpirun by_srun by_launch doctor
nothing_left 'all jobs'
finish
