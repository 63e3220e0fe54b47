/* For a library in a program that may use HDF5 itself. What this folder needs of HDF5 counts for the whole process: no
 * printing of errors, no plugins. Between the two calls it is so; then as the program had it. To be called before any
 * file is opened, by one thread at a time. */
#ifndef LOCKSTEP_HDF5_GUEST_H
#define LOCKSTEP_HDF5_GUEST_H

#include "base/status.h"

typedef struct {
    int (*print)(long estack, void *context); /* H5E_auto2_t */
    void *context;                            /* of print; the program's */
    unsigned plugins;                         /* kinds that may be loaded */
} H5Guest;

/* STATUS_INTERNAL: there is no memory for HDF5; then there is nothing to end. */
MUST_CHECK Status h5guest_begin(H5Guest *guest);
void h5guest_end(const H5Guest *guest);

#endif
