#include "rundir/record_link.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"

enum { BEGIN = sizeof RECORD_LINK_BEGIN - 1, END = sizeof RECORD_LINK_END - 1 };

void record_link_put(uint64_t previous, char end[RECORD_LINK_SIZE])
{
    memcpy(end, RECORD_LINK_BEGIN, BEGIN);
    text_hex(previous, end + BEGIN);
    memcpy(end + BEGIN + RECORD_LINK_DIGITS, RECORD_LINK_END, END);
}

uint64_t record_link_of(const char *line, size_t length)
{
    return digest_short(line, length);
}

bool record_link_get(const char *line, size_t length, uint64_t *previous)
{
    char link[RECORD_LINK_SIZE], digits[RECORD_LINK_DIGITS + 1] = {0};
    if (length < RECORD_LINK_SIZE) return false;
    const char *end = line + length - RECORD_LINK_SIZE;
    memcpy(digits, end + BEGIN, RECORD_LINK_DIGITS);
    if (sscanf(digits, "%16" SCNx64, previous) != 1) return false;
    record_link_put(*previous, link);
    return memcmp(link, end, RECORD_LINK_SIZE) == 0;
}
