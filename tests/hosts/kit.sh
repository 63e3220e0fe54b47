# Sourced after program.sh by tests on several hosts, which have three: h1, h2, h3. Without the right to make hosts the
# test is skipped. The variables are program.sh's.
# shellcheck shell=bash disable=SC2154

hosts=$tests/hosts/hosts.sh
site=$work/site
"$hosts" check || exit $?
trap '"$hosts" down "$site"; rm -rf "$work"' EXIT
"$hosts" up "$site" 3
# mpirun finds a silent host in 4 s here: this network is never down for long by itself.
export OMPI_MCA_oob_tcp_keepalive_time=2 OMPI_MCA_oob_tcp_keepalive_intvl=1 OMPI_MCA_oob_tcp_keepalive_probes=2

# launch_on HOST:RANKS[,HOST:RANKS]... ARGUMENT...: as launch, on these hosts; to be heard as `hear hosts`. Options of
# mpirun are in the array $mpirun_options.
mpirun_options=()
launch_on() {
    local code=0
    echo "on $1: ${mpirun_options[*]} lockstep ${*:2}" >"$work/started.hosts"
    timeout -k 5 100 "$tests/hosts/mpirun.sh" "$site" "$1" "${mpirun_options[@]}" "$lockstep" "${@:2}" </dev/null \
        >"$work/out.hosts" 2>"$work/err.hosts" || code=$?
    echo "$code" >"$work/code.hosts"
}

# nothing_left WHAT: no process, no shared memory, no session directory.
nothing_left() {
    "$hosts" ls "$site" >"$work/left"
    check "$1: nothing is left in the hosts: $(<"$work/left")" [ ! -s "$work/left" ]
}
