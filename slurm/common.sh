# Sourced by the batch scripts of this folder, and not run: what they share. A script sets $name, CONFIG and, for one run, RUN,
# and finds this file by LOCKSTEP_PROJECT, for sbatch runs a copy of the script from a folder of its own.
#
# From the environment, or set before this file is sourced; README.md says when to change which:
#   LOCKSTEP      the program (default: build/release/lockstep of the project, if it is there, else the one in PATH)
#   LAUNCHER      mpirun (default) or srun
#   BIND          core (default) or none: each rank on a core of its own, or wherever there is room
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
: "${LAUNCHER:=mpirun}" "${BIND:=core}" "${MODULES:=}" "${LOCAL_COPY:=}"
: "${MAX_REQUEUES:=10}" "${CHAIN:=}"

say() {
    echo "$name: $(date '+%F %T'): $*"
}

# look WHAT: a line of what the run directory RUN says; nothing if there is no run yet.
look() {
    "$LOCKSTEP" status "$RUN" 2>/dev/null | sed -n "s/^$1  *//p"
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
    [[ $BIND =~ ^(core|none)$ ]] || leave 64 "BIND is core or none, not \"$BIND\""
    [[ $MAX_REQUEUES =~ ^[0-9]+$ ]] || leave 64 "MAX_REQUEUES is a number, not \"$MAX_REQUEUES\""
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

# end CODE WHY: of this job.
end() {
    say "$2 (exit code $1)"
    if [ -n "$copy" ]; then on_each_node rm -f "$copy"; fi
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

# again CODE WHY: has Slurm start this job again; gives up with CODE if that may not be.
again() {
    local state
    trap '' USR1 USR2 TERM # requeue ends this script
    [ -z "$CHAIN" ] || give_up "$1" "$2"
    # Cancelled, preempted or out of time: Slurm has decided what follows, and a requeue would undo even a scancel.
    state=$(scontrol -o show job "$job" | grep -o 'JobState=[A-Z]*')
    case $state in
    '' | JobState=RUNNING) ;;
    *) give_up "$1" "$2, and Slurm is ending the job itself ($state)" ;;
    esac
    ((restarts < MAX_REQUEUES)) || give_up "$1" "$2, but started again $restarts times already (MAX_REQUEUES)"
    say "$2: to be started again ($((restarts + 1)) of at most $MAX_REQUEUES times)"
    if [ -n "$copy" ]; then on_each_node rm -f "$copy"; fi
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
    "${launcher[@]}" "$@" &
    launched=$!
    while kill -0 "$launched" 2>/dev/null; do wait "$launched"; done
    wait "$launched"
    code=$?
}

# copy_dataset [ARGUMENT]...: with LOCAL_COPY, a copy of the dataset on each node. Sets copied to the arguments by which the ranks
# take it, each after it has compared the digest of its copy with that of the original; to none if there is no room for it.
copy_dataset() {
    local file digest
    [ -n "$LOCAL_COPY" ] || return 0
    file=$("$LOCKSTEP" train "$CONFIG" "$@" --print-config | sed -n 's/^ *file = "\(.*\)";$/\1/p')
    digest=$(sha256sum <"$file") || leave 66 "cannot read the dataset \"$file\""
    copy=$LOCAL_COPY/lockstep-$job.h5
    if sbcast --force "$file" "$copy"; then
        copied=(--set "data.file=\"$copy\"" --set "data.sha256=\"${digest%% *}\"")
        say "copied $file to $copy on each node"
    else
        say "the dataset cannot be copied to $LOCAL_COPY on each node: the ranks read $file"
        on_each_node rm -f "$copy" # part of it may fill a disk that mpirun needs
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
