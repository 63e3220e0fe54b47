# Sourced by programs of a COMMAND, the DIR that keeps their state, and more: their head, which knows them from $usage ("usage: PROGRAM
# COMMAND DIR ..."). Leaves $command, $dir ("" without one, which `check` alone may be), and $self, the program.
# shellcheck shell=bash disable=SC2154,SC2034 # those of the program, and those that are for it

program=${usage#usage: } program=${program%% *}

# fail WHAT [CODE]
fail() {
    echo "$program: $1" >&2
    exit "${2:-1}"
}

case "${1:-}" in
-h | --help)
    echo "$usage"
    exit 0
    ;;
check) ;;
*) if [ $# -lt 2 ]; then fail "two arguments at least; see --help" 64; fi ;;
esac
command=$1 dir=${2:+$(realpath -m "$2")} self=$(realpath "$0")
