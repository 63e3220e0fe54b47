#!/usr/bin/env bash
# What a browser makes of reports, wide and narrow, light and dark, and on paper. Needs Debian's chromium.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=jobs/pictures/browser.sh
. "$tests/../jobs/pictures/browser.sh"
if ! command -v chromium >/dev/null; then
    echo 'chromium is not here'
    exit 77
fi

# looked PAGE WIDTH SCHEME: report_look.js, run in a copy of the page, finds nothing wrong. SCHEME: 0 dark, 1 light.
looked() {
    local copy=$work/copy.html dom
    sed '/<\/body>/d; /<\/html>/d' "$1" >"$copy"
    { echo '<script>' && cat "$tests/jobs/report_look.js" && echo '</script></body></html>'; } >>"$copy"
    dom=$(browse --dump-dom --window-size="$2,900" --blink-settings=preferredColorScheme="$3" "file://$copy") || true
    sed -n 's/.*<html [^>]*data-found="\([^"]*\)".*/\1/p' <<<"$dom"
}

# looks_well WHAT PAGE
looks_well() {
    local width scheme found
    for width in 1100 500; do
        for scheme in 0 1; do
            found=$(looked "$2" "$width" "$scheme")
            check "$1, $width pixels wide, scheme $scheme: ${found:-the browser said nothing}" [ "$found" = "scheme $scheme: nothing" ]
        done
    done
    browse --no-pdf-header-footer --print-to-pdf="$work/paper.pdf" "file://$2"
    pages=$(grep -ac '/Type /Page$' "$work/paper.pdf") || true
    check "$1: $pages pages of paper" [ "$pages" -ge 1 ]
    check "$1: not more than 12 pages of paper" [ "$pages" -le 12 ]
}

"$lockstep" import synth -o "$work/digits.h5" --train 2000 --test 500 >/dev/null 2>&1
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/digits.h5" }
model: { hidden = [30] }
training: { epochs = 6, batch_size = 20 }
optimizer: { learning_rate = 0.1 }
TEXT
LOCKSTEP_FAULT=raise-kill-compute:1:370 launch 2 train "$work/config.cfg" --run "$work/run" --quiet --set log.seconds=0.001
start 3 train "$work/config.cfg" --run "$work/run" --quiet
check 'trains' [ "$code" = 0 ]
others=()
for rate in 0.05 0.02 0.01 0.003; do
    start 0 train "$work/config.cfg" --run "$work/a-long-name-of-a-run-$rate" --quiet --set optimizer.learning_rate=$rate
    others+=("$work/a-long-name-of-a-run-$rate")
done
start 0 report "$work/run"
looks_well 'a run' "$work/run/report.html"
start 0 report "$work/run" "${others[@]}" -o "$work/comparison.html"
looks_well 'a comparison' "$work/comparison.html"
mkdir "$work/begun"
head -n 1 "$work/run/metrics.jsonl" >"$work/begun/metrics.jsonl"
start 0 report "$work/begun"
looks_well 'a run that has begun' "$work/begun/report.html"
finish
