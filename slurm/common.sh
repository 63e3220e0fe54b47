# Sourced by the batch scripts of this folder, and not run: what they share. A script sets $name, CONFIG and, for one run, RUN,
# and finds this file by LOCKSTEP_PROJECT, for sbatch runs a copy of the script from a folder of its own.
#
# From the environment, or set before this file is sourced; README.md says when to change which:
#   LOCKSTEP      the program (default: build/release/lockstep of the project, if it is there, else the one in PATH)
#   LAUNCHER      mpirun (default) or srun
#   BIND          core or none: each rank on a core of its own, or wherever there is room (default: set_binding decides)
#   MODULES       names for "module load"
#   LOCAL_COPY    a folder on each node, for a copy of the dataset there (default: none, every rank reads data.file)
#   MAX_REQUEUES  how often a job has itself started again (default 10)
# shellcheck shell=bash
set -u

: "${name:?}" "${CONFIG:?}" "${LOCKSTEP_PROJECT:?}"
if [ -z "${LOCKSTEP:-}" ]; then
    LOCKSTEP=$LOCKSTEP_PROJECT/build/release/lockstep
    [ -e "$LOCKSTEP" ] || LOCKSTEP=lockstep
fi
: "${LAUNCHER:=mpirun}" "${BIND:=}" "${MODULES:=}" "${LOCAL_COPY:=}"
: "${MAX_REQUEUES:=10}" "${CHAIN:=}"

say() {
    echo "$name: $(date '+%F %T'): $*"
}

# look WHAT: a line of what the run directory RUN says; nothing if there is no run yet.
look() {
    "$LOCKSTEP" status "$RUN" 2>/dev/null | sed -n "s/^$1  *//p"
}

# allowed_cpus: a line for each that this script may run on: its number and its physical core.
allowed_cpus() {
    local range
    join <(for range in $(LC_ALL=C taskset -cp $$ | sed 's/.*: //; s/,/ /g'); do seq "${range%-*}" "${range#*-}"; done | sort) \
        <(lscpu -p=CPU,CORE | sed '/^#/d; s/,/ /' | sort)
}

# set_binding: to cores, if the user has not set BIND, where each rank has one. mpirun counts from the first that it may use: where Slurm does
# not keep jobs apart, two jobs would be bound to the same one. It refuses to bind two ranks to the threads of one core.
set_binding() {
    local cpus cores
    [ -z "$BIND" ] || return 0
    cpus=$(allowed_cpus | wc -l)
    cores=$(allowed_cpus | cut -d ' ' -f 2 | sort -u | wc -l)
    BIND=none
    if ((cpus > SLURM_CPUS_ON_NODE)); then
        say "ranks are not bound: $SLURM_CPUS_ON_NODE CPUs of this node are the job's, but Slurm lets it use all $cpus (BIND=core binds them)"
    elif ((cores < tasks)); then
        say "ranks are not bound: $tasks on each node, physical cores on this one: $cores"
    else
        BIND=core
    fi
}

# begin_job: what each job needs before it starts a rank. Sets job, restarts, tasks (a node's) and ranks (all).
begin_job() {
    # Within an array the plain number may be that of the whole array, and what is done to it is done to all.
    job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_}${SLURM_ARRAY_TASK_ID:-$SLURM_JOB_ID}
    restarts=${SLURM_RESTART_COUNT:-0} copy='' copied=()
    # sbatch --export=NONE sets it to NONE, and srun would then start mpirun's daemons, and ranks, without PATH and the modules.
    export SLURM_EXPORT_ENV=ALL
    tasks=${SLURM_NTASKS_PER_NODE:-}
    [ -n "$tasks" ] || leave 64 'how many ranks a node has is not known: submit with --ntasks-per-node=N (-n does not count)'
    ranks=$((SLURM_JOB_NUM_NODES * tasks))
    [[ $BIND =~ ^(core|none|)$ ]] || leave 64 "BIND is core or none, not \"$BIND\""
    [[ $MAX_REQUEUES =~ ^[0-9]+$ ]] || leave 64 "MAX_REQUEUES is a number, not \"$MAX_REQUEUES\""
    set_binding
    if [ -n "$MODULES" ]; then
        local modules
        read -ra modules <<<"$MODULES"
        set +u # not every implementation of module bears it
        module load "${modules[@]}" || leave 127 "cannot load the modules $MODULES"
        set -u
    fi
    # shellcheck source=jobs/environment.sh
    . "$LOCKSTEP_PROJECT/jobs/environment.sh"
    # mpirun is to notice a host that fell silent. The figures are those of lockstep launch, and jobs/mpirun.c says why.
    export OMPI_MCA_oob_tcp_keepalive_time=${OMPI_MCA_oob_tcp_keepalive_time:-10}
    export OMPI_MCA_oob_tcp_keepalive_intvl=${OMPI_MCA_oob_tcp_keepalive_intvl:-3}
    export OMPI_MCA_oob_tcp_keepalive_probes=${OMPI_MCA_oob_tcp_keepalive_probes:-3}
}

# on_each_node COMMAND...
on_each_node() {
    srun --overlap --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 "$@"
}

# remove_copy: of the dataset, on each node; only on this one if Slurm starts nothing more in the job, for it is being ended.
remove_copy() {
    if [ -n "$copy" ]; then on_each_node rm -f "$copy" || rm -f "$copy"; fi
}

# end CODE WHY: of this job.
end() {
    say "$2 (exit code $1)"
    remove_copy
    exit "$1"
}

# leave CODE WHY: the job ends, and nothing is left to do for another one: what follows in a chain is cancelled.
leave() {
    if [ -n "$CHAIN" ]; then scancel --user="$SLURM_JOB_USER" --name="$CHAIN" --state=PENDING; fi
    end "$1" "$2: the job ends here"
}

# give_up CODE WHY: the job ends, though the run could go on.
give_up() {
    local next='submit it again to go on'
    if [ -n "$CHAIN" ]; then next='the next job of the chain goes on'; fi
    end "$1" "$2: $next"
}

# fruitless_starts: how many of this job there have been, up to this one, since the last that recorded a step. A start that left no
# record of its own is known by the numbers of those that did.
fruitless_starts() {
    grep -E '"event":"(start|resume|step)"' "$RUN/metrics.jsonl" 2>/dev/null |
        awk -v job="\"slurm_job\":\"$SLURM_JOB_ID\"" -v restarts="$restarts" '
        BEGIN { fruitful = -1 }
        /"event":"step"/ { if (of_job) fruitful = number; next }
        {
            of_job = index($0, job) && match($0, /"slurm_restarts":[0-9]+/)
            number = substr($0, RSTART, RLENGTH)
            gsub(/[^0-9]/, "", number)
        }
        END { print restarts - fruitful }'
}

# again CODE WHY: has Slurm start this job again; gives up with CODE if that may not be.
again() {
    local state fruitless
    trap '' USR1 USR2 TERM # requeue ends this script
    [ -z "$CHAIN" ] || give_up "$1" "$2"
    # Cancelled, preempted or out of time: Slurm has decided what follows, and a requeue would undo even a scancel.
    state=$(scontrol -o show job "$job" | grep -o 'JobState=[A-Z]*')
    case $state in
    '' | JobState=RUNNING) ;;
    *) give_up "$1" "$2, and Slurm is ending the job itself ($state)" ;;
    esac
    fruitless=$(fruitless_starts)
    ((fruitless < 2)) || give_up "$1" "$2, and the last $fruitless starts of this job did not record a step"
    ((restarts < MAX_REQUEUES)) || give_up "$1" "$2, but started again $restarts times already (MAX_REQUEUES)"
    say "$2: to be started again ($((restarts + 1)) of at most $MAX_REQUEUES times)"
    remove_copy
    scontrol requeue "$job" || give_up "$1" 'Slurm did not requeue it'
    exit 0
}

# set_launcher RANKS: sets launcher to what starts so many ranks, on as few nodes as hold them.
set_launcher() {
    case $LAUNCHER in
    mpirun) launcher=(mpirun -n "$1" --bind-to "$BIND") ;;
    srun)
        local bind=$BIND
        if [ "$BIND" = core ]; then bind=cores; fi
        launcher=(srun --mpi=pmix --kill-on-bad-exit=1 --nodes=$((($1 + tasks - 1) / tasks)) --ntasks="$1" --cpu-bind="$bind")
        ;;
    *) leave 64 "LAUNCHER is mpirun or srun, not \"$LAUNCHER\"" ;;
    esac
}

# The launcher passes USR2 on to the ranks, which checkpoint and stop; after TERM they might be killed.
# shellcheck disable=SC2317 # called by the traps
stop() {
    asked=$1
    say "$1: stopping with a checkpoint"
    if [ -n "$launched" ]; then kill -USR2 "$launched"; fi
}

# shellcheck disable=SC2317 # called by the trap
checkpoint() {
    if [ -n "$launched" ]; then kill -USR1 "$launched"; fi
}

# launch COMMAND...: by the ranks; sets code. In the background, for bash runs a trap between two commands or when wait
# returns, which it does for one.
launch() {
    # jobs/mpirun.c says why.
    (
        trap '' PIPE
        exec "${launcher[@]}" "$@"
    ) &
    launched=$!
    while kill -0 "$launched" 2>/dev/null; do wait "$launched"; done
    wait "$launched"
    code=$?
}

# remove_ended PREFIX USER: on one node, the copies of jobs of this user that have ended. They are listed before squeue is, for a
# job that begins meanwhile may make its own.
remove_ended() {
    local copies number jobs
    copies=("$1"*.h5)
    jobs=$(squeue --noheader --user="$2" --format=%A) || return 0
    for copy in "${copies[@]}"; do
        number=${copy#"$1"}
        if [ -O "$copy" ] && ! grep -qx "${number%.h5}" <<<"$jobs"; then rm -f "$copy"; fi
    done
}

# copy_dataset [ARGUMENT]...: with LOCAL_COPY, a copy of the dataset on each node. Sets copied to the arguments by which the ranks
# take it, each after it has compared the digest of its copy with that of the original; to none if there is no room for it.
copy_dataset() {
    local file digest prefix
    [ -n "$LOCAL_COPY" ] || return 0
    prefix=$LOCAL_COPY/lockstep-$SLURM_JOB_USER-
    file=$("$LOCKSTEP" train "$CONFIG" "$@" --print-config | sed -n 's/^ *file = "\(.*\)";$/\1/p')
    digest=$(sha256sum <"$file") || leave 66 "cannot read the dataset \"$file\""
    # A job that is killed leaves its copy behind, and the next one of this user on that node removes it. Not one copy for
    # all jobs: one that ends would take it away from another whose ranks are about to open it.
    on_each_node bash -c "$(declare -f remove_ended); remove_ended \"\$@\"" bash "$prefix" "$SLURM_JOB_USER"
    copy=$prefix$SLURM_JOB_ID.h5
    if sbcast --force "$file" "$copy"; then
        copied=(--set "data.file=\"$copy\"" --set "data.sha256=\"${digest%% *}\"")
        say "copied $file to $copy on each node"
    else
        say "the dataset cannot be copied to $LOCAL_COPY on each node: the ranks read $file"
        remove_copy # part of it may fill a disk that mpirun needs
        copy=''
    fi
}

# train_run [ARGUMENT]...: all that a job does that trains RUN with these arguments of lockstep train; ends it, or has it started
# again. Never returns.
train_run() {
    local before
    asked='' launched=''
    # First of all: until then a signal kills this script, and loading modules takes its time.
    trap checkpoint USR1
    trap 'stop USR2' USR2
    trap 'stop TERM' TERM
    begin_job
    say "start $((restarts + 1)) of job $job: $ranks ranks on $SLURM_JOB_NODELIST, run $RUN"
    set_launcher "$ranks"
    "$LOCKSTEP" train "$CONFIG" --run "$RUN" "$@" --check --ranks "$ranks" || leave $? 'the check failed'
    copy_dataset "$@"
    before=$(look starts)
    code=0
    if [ -z "$asked" ]; then launch "$LOCKSTEP" train "$CONFIG" --run "$RUN" "$@" "${copied[@]}"; fi
    conclude "$before"
}

# conclude STARTS: what follows from how the start ended, before which there had been STARTS. The launcher's exit code alone
# says little, unless lockstep refused; the run directory knows what happened.
conclude() {
    local state
    case $code in
    # What the run directory says now may be of another job, which holds it.
    64 | 65 | 66 | 73 | 78) leave "$code" 'refused, for the reason above' ;;
    esac
    state=$(look state)
    if [ "$state" = finished ] && { [ "$code" = 0 ] || [ "$(look starts)" != "$1" ]; }; then
        leave 0 'finished'
    elif [ "$(look starts)" = "$1" ]; then
        # Not one step: killed on the way, or no such program.
        if [ -n "$asked" ] || ((code > 128)); then again "$code" "ended before the training began (exit code $code)"; fi
        leave "$code" 'the training did not begin'
    fi
    case $state in
    stopped) conclude_stop "$(look 'stopped by')" ;;
    killed* | running) again $((code ? code : 1)) "killed (exit code $code) after step $(look step)" ;;
    *) leave $((code ? code : 1)) "failed: $state" ;;
    esac
}

# conclude_stop WHY: as the end record has it. Who stopped the ranks themselves wanted them to stop.
conclude_stop() {
    if [ -n "$asked" ]; then
        again 75 "stopped by $asked at step $(look step)"
    elif [ "$1" = 'time limit' ]; then
        again 75 "stopped before the time limit at step $(look step)"
    fi
    give_up 75 'stopped, but not by a signal to this job'
}
