/* SHA-256 (FIPS 180-4), for files that must prove themselves whole. */
#ifndef LOCKSTEP_BASE_SHA256_H
#define LOCKSTEP_BASE_SHA256_H

#include <stddef.h>

#include "base/status.h"

enum { SHA256_SIZE = 32, SHA256_HEX_SIZE = 2 * SHA256_SIZE + 1 };

void sha256_of(const void *bytes, size_t size, unsigned char digest[SHA256_SIZE]);

/* hex = the digest of a file's bytes, as sha256sum prints it. Fails as file_open and file_read_some; what names the
 * kind of file in the message. */
MUST_CHECK Status sha256_of_file(const char *path, const char *what, char hex[SHA256_HEX_SIZE]);

#endif
