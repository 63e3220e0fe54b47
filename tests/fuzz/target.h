/* Fuzz targets: code that reads what others wrote, fed with bytes. A target is one file that defines the function
 * below, with the name that libFuzzer calls (LLVM, "libFuzzer: a library for coverage-guided fuzz testing"). It is
 * linked twice: with driver.c, which is built everywhere, and under the preset "fuzz" with libFuzzer.
 *
 *   config      a config, a zero byte, the operand of a --set
 *   idx         one byte that says which of the four files of an import the rest is
 *   picture     a PNG, whose CRCs are put right, or a PGM
 *   dataset     an HDF5 file, opened as dataset and listed
 *   checkpoint  a checkpoint's file, whose header's digests are put right
 *   safetensors a safetensors file
 */
#ifndef LOCKSTEP_TESTS_FUZZ_TARGET_H
#define LOCKSTEP_TESTS_FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns 0. Whatever goes wrong ends the process: a crash, a sanitizer's report, abort. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Was the last input taken and not refused? If none is, a campaign has shown nothing. */
extern bool target_accepted;

/* What has to hold for every input. Not assert: clang's fuzzers show it as a crash, and so does the driver. */
#define ALWAYS(condition)                                                                  \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

#endif
