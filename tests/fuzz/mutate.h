/* Mutations of byte strings, for the driver: a pure function of the inputs and the number of the mutation, so that a
 * finding can be made again. */
#ifndef LOCKSTEP_TESTS_FUZZ_MUTATE_H
#define LOCKSTEP_TESTS_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *bytes; /* (size); owned by who made it */
    size_t size;
} Input;

/* Writes mutation number `which` of one of the inputs (count >= 1) to out, which has room for `room` bytes; returns its
 * size. One to eight changes: bits, bytes, words set to borderline values or to another word of the input, ranges that
 * are copied, taken from another input, cleared, removed, repeated; the end cut off. */
size_t mutate(const Input *inputs, size_t count, uint64_t which, uint8_t *out, size_t room);

#endif
