# Sourced: what of a run's records is part of its result.
# shellcheck shell=bash

# results RUN: its steps and epochs, without times and links; of what was done twice the last record, in the order of steps.
results() {
    sed -nE '/"event":"(step|epoch)"/ { s/,"(samples_per_second|seconds|previous)(_hex)?":[^,}]*//g; s/,"[a-z]*_microseconds":\[[^]]*]//g; p }' "$1/metrics.jsonl" |
        awk 'match($0, /"event":"[a-z]*"/) { kind = substr($0, RSTART, RLENGTH) }
             match($0, /"step":[0-9]+/) { record[kind substr($0, RSTART, RLENGTH)] = $0 }
             END { for (key in record) print record[key] }' | sort
}
