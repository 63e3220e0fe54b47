# Sourced by whatever starts mpirun: Open MPI 4 on any machine, also in a container, as any user, without a network.
# shellcheck shell=bash

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Containers forbid process_vm_readv by a seccomp filter, which Open MPI learns only when it fails.
if grep -q '^Seccomp:[[:space:]]*[12]' /proc/self/status 2>/dev/null; then
    export OMPI_MCA_btl_vader_single_copy_mechanism=none
fi
# mpirun looks up "localhost"; without /etc/hosts (minimal containers; jobs/install.sh mends it for root) that asks a name
# server, which may not answer. One second is the least that can be set.
export RES_OPTIONS="timeout:1 attempts:1"
# hwloc looks for graphics cards through it.
unset DISPLAY
# Options of mpirun for ranks that share their cores, with each other or with others' work. Unbound and yielding they are then many times
# as fast as ranks that spin, and faster than ranks bound to cores that others use.
# shellcheck disable=SC2034 # used where this is sourced
shared_cores=(--oversubscribe --bind-to none --mca mpi_yield_when_idle 1)
