#!/usr/bin/env bash
# mpirun over the hosts of hosts.sh. See --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage='usage: tests/hosts/mpirun.sh DIR HOST:RANKS[,HOST:RANKS]... [OPTION OF MPIRUN]... PROGRAM [ARGUMENT]...

mpirun on the login host h0, with so many ranks on each host. Its process number, as h0 sees it, is in DIR/mpirun, to be
sent signals: hosts.sh exec DIR h0 kill -USR2 N. Session directories are under DIR/local of each host.'

case "${1:-}" in
-h | --help)
    echo "$usage"
    exit 0
    ;;
esac
if [ $# -lt 3 ]; then
    echo "$usage" >&2
    exit 64
fi
# shellcheck source=tests/environment.sh
. "$here/../environment.sh"
dir=$(realpath "$1") hosts=$2
shift 2
export TMPDIR=$dir/local
# Every host has a /dev/shm of its own; a test that looks for what is left there must find it where it is by default.
unset OMPI_MCA_btl_vader_backing_directory OMPI_MCA_osc_sm_backing_directory
# The shell's $$ is mpirun's number in h0 once it has become it.
# shellcheck disable=SC2016 # of that shell
exec "$here/hosts.sh" exec "$dir" h0 bash -c 'echo $$ >"$0/mpirun" && exec "$@"' "$dir" \
    mpirun --host "$hosts" --mca plm_rsh_agent "$here/hosts.sh agent $dir" \
    --mca oob_tcp_if_include 10.77.0.0/24 --mca btl_tcp_if_include 10.77.0.0/24 "$@"
