/* SHA-256 (FIPS 180-4), for files that must prove themselves whole. */
#ifndef LOCKSTEP_BASE_SHA256_H
#define LOCKSTEP_BASE_SHA256_H

#include <stddef.h>

enum { SHA256_SIZE = 32 };

void sha256_of(const void *bytes, size_t size, unsigned char digest[SHA256_SIZE]);

#endif
