/* The link from each line of metrics.jsonl to the one before: its last member, "previous", is the XXH3-64 of the bytes
 * of that line without its newline, in 16 hex digits; zeros in the first line. So no line can be removed, added, moved
 * or altered without the next one saying so. XXH3 keeps no secret: who links all the lines that follow again is not
 * seen.
 */
#ifndef LOCKSTEP_RUNDIR_RECORD_LINK_H
#define LOCKSTEP_RUNDIR_RECORD_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a line ends with, but for the digits. */
#define RECORD_LINK_BEGIN ",\"previous\":\""
#define RECORD_LINK_END   "\"}"
enum { RECORD_LINK_DIGITS = 16, RECORD_LINK_SIZE = sizeof RECORD_LINK_BEGIN RECORD_LINK_END - 1 + RECORD_LINK_DIGITS };

/* end = the last bytes of a line, without the newline, that follows one with this digest. */
void record_link_put(uint64_t previous, char end[RECORD_LINK_SIZE]);

/* Of a line, length without the newline: its digest for the next, and what it says of the line before; false: it has no
 * link. */
uint64_t record_link_of(const char *line, size_t length);
bool record_link_get(const char *line, size_t length, uint64_t *previous);

#endif
