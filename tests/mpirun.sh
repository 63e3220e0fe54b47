#!/usr/bin/env bash
# tests/mpirun.sh RANKS PROGRAM [ARGUMENT]...: mpirun in the tests' environment.
set -euo pipefail
# shellcheck source=tests/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
# Open MPI 4.1 gives up its handler of this signal at its end, when it may still write to ranks that have gone.
trap '' PIPE
exec mpirun -n "$1" "${@:2}"
