/* What the targets that read HDF5 share: its newer metadata carry checksums, behind which mutations alone would not
 * get; and what ends libhdf5 in a process apart is survived, and told. */
#ifndef LOCKSTEP_TESTS_FUZZ_HDF5_TARGET_H
#define LOCKSTEP_TESTS_FUZZ_HDF5_TARGET_H

#include <string.h>

#include "base/apart.h"
#include "target.h"

/* libhdf5's own; no header of it declares this one. */
uint32_t H5_checksum_metadata(const void *bytes, size_t size, uint32_t initial);

static inline void hdf5_put_checksum(uint8_t *bytes, size_t length)
{
    const uint32_t sum = H5_checksum_metadata(bytes, length, 0);
    memcpy(bytes + length, &sum, sizeof sum);
}

/* The bytes of a version 2 object header before its checksum (HDF5 File Format Specification 3.0, IV.A.1.b), or more
 * than room. */
static inline size_t hdf5_header_length(const uint8_t *bytes, size_t room)
{
    enum { AT_FLAGS = 5, TIMES = 16, PHASES = 4 };
    if (room < 32) return room + 1;
    const uint8_t flags = bytes[AT_FLAGS];
    const size_t width = (size_t)1 << (flags & 3);
    size_t length = AT_FLAGS + 1 + (flags & 0x20 ? (size_t)TIMES : 0) + (flags & 0x10 ? (size_t)PHASES : 0);
    uint64_t chunk = 0;
    if (length + width > room) return room + 1;
    memcpy(&chunk, bytes + length, width);
    return chunk > room ? room + 1 : length + width + (size_t)chunk;
}

/* Puts right the checksums of a superblock of version 2 or 3 (II.C) and of object headers. */
static inline void hdf5_put_checksums(uint8_t *bytes, size_t size)
{
    enum { SUPERBLOCK = 44, SUM = 4 };
    for (size_t i = 0; i + SUPERBLOCK + SUM <= size; i++) {
        if (memcmp(bytes + i, "\x89HDF\r\n\x1a\n", 8) == 0 && bytes[i + 8] >= 2)
            hdf5_put_checksum(bytes + i, SUPERBLOCK);
        if (memcmp(bytes + i, "OHDR", 4) == 0) {
            const size_t length = hdf5_header_length(bytes + i, size - i - SUM);
            if (length <= size - i - SUM) hdf5_put_checksum(bytes + i, length);
        }
    }
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
void __asan_set_error_report_callback(void (*callback)(const char *report));

/* What libhdf5 itself does wrong, by a function of memory that AddressSanitizer looks at, ends the process that reads
 * apart by a signal, as an access that the processor refuses does; what our code does wrong there stays a finding. */
static inline void hdf5_look_at_report(const char *report)
{
    const char *caller = strstr(report, "#1 "), *end = caller ? strchr(caller, '\n') : NULL;
    if (end && memmem(caller, (size_t)(end - caller), "libhdf5", strlen("libhdf5"))) abort();
}
#define HDF5_LOOK_AT_REPORTS __asan_set_error_report_callback(hdf5_look_at_report)
#endif
#endif
#ifndef HDF5_LOOK_AT_REPORTS
#define HDF5_LOOK_AT_REPORTS (void)0
#endif

/* Runs work(context) apart, as the program does: it succeeds, or the file is refused as bad data with a message. */
static inline Status hdf5_apart(Status (*work)(void *), void *context)
{
    enum { PATIENCE_SECONDS = 2 };
    HDF5_LOOK_AT_REPORTS;
    status_clear();
    const Status st = apart_run(work, context, PATIENCE_SECONDS, "fuzz");
    ALWAYS(st == STATUS_OK || (st == STATUS_DATA && *status_message()));
    if (strstr(status_message(), "ended by a signal")) fprintf(stderr, "survived: %s\n", status_message());
    return st;
}

#endif
