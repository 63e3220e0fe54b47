# Sourced after program.sh, which sets the variables: trainings that should be one and the same, compared. The config is
# $work/config.cfg.
# shellcheck shell=bash disable=SC2154

# What of a run's records depends on neither ranks nor time. The link to the line before depends on the start's.
results() {
    sed -nE '/"event":"(step|epoch|end)"/ { s/"(samples_per_second|seconds|previous)(_hex)?":[^,}]*//g; s/,"[a-z]*_microseconds":\[[^]]*]//g; p }' "$1/metrics.jsonl"
}

is_last_line() {
    [[ $1 =~ ^digest=[0-9a-f]{32}\ accuracy=(0|1)\.[0-9]{6}$ ]]
}

# trained NAME RANKS: this run went well and said the one line that it should.
trained() {
    check "$1 on $2 ranks: exit code" [ "$code" = 0 ]
    check "$1 on $2 ranks: quiet" [ ! -s "$err" ]
    check "$1 on $2 ranks: the last line, alone on stdout" is_last_line "$(<"$out")"
    check "$1 on $2 ranks: records" [ -e "$work/$1.$2/metrics.jsonl" ]
    results "$work/$1.$2" >"$work/$1.$2/results" || true
}

# alike WHAT RUN RUN: two run directories tell of the same training.
alike() {
    check "$1: results" same "$2/results" "$3/results"
    check "$1: predictions" same "$2/predictions.csv" "$3/predictions.csv"
}

# equal WHAT RUN RUN: and had the same config.
equal() {
    alike "$@"
    check "$1: config" same "$2/config.cfg" "$3/config.cfg"
}

# family NAME "RANKS..." ARGUMENT...: trainings that differ in the number of ranks alone; the lines that they print are
# left in $line.
family() {
    local name=$1 ranks first=
    start_each "$2" train "$work/config.cfg" --quiet --run "$work/$name.\$RANKS" "${@:3}"
    for ranks in $2; do
        hear "$ranks"
        trained "$name" "$ranks"
        if [ -z "$first" ]; then
            first=$ranks
            line=$(<"$out")
        else
            check "$name on $ranks ranks: digest and accuracy" [ "$(<"$out")" = "$line" ]
            equal "$name on $ranks and $first ranks" "$work/$name.$ranks" "$work/$name.$first"
        fi
    done
}
