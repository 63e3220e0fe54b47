#!/usr/bin/env bash
# Does cppcheck find anything in src/ and jobs/ that tests/cppcheck.known does not name?
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# KERNEL_ISA_PORTABLE: one set of the kernels; the others are the same sources. -j 2: of several jobs none looks across
# files, where it cannot tell what fails from what is a success.
cppcheck --quiet --enable=warning,performance,portability --std=c11 -D__x86_64__=1 -D_GNU_SOURCE=1 \
    -DKERNEL_ISA_PORTABLE=1 -DKERNEL_SET_NAME=portable -I src -I include -I jobs -j 2 \
    --suppressions-list=tests/cppcheck.known --error-exitcode=1 --template='{file}:{line}: {message} [{id}]' src jobs
