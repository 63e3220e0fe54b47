#!/usr/bin/env bash
# What a browser makes of reports, wide and narrow, light and dark, and on paper. Needs Debian's chromium and poppler-utils.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=jobs/pictures/browser.sh
. "$tests/../jobs/pictures/browser.sh"
for program in chromium pdftotext; do
    command -v "$program" >/dev/null && continue
    echo "$program is not here"
    exit 77
done

# looked PAGE WIDTH SCHEME: what report_look.js finds, run in a copy of the page, which is in a frame because no window is narrow
# enough. SCHEME: 0 dark, 1 light.
looked() {
    local copy=$work/copy.html frame=$work/frame.html dom
    sed '/<\/body>/d; /<\/html>/d' "$1" >"$copy"
    { echo '<script>' && cat "$tests/jobs/report_look.js" && echo '</script></body></html>'; } >>"$copy"
    cat >"$frame" <<HTML
<!DOCTYPE html><html style="color-scheme: light dark">
<script>onmessage = message => document.documentElement.dataset.found = message.data</script>
<iframe src="copy.html" style="width: $2px; height: 900px; border: 0"></iframe></html>
HTML
    dom=$(browse --dump-dom --window-size="1200,1000" --blink-settings=preferredColorScheme="$3" "file://$frame") || true
    sed -n 's/.*<html [^>]*data-found="\([^"]*\)".*/\1/p' <<<"$dom"
}

# printed PAGE HEIGHT: as $work/paper.pdf and its text, on sheets of so many millimetres.
printed() {
    sed "s|</head>|<style>@page{size:210mm $2mm}</style>&|" "$1" >"$work/copy.html"
    browse --no-pdf-header-footer --print-to-pdf="$work/paper.pdf" "file://$work/copy.html"
    pdftotext -layout "$work/paper.pdf" "$work/paper.txt"
}

# alone PAGE: the headings of the page that end a sheet of $work/paper.txt, apart from what they are about.
alone() {
    sed -nE 's/.*<(h2|figcaption|caption)>([^<]*)<.*/\2/p' "$1" >"$work/headings"
    awk 'BEGIN { RS = "\f" } { sub(/[ \n]+$/, ""); sub(/.*\n/, ""); sub(/^ +/, ""); print }' "$work/paper.txt" | grep -Fxf "$work/headings"
}

# looks_well WHAT PAGE
looks_well() {
    local width scheme found
    for width in 1100 500 400; do
        for scheme in 0 1; do
            found=$(looked "$2" "$width" "$scheme")
            check "$1, $width pixels wide, scheme $scheme: ${found:-the browser said nothing}" [ "$found" = "scheme $scheme: nothing" ]
        done
    done
    printed "$2" 297
    pages=$(grep -ac '/Type /Page$' "$work/paper.pdf") || true
    check "$1: $pages pages of paper" [ "$pages" -ge 1 ]
    check "$1: not more than 12 pages of paper" [ "$pages" -le 12 ]
    check "$1: no heading at the end of a sheet" [ -z "$(alone "$2")" ]
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
# As many classes as letters.
mkdir "$work/letters"
matrix=$(awk 'BEGIN { for (i = 0; i < 26; i++) for (j = 0; j < 26; j++)
    printf "%s%d%s", j ? "," : i ? ",[" : "[[", i == j ? 1100 + i : i * j % 60, j < 25 ? "" : i < 25 ? "]" : "]]" }')
sed "s/\"confusion\":\[\[.*\]\]/\"confusion\":$matrix/" "$work/run/metrics.jsonl" >"$work/letters/metrics.jsonl"
start 0 report "$work/letters"
looks_well '26 classes' "$work/letters/report.html"
check '26 classes: the matrix is whole on paper' grep -Eq '^ *0 +1 +2 .* 24 +25 +all$' "$work/paper.txt"
for height in 280 265 250 235 220; do
    printed "$work/letters/report.html" "$height"
    check "26 classes: no heading at the end of a sheet of $height mm" [ -z "$(alone "$work/letters/report.html")" ]
done
mkdir "$work/begun"
head -n 1 "$work/run/metrics.jsonl" >"$work/begun/metrics.jsonl"
start 0 report "$work/begun"
looks_well 'a run that has begun' "$work/begun/report.html"
finish
