# Sourced by whatever starts mpirun: Open MPI 4 on any machine, also in a container, as any user, without a network.
# shellcheck shell=bash

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Containers forbid process_vm_readv by a seccomp filter, which Open MPI learns only when it fails.
if grep -q '^Seccomp:[[:space:]]*[12]' /proc/self/status 2>/dev/null; then
    export OMPI_MCA_btl_vader_single_copy_mechanism=none
fi
# mpirun looks up "localhost"; without /etc/hosts (minimal containers) that asks a name server, which may not answer. One
# second is the least that can be set.
export RES_OPTIONS="timeout:1 attempts:1"
# hwloc looks for graphics cards through it.
unset DISPLAY
# A host that falls silent (power cut, link down) is noticed: by default mpirun's daemons wait for it for ever. 10 s without
# a word, then three questions at 3 s. mpirun hands these on to the daemons; ranks alone could not set them.
export OMPI_MCA_oob_tcp_keepalive_time=10 OMPI_MCA_oob_tcp_keepalive_intvl=3 OMPI_MCA_oob_tcp_keepalive_probes=3
