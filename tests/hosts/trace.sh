#!/usr/bin/env bash
# The timeline of ranks on hosts whose monotonic clocks are 1000 s apart: nobody left a reduction before the last had come, within the
# error that the file tells.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
if ! unshare --time --fork --monotonic 1000 true 2>/dev/null; then
    echo 'skipped: no time namespaces here'
    exit 77
fi
# shellcheck source=tests/hosts/kit.sh
. "$tests/hosts/kit.sh"

"$lockstep" import synth --train 1001 --test 200 -o "$work/digits.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/digits.h5" }
model: { hidden = [70] }
training: { epochs = 2, batch_size = 32 }
log: { trace = true }
TEXT
# A host's clock begins when it does.
cat >"$work/late" <<TEXT
#!/usr/bin/env bash
[ "\$(uname -n)" = h1 ] || exec unshare --time --fork --monotonic 1000 "$lockstep" "\$@"
exec "$lockstep" "\$@"
TEXT
chmod +x "$work/late"

lockstep=$work/late launch_on h1:1,h2:2,h3:1 train "$work/config.cfg" --run "$work/run" --quiet
hear hosts
check 'trains' [ "$code" = 0 ]
said=0
python3 "$tests/jobs/trace.py" "$work/run/trace.json" 4 1 64 >"$work/said" 2>&1 || said=1
check "the timeline: $(tail -n 1 "$work/said")" [ "$said" = 0 ]
check 'its error is a link, not a second' [ "$(bc <<<"0 < $(tail -n 1 "$work/said") && $(tail -n 1 "$work/said") < 100000")" = 1 ]
check 'three hosts' [ "$(grep -o '"host h[123]"' "$work/run/trace.json" | sort -u | wc -l)" = 3 ]
finish
