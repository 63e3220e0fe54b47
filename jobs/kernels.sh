# Sourced: the kernel sets, and those that this processor runs. LOCKSTEP_ISA chooses one of them.
# shellcheck shell=bash

# shellcheck disable=SC2034 # used where this is sourced
every_kernel_set='amx avx512 avx2 neon portable'

# kernel_sets PROGRAM CONFIG: their names, separated by blanks, the fastest first. A program that is asked for one that is none
# names them.
kernel_sets() {
    LOCKSTEP_ISA=none "$1" train "$2" 2>&1 | sed -n 's/.*runs the kernel sets //p' | tr -d ,
}
