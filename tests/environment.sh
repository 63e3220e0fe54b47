# Sourced by whatever starts mpirun in a test: Open MPI on any machine, as any user, with more ranks than cores.
# shellcheck shell=bash

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
# Tests run side by side, and each mpirun would bind its first rank to the first core.
export OMPI_MCA_hwloc_base_binding_policy=none
# Containers forbid process_vm_readv by a seccomp filter, which Open MPI learns only when it fails.
if grep -q '^Seccomp:[[:space:]]*[12]' /proc/self/status 2>/dev/null; then
    export OMPI_MCA_btl_vader_single_copy_mechanism=none
fi
# mpirun looks up "localhost"; without /etc/hosts (minimal containers) that asks a name server, which may not answer. One
# second is the least that can be set.
export RES_OPTIONS="timeout:1 attempts:1"
# hwloc looks for graphics cards through it.
unset DISPLAY
