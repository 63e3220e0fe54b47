#!/usr/bin/env bash
# Several hosts on one machine, out of namespaces. See --help.
#
# All of it lives in the site, a process with a network, host name, mounts, IPC and process numbers of its own; it is the
# login host h0 and the switch (a bridge) that the others hang on. Each host is a process in it, again with all of these
# of its own. The kernel kills what is left in a namespace of processes when its first one dies: a host is switched off by
# one signal, and so is the site with everything that was ever started or made in it.
set -euo pipefail

usage='usage: tests/hosts/hosts.sh COMMAND DIR [ARGUMENT]...

Hosts h1, h2, ... with a network between them (10.77.0.0/24) and a login host h0, on this machine: each with its own host
name, network, processes, /dev/shm and DIR/local, the disk in common. Needs root, iproute2 and util-linux. Nothing is made in the
machine'\''s own network. DIR keeps their state; it must be seen under the same name by all users of the hosts.

  check                     can hosts be made here? If not, says why and exits with 77; without DIR
  up DIR N                  makes h0, h1 ... hN
  boot DIR HOST             makes a host again that was switched off
  exec DIR HOST COMMAND...  runs a command in a host, with its exit code
  agent DIR HOST COMMAND... the same for Open MPI (plm_rsh_agent): the words are joined and given to a shell
  poweroff DIR HOST         the link falls silent and every process of the host is gone, as at a power cut
  unplug DIR HOST           the link is down
  plug DIR HOST             the link is up again
  rate DIR HOST RATE        the link carries no more than RATE each way (as 100mbit)
  delay DIR HOST MS PROGRAM every frame is MS milliseconds under way, each way; PROGRAM is delayed_link.c, compiled
  clean DIR HOST            takes the rate, or the delay, away
  ls DIR                    what jobs have left in the hosts: processes, files in /dev/shm and DIR/local; and in the /tmp that they have in
                            common with this machine what lockstep launch makes there
  down DIR                  the end of all hosts'

# shellcheck source=tests/hosts/command.sh
. "$(dirname "${BASH_SOURCE[0]}")/command.sh"
kinds=(--net --uts --mount --ipc --pid)

# enter PROCESS COMMAND...
enter() {
    exec nsenter --target "$1" "${kinds[@]}" --wdns="$PWD" -- "${@:2}"
}

pid_of() {
    cat "$dir/$1.pid" 2>/dev/null || fail "$1 is not up (there is no $dir/$1.pid)"
}

# The first process of the site or of a host: itself (/proc is still that of the machine, or of the site, and tells the
# process number there), then the parent of what is orphaned.
first_process() {
    local host=$1 pid
    read -r pid _ </proc/self/stat
    mount -t proc proc /proc
    mount -t tmpfs -o size=1g tmpfs /dev/shm
    mount -t tmpfs -o size=1g tmpfs "$dir/local"
    mount --bind "$dir/hosts" /etc/hosts
    echo "$host" >/proc/sys/kernel/hostname
    ip link set lo up
    if [ "$host" = h0 ]; then
        # By default it takes the least address of its ports: another one when that host goes, and the others would not find h0 for
        # a minute.
        ip link add switch address 02:00:00:00:00:fe type bridge
        ip address add 10.77.0.254/24 dev switch
        ip link set switch up
    fi
    echo "$pid" >"$dir/$host.pid"
    echo ready
    exec >/dev/null 2>&1
    sleep infinity &
    wait
}

# begin HOST: starts its first process, and returns when that is ready.
begin() {
    local said pipe
    exec {pipe}< <(exec setsid unshare "${kinds[@]}" --fork "$self" first "$dir" "$1" 2>&1 </dev/null)
    read -r said <&"$pipe" || said=nothing
    [ "$said" = ready ] || fail "$1 does not come up: $said"
    exec {pipe}<&-
}

# In the site: the two ends of a host's cable become its link. A host has one address of the network card for its whole life, which
# the others remember.
connect() {
    local number=${1#h} inside=(nsenter --target "$2" --net)
    ip link set "p$number" master switch up
    "${inside[@]}" ip link set eth0 address "$(printf '02:00:00:00:00:%02x' "$number")"
    "${inside[@]}" ip address add "10.77.0.$number/24" dev eth0
    "${inside[@]}" ip link set eth0 up
}

# In the site. plain_link HOST PROCESS
plain_link() {
    ip link add "p${1#h}" type veth peer name eth0 netns "$2"
    connect "$1" "$2"
}

# In the site. delayed_link HOST MILLISECONDS PROGRAM
delayed_link() {
    local said pid pipe
    pid=$(pid_of "$1")
    remove_link "$1"
    exec {pipe}< <(exec setsid "$3" "$2" "p${1#h}" "$pid" 2>&1 </dev/null)
    echo $! >"$dir/$1.link"
    read -r said <&"$pipe" || said=nothing
    [ "$said" = ready ] || fail "no delayed link to $1: $said"
    exec {pipe}<&-
    connect "$1" "$pid"
}

# In the site.
remove_link() {
    local program
    if [ ! -e "$dir/$1.link" ]; then
        ip link delete "p${1#h}"
        return
    fi
    program=$(<"$dir/$1.link")
    kill "$program" 2>/dev/null || true # it ends by itself when its host has gone
    tail --pid="$program" -f /dev/null
    rm "$dir/$1.link"
}

# In the site.
clean() {
    if [ -e "$dir/$1.link" ]; then
        remove_link "$1"
        plain_link "$1" "$(pid_of "$1")"
    else
        rate "$1" delete
    fi
}

# In the site: a host and its link.
boot() {
    ! [ -e "$dir/$1.pid" ] || fail "$1 is up"
    begin "$1"
    plain_link "$1" "$(pid_of "$1")"
}

# In the site.
poweroff() {
    local pid
    pid=$(pid_of "$1")
    rm "$dir/$1.pid"
    ip link set "p${1#h}" down
    kill -KILL "$pid"
    remove_link "$1"
}

# In the site; both ends shape what they send. rate HOST VERB [PARAMETER]...: of tc qdisc.
rate() {
    local pid
    pid=$(pid_of "$1")
    tc qdisc "$2" dev "p${1#h}" root "${@:3}"
    nsenter --target "$pid" --net tc qdisc "$2" dev eth0 root "${@:3}"
}

# In the site, where every process of every host is seen. The kit's own are no leftovers.
leftovers() {
    local pid line file host
    ps -e -o pid=,args= | while read -r pid line; do
        case $line in
        *"$self"* | 'sleep infinity' | 'ps -e '* | */delayed_link\ *) ;;
        *) echo "process $pid: $line" ;;
        esac
    done
    for file in "$dir"/h[0-9]*.pid; do
        host=$(basename "$file" .pid)
        "$self" exec "$dir" "$host" find /dev/shm "$dir/local" -mindepth 1 -printf "$host: %p\n"
    done
}

# Outside of the site, where every process of the machine is seen: a directory that one of them uses is another job's, or that process
# is told.
left_in_common() {
    local path
    find /tmp -maxdepth 1 -name "lockstep-$(id -u)-*" -newer "$dir/hosts" | while read -r path; do
        grep -aqsF -f <(echo "${path##*/}") /proc/[0-9]*/environ /proc/[0-9]*/cmdline || echo "all hosts: $path"
    done
}

# In the site. An ssh client does not notice that its host is gone, or the link to it.
wait_for_host() {
    if [ ! -e "$dir/$1.pid" ] || ip -o link show "p${1#h}" | grep -qw 'state DOWN'; then exec sleep infinity; fi
}
agent() {
    local code=0
    wait_for_host "$1"
    "$self" exec "$dir" "$1" sh -c "${*:2}" || code=$?
    wait_for_host "$1"
    exit "$code"
}

up() {
    mkdir -p "$dir/local"
    [ ! -e "$dir/h0.pid" ] || fail "$dir has hosts already"
    {
        echo '127.0.0.1 localhost'
        echo '10.77.0.254 h0'
        for ((i = 1; i <= $1; i++)); do echo "10.77.0.$i h$i"; done
    } >"$dir/hosts"
    begin h0
    for ((i = 1; i <= $1; i++)); do "$self" boot "$dir" "h$i"; done
}

down() {
    local pid
    [ -e "$dir/h0.pid" ] || return 0
    pid=$(<"$dir/h0.pid")
    kill -KILL "$pid"
    rm -f "$dir"/h*.pid "$dir"/h*.link "$dir/hosts"
    tail --pid="$pid" -f /dev/null # its processes and interfaces are gone before it is
}

check() {
    local tool probe
    [ "$(id -u)" = 0 ] || fail "skipped: hosts need root" 77
    for tool in ip tc unshare nsenter ps; do
        command -v "$tool" >/dev/null || fail "skipped: hosts need $tool (jobs/install.sh test)" 77
    done
    probe=$(mktemp -d)
    if ! "$self" up "$probe" 1 2>"$probe/error" || ! "$self" rate "$probe" h1 1gbit 2>"$probe/error"; then
        cat "$probe/error" >&2
        "$self" down "$probe"
        rm -r "$probe"
        fail "skipped: this kernel or container allows no hosts (above)" 77
    fi
    "$self" down "$probe"
    rm -r "$probe"
}

case $command in
check) check ;;
up) up "$3" ;;
down) down ;;
first) first_process "$3" ;;
boot | exec | agent | poweroff | unplug | plug | rate | delay | clean | ls)
    if [ "${LOCKSTEP_SITE:-}" != "$dir" ]; then
        site=$(pid_of h0)
        [ "$command" != ls ] || left_in_common
        enter "$site" env LOCKSTEP_SITE="$dir" "$self" "$command" "$dir" "${@:3}"
    fi
    case $command in
    boot | poweroff) "$command" "$3" ;;
    ls) leftovers ;;
    exec)
        [ "$3" != h0 ] || exec "${@:4}"
        enter "$(pid_of "$3")" "${@:4}"
        ;;
    agent) agent "${@:3}" ;;
    unplug) ip link set "p${3#h}" down ;;
    plug) ip link set "p${3#h}" up ;;
    rate) rate "$3" replace tbf rate "$4" burst 64kb latency 50ms ;;
    delay) delayed_link "$3" "$4" "$(realpath "$5")" ;;
    clean) clean "$3" ;;
    esac
    ;;
*) fail "no such command: $command; see --help" 64 ;;
esac
