#!/usr/bin/env bash
# tests/mpirun.sh RANKS PROGRAM [ARGUMENT]...: mpirun in the tests' environment.
set -euo pipefail
# shellcheck source=tests/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
exec mpirun -n "$1" "${@:2}"
