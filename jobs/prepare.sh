# Sourced after common.sh by what takes a fresh clone all the way: the packages, the program, a dataset; and how long each takes.
# shellcheck shell=bash disable=SC2034,SC2154 # what is set here is used where this is sourced; find_mnist sets idx

# shellcheck source=jobs/environment.sh
. jobs/environment.sh

microseconds() {
    echo "${EPOCHREALTIME/[^0-9]/}"
}
step_started=$(microseconds)

# seconds SINCE
seconds() {
    local tenths=$((($(microseconds) - $1) / 100000))
    echo "$((tenths / 10)).$((tenths % 10)) s"
}

step() {
    step_started=$(microseconds)
    echo "== $*"
}

done_with() {
    echo "$* ($(seconds "$step_started"))"
}

# take_program: installs and builds what is missing; sets $lockstep.
take_program() {
    local log=build/release.log
    step 'packages'
    jobs/install.sh
    done_with 'all that is needed is installed'
    step 'build'
    mkdir -p build
    if ! { cmake --preset release && cmake --build --preset release -j "$(nproc)" --target lockstep; } >"$log" 2>&1; then
        cat "$log"
        fail 1 "the build failed (above; $log)"
    fi
    lockstep=build/release/lockstep
    done_with "$lockstep"
}

# take_dataset: makes data/mnist.h5 or data/synth.h5 if it is not there; sets $dataset to mnist or synth.
take_dataset() {
    local said
    dataset=mnist
    step 'data'
    if [ -e data/mnist.h5 ]; then
        said='data/mnist.h5 is there'
    elif find_mnist; then
        echo "real MNIST from ${mnist:?}"
        said=$($lockstep import idx "${idx[@]}" -o data/mnist.h5)
    else
        dataset=synth
        echo 'real MNIST is not here: drawn digits instead'
        if [ -e data/synth.h5 ]; then
            said='data/synth.h5 is there'
        else
            said=$($lockstep import synth -o data/synth.h5)
        fi
    fi
    done_with "$said"
}

# setting NAME CONFIG: its value there, or by default; a number.
setting() {
    "$lockstep" train "$2" --print-config | sed -n "s/.*\<$1 *= *\([0-9]*\).*/\1/p"
}
