/* CRC-32C, Castagnoli's check sum: RFC 3720, sections 12.1 and B.4. */
#ifndef LOCKSTEP_BASE_CRC32C_H
#define LOCKSTEP_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *bytes, size_t size);

#endif
