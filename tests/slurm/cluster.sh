#!/usr/bin/env bash
# A real Slurm cluster on the hosts of tests/hosts/hosts.sh. See --help.
#
# One munged serves all hosts by a socket on the disk that they share: a path leads to it from any network. What a node
# keeps for its jobs lies in DIR/local, which a power cut takes away: on a disk PMIx's sockets would be left, and the
# same step of the same job could not start again on that node.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
hosts=$here/../hosts/hosts.sh

usage='usage: tests/slurm/cluster.sh COMMAND DIR [ARGUMENT]...

A Slurm cluster for tests, on the hosts of tests/hosts/hosts.sh, whose poweroff, unplug, rate ... do to it what they do: slurmctld
on the login host h0, a slurmd on each of h1, h2, ... with 32 feigned CPUs. Partitions: batch (the default), and high, which takes
nodes from the jobs of low and has these requeued. Needs root and munge, slurmctld, slurmd, slurm-client and
slurm-wlm-basic-plugins (jobs/install.sh test).

  check                can it run here? If not, says why and exits with 77; without DIR
  up DIR N             makes h0, h1 ... hN and starts Slurm on them; all nodes are idle when it returns
  exec DIR COMMAND...  runs a command on the login host, with its exit code, in the environment of the tests
  boot DIR HOST        makes a host again that was switched off, and its node
  restart DIR          ends slurmctld and starts it again
  ls DIR               what jobs have left, as hosts.sh
  down DIR             the end of all

DIR/slurm/jobs is what scontrol says of all jobs, some tenths of a second old; DIR/slurm/log has the logs of the daemons.'

# shellcheck source=tests/hosts/command.sh
. "$here/../hosts/command.sh"
# shellcheck source=tests/environment.sh
. "$here/../environment.sh"
# Every host has a /dev/shm of its own.
unset OMPI_MCA_btl_vader_backing_directory OMPI_MCA_osc_sm_backing_directory
state=$dir/slurm
export SLURM_CONF=$state/slurm.conf

on() {
    "$hosts" exec "$dir" "$@"
}

# slurm.conf(5). Times are as short as a busy machine allows; cred_expire is also how long a requeued job waits before it may start
# again, 120 s by default, 5 at least. No cgroups and no accounting: neither is there in a container.
configuration() {
    cat <<TEXT
ClusterName=kit
SlurmctldHost=h0
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$state/munge.socket,cred_expire=5
StateSaveLocation=$state/controller
SlurmdSpoolDir=$dir/local/slurmd
TmpFS=$dir/local
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.%n.pid
SlurmctldLogFile=$state/log/slurmctld
SlurmdLogFile=$state/log/slurmd.%n
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=bf_interval=1,sched_min_interval=0,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
SlurmdTimeout=8
KillWait=2
NodeName=h[1-$1] CPUs=32
PartitionName=batch Nodes=ALL Default=YES PriorityTier=10 PreemptMode=OFF
PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF
PartitionName=low Nodes=ALL PriorityTier=1
TEXT
}

start_munge() {
    (umask 077 && dd if=/dev/urandom of="$state/munge.key" bs=128 count=1 status=none)
    # --force: any user of the machine may write in /tmp, above the socket.
    on h0 munged --force --key-file="$state/munge.key" --socket="$state/munge.socket" --pid-file="$state/munged.pid" \
        --seed-file="$state/munge.seed" --log-file="$state/log/munged" 2>>"$state/log/start"
}

# Tests look into DIR/slurm/jobs instead of asking slurmctld each on their own, ten times a second.
watch_jobs() {
    while :; do
        if scontrol -o show job >"$state/jobs.new" 2>/dev/null; then mv "$state/jobs.new" "$state/jobs"; fi
        sleep 0.2
    done
}

idle_nodes() {
    on h0 sinfo -h -p batch -t idle -o %D 2>/dev/null
}

wait_for_nodes() {
    local end=$((SECONDS + 30))
    until [ "$(idle_nodes)" = "$1" ]; do
        if [ "$SECONDS" -ge "$end" ]; then
            tail -n 20 "$state"/log/* >&2
            fail "not all of the $1 nodes are idle (the logs are above)"
        fi
        sleep 0.1
    done
}

up() {
    mkdir -p "$state/log" "$state/controller"
    "$hosts" up "$dir" "$1"
    configuration "$1" >"$SLURM_CONF"
    start_munge
    on h0 slurmctld
    for ((i = 1; i <= $1; i++)); do on "h$i" slurmd; done
    wait_for_nodes "$1"
    : >"$state/jobs"
    on h0 setsid "$self" watch "$dir" </dev/null >/dev/null 2>&1 &
}

# In h0. slurmctld writes down what it knows before it ends.
restart() {
    local pid
    pid=$(<"$state/slurmctld.pid")
    on h0 kill -TERM "$pid"
    on h0 tail --pid="$pid" -f /dev/null
    on h0 slurmctld
}

# The cluster's own are no leftovers.
leftovers() {
    "$hosts" ls "$dir" |
        grep -Ev ": (: )?([^ ]*/)?(munged|slurmctld|slurmscriptd|slurmd|scontrol|sleep)([: ]|$)|$self watch|: $dir/local/slurmd" || true
}

check() {
    local tool
    "$hosts" check
    for tool in munged slurmctld slurmd srun sbatch scontrol; do
        command -v "$tool" >/dev/null || fail "skipped: there is no $tool (jobs/install.sh test)" 77
    done
}

case $command in
check) check ;;
up) up "$3" ;;
exec) on h0 env TMPDIR="$dir/local" "${@:3}" ;; # each host has its own there
boot)
    "$hosts" boot "$dir" "$3"
    on "$3" slurmd
    ;;
restart) restart ;;
watch) watch_jobs ;;
ls) leftovers ;;
down) "$hosts" down "$dir" ;;
*) fail "no such command: $command; see --help" 64 ;;
esac
