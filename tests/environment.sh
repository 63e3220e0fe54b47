# Sourced by whatever starts mpirun in a test: as jobs/environment.sh, and with more ranks than cores.
# shellcheck shell=bash

# shellcheck source=jobs/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/../jobs/environment.sh"
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
# Tests run side by side, and each mpirun would bind its first rank to the first core.
export OMPI_MCA_hwloc_base_binding_policy=none
