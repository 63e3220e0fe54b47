#!/usr/bin/env bash
# lockstep launch on one host: what it refuses, what another start would meet again and is not tried again, and the words and
# directories that mpirun is given.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/environment.sh
. "$tests/environment.sh"
# shellcheck source=tests/jobs/launch_kit.sh
. "$tests/jobs/launch_kit.sh"

# once WHAT CODE WORDS [OPTION]...: ends with this code and one message, after one start at most.
once() {
    begin "$1" "${@:4}"
    conclude
    fails "$1" "$2" "$3"
    check "$1: not started again" [ "$(starts)" -le 1 ]
    check "$1: nothing is left" nothing_left
}
once bad-config 78 'training.epoch ' --quiet --set training.epoch=3
once bad-ranks 78 '--ranks 3|training.shards' --quiet --set training.shards=2
once bad-resume 64 '--resume old' --quiet --resume old
once no-data 66 'nowhere.h5' --quiet --set "data.file=$work/nowhere.h5"
once diverged 1 'diverged' --quiet --set optimizer.learning_rate=1e6 --set optimizer.weight_decay=1e6
once no-hostfile 66 'nowhere' --quiet --hostfile "$work/nowhere"
echo 'localhost slots=two' >"$work/hostfile"
once bad-hostfile 65 "hostfile:1:|slots=N" --quiet --hostfile "$work/hostfile"
for wrong in 'localhost slots=2 max_slots=1' 'localhost slots=2 cores=2' 'localhost max_slots=many'; do
    printf '# two\n%s\n' "$wrong" >"$work/hostfile"
    once bad-hostfile 65 "hostfile:2:|slots=N max_slots=M" --quiet --hostfile "$work/hostfile"
done
for wrong in localhost:2 localhost,x -x $'\xef\xbb\xbflocalhost'; do
    echo "$wrong slots=2" >"$work/hostfile"
    once bad-name 65 "hostfile:1:|is no host name|slots=N" --quiet --hostfile "$work/hostfile"
done

# A stand-in for mpirun: a host that falls silent will be noticed, and when is the user's to say.
mkdir "$work/bin"
cat >"$work/bin/mpirun" <<TEXT
#!/bin/sh
echo "\$@" >"$work/words"
cat /proc/self/status >"$work/status"
stat -c %a /dev/shm/lockstep-$(id -u)-\$PPID-* /tmp/lockstep-$(id -u)-\$PPID-* >"$work/modes"
exit 64
TEXT
chmod +x "$work/bin/mpirun"
PATH=$work/bin:$PATH begin words --quiet
conclude
check 'mpirun: it does not end by a closed pipe' in_set SigIgn PIPE "$work/status"
(trap '' PIPE && mpirun -n 1 cat /proc/self/status >"$work/status")
check 'ranks: they may' [ "$(in_set SigIgn PIPE "$work/status" || echo not ignored)" = 'not ignored' ]
for parameter in time intvl probes; do
    check "keepalives: $parameter" grep -Eq -- "--mca oob_tcp_keepalive_$parameter [1-9]" "$work/words"
done
check 'directories: nobody else enters' [ "$(uniq -c "$work/modes" | xargs)" = '2 700' ]
check 'directories: nobody guesses' grep -Eq "/dev/shm/lockstep-$(id -u)-$launcher-[0-9a-f]{32} " "$work/words"
OMPI_MCA_oob_tcp_keepalive_time=5 PATH=$work/bin:$PATH begin words --quiet
conclude
check 'keepalives: the user has the last word' [ "$(grep -o 'oob_tcp_keepalive_[a-z]*' "$work/words" | tr '\n' ' ')" = 'oob_tcp_keepalive_intvl oob_tcp_keepalive_probes ' ]

check 'start: the hosts are not told of a variable that is not set' [ "$(grep -c LOCKSTEP_START_SECONDS "$work/words")" = 0 ]
LOCKSTEP_START_SECONDS=600 PATH=$work/bin:$PATH begin words --quiet
conclude
check 'start: its limit is told to all hosts' grep -q -- ' -x LOCKSTEP_START_SECONDS ' "$work/words"
LOCKSTEP_START_SECONDS=soon begin words --quiet
conclude
fails 'start: a limit that is none' 64 'LOCKSTEP_START_SECONDS="soon"'
echo 'localhost slots=2 max_slots=4' >"$work/hostfile"
PATH=$work/bin:$PATH begin words --hostfile "$work/hostfile"
conclude
check 'max_slots: no more ranks than slots' grep -q -- ' -n 2 ' "$work/words"
check 'max_slots: told' grep -q '^lockstep: warning: --ranks 3: .* max_slots, .*, 2$' "$err"

# mpirun fails before the ranks have trained, as with a full /dev/shm. Between its starts launch can be suspended too.
mkdir "$work/early"
printf '#!/bin/sh\nexit 17\n' >"$work/early/mpirun"
chmod +x "$work/early/mpirun"
PATH=$work/early:$PATH begin early --restarts 1
until_true grep -q 'restart 1 of at most 1' "$work/err.launch"
kill -TSTP "$launcher"
until_holds 'failed early, suspended: it stands still' all_stand_still
kill -CONT "$launcher"
conclude
check 'failed early: exit code 70' [ "$code" = 70 ]
check 'failed early: told' says 'mpirun failed (exit code 17), 2 times in a row'
check 'failed early: who knows more is named' [ "$(grep -c 'training had not begun: "lockstep doctor" .* full /dev/shm$' "$err")" = 2 ]

# A link that somebody has put where a directory is to be made.
mkdir "$work/links" "$work/elsewhere"
cat >"$work/links/mkdir" <<TEXT
#!/bin/sh
for last; do :; done
ln -s "$work/elsewhere" "\$last"
exec '$(command -v mkdir)' "\$@"
TEXT
chmod +x "$work/links/mkdir"
mkdir -p "$work/linked"
PATH=$work/links:$work/bin:$PATH "$lockstep" launch "$work/config.cfg" -n 3 --run "$work/linked" >"$work/out.launch" 2>"$work/err.launch" &
launcher=$! run=$work/linked started='launch among links'
conclude
check 'a link in place of a directory: exit code 70' [ "$code" = 70 ]
check 'a link in place of a directory: told' grep -q 'lets no directory be made in /dev/shm or /tmp: it is left out' "$err"
check 'a link in place of a directory: nothing is left' nothing_left

# Without what starts mpirun.
mkdir "$work/few"
for tool in sh env mkdir rm grep sort wc nproc lscpu; do ln -s "$(command -v "$tool")" "$work/few/$tool"; done
PATH=$work/few begin no-setpriv --quiet
conclude
fails 'no setpriv' 70 'cannot start "setpriv"'

finish
