#!/usr/bin/env bash
# lockstep doctor over three hosts: one that is off, one with another program, another dataset or another kernel set, and bridges that
# lead nowhere, are each named.
set -euo pipefail
# shellcheck source=tests/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
# shellcheck source=tests/environment.sh
. "$tests/environment.sh"
# shellcheck source=tests/findings.sh
. "$tests/findings.sh"
# shellcheck source=tests/hosts/kit.sh
. "$tests/hosts/kit.sh"
hide_slurm

"$lockstep" import synth --train 301 --test 50 -o "$work/digits.h5" >/dev/null
"$lockstep" import synth --train 301 --test 50 --seed 7 -o "$work/others.h5" >/dev/null
cat >"$work/config.cfg" <<TEXT
data: { file = "$work/digits.h5" }
model: { hidden = [20] }
training: { epochs = 1, batch_size = 10 }
optimizer: { learning_rate = 0.05 }
TEXT
printf 'h%d slots=1\n' 1 2 3 >"$work/hostfile"
# What reaches a host, one of which may have a variable set.
cat >"$work/agent" <<TEXT
#!/usr/bin/env bash
exec "$hosts" agent "$site" "\$1" "\$(cat "$work/variable.\$1" 2>/dev/null || true)" "\${@:2}"
TEXT
chmod +x "$work/agent"
export OMPI_MCA_plm_rsh_agent=$work/agent
unset OMPI_MCA_btl_vader_backing_directory OMPI_MCA_osc_sm_backing_directory

# doctor, from the login host. $patience: more than a busy machine takes to start three ranks.
patience=60
examine() {
    local ended=0
    echo "doctor on three hosts" >"$work/started.hosts"
    "$hosts" exec "$site" h0 timeout -k 5 100 "$lockstep" doctor "$work/config.cfg" --hostfile "$work/hostfile" --run "$work/run" \
        --patience "$patience" </dev/null >"$work/out.hosts" 2>"$work/err.hosts" || ended=$?
    echo "$ended" >"$work/code.hosts"
    hear hosts
}
on() {
    "$hosts" exec "$site" "$@"
}

examine
healthy 'three hosts'
finds OK hosts '3 hosts, all answer'
finds OK network 'all hosts are in 10.77.0.0/24, and in no other network'
finds OK launch '3 ranks started, every one sees 3'
finds OK program 'the same on all hosts'

cp "$lockstep" "$work/other"
echo >>"$work/other"
on h2 mount --bind "$work/other" "$lockstep"
on h2 mount --bind "$work/others.h5" "$work/digits.h5"
echo 'export LOCKSTEP_ISA=portable;' | tee "$work/variable.h2" >"$work/variable.h3"
examine
ill 'another program, another dataset, another kernel set'
finds PROBLEM program "on h1,|on h2"
finds PROBLEM dataset '301 training and 50 test images|on h1,|on h2'
if "$lockstep" doctor --facts | grep -qx 'kernels portable'; then
    finds OK processor 'portable'
else
    finds WARNING processor 'portable on h2'
    finds WARNING processor 'portable on h3'
fi
check 'problems are those of program and dataset' grep -q '^2 problems,' "$out"
on h2 umount "$lockstep"
on h2 umount "$work/digits.h5"
rm "$work"/variable.*

for host in h1 h2 h3; do
    on "$host" ip link add docker0 type bridge
    on "$host" ip address add 172.17.0.1/16 dev docker0
    on "$host" ip link set docker0 up
done
patience=10
examine # ranks may hang, or not
finds WARNING network 'all hosts are in 10.77.0.0/24|docker0 172.17.0.1 on h2'
check 'bridges: what to do' grep -q 'export OMPI_MCA_oob_tcp_if_include=10.77.0.0/24 OMPI_MCA_btl_tcp_if_include=10.77.0.0/24' "$out"
export OMPI_MCA_oob_tcp_if_include=10.77.0.0/24 OMPI_MCA_btl_tcp_if_include=10.77.0.0/24
"$hosts" poweroff "$site" h3
examine # waits for h3 in vain
ill 'a host is off'
finds PROBLEM hosts 'host h3 does not answer'
finds OK network 'OMPI_MCA'
finds OK launch '2 ranks started, every one sees 2'
check 'the network is named: the host that is off is all' grep -qx '1 problem, 0 warnings' "$out"
nothing_left doctor
finish
