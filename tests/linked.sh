# Sourced after program.sh by tests that get alter_records as their third argument.
# shellcheck shell=bash disable=SC2154

alter=$3

# linked RUN: all records of the run are linked to those before, as they are now, so that only what they say is left.
linked() {
    "$alter" link <"$1/metrics.jsonl" >"$work/linked"
    mv "$work/linked" "$1/metrics.jsonl"
}
