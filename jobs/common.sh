# Sourced by the scripts of jobs/, from the project's folder: what they say, how they fail, where MNIST is. The script has set $usage and
# $name before.
# shellcheck shell=bash

say() {
    echo "${name:?}: $*" >&2
}

# fail CODE MESSAGE
fail() {
    say "$2"
    exit "$1"
}

wrong_usage() {
    say "$1"
    echo "${usage:?}" >&2
    exit 64
}

# find_mnist: sets $mnist to the folder that has MNIST's four files, plain or .gz, and $idx to the options by which "import idx"
# reads them. A folder that was asked for and has them not is no reason to take another's.
find_mnist() {
    local folder part base file folders=(data/mnist ../shared/mnist)
    if [ -n "${LOCKSTEP_MNIST_DIR:-}" ]; then folders=("$LOCKSTEP_MNIST_DIR"); fi
    for folder in "${folders[@]}"; do
        idx=()
        for part in train-images:train-images-idx3-ubyte train-labels:train-labels-idx1-ubyte \
            test-images:t10k-images-idx3-ubyte test-labels:t10k-labels-idx1-ubyte; do
            base=$folder/${part#*:}
            for file in "$base.gz" "$base"; do
                if [ -r "$file" ]; then
                    idx+=("--${part%%:*}" "$file")
                    break
                fi
            done
        done
        # shellcheck disable=SC2034 # used where this is sourced
        mnist=$folder
        if [ ${#idx[@]} -eq 8 ]; then return 0; fi
    done
    [ -z "${LOCKSTEP_MNIST_DIR:-}" ] ||
        fail 66 "LOCKSTEP_MNIST_DIR=$LOCKSTEP_MNIST_DIR has not all four files of MNIST: data/fetch_mnist.sh gets them"
    return 1
}
