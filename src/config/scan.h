/* The look at a config's raw text before libconfig sees it. libconfig 1.5 wraps integers that do not fit (3000000000
 * becomes -1294967296), reads 1e400 as inf, takes 1 and 2L for different types, opens any file that @include names, and
 * accepts a comment that nothing closes; at a byte order mark it stops. Here numerals beyond 64 bits and those without
 * digits are found, every integer gets the suffix L, byte order marks become blanks, and the rest is refused. */
#ifndef LOCKSTEP_CONFIG_SCAN_H
#define LOCKSTEP_CONFIG_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum { SCAN_MOST_SETTINGS = 1000 }; /* libconfig's check for duplicates is quadratic */

/* The first numeral that is no int64_t or no finite double. */
typedef struct {
    size_t index;     /* among the numerals of the text, from 1; 0: all fit */
    int line;         /* from 1 */
    const char *text; /* view into the text */
    size_t length;
    bool number; /* false: it has no digits, "." */
} ScanNumeral;

/* Why a text was refused. */
typedef struct {
    int line;
    const char *text; /* a constant, NULL: it was not */
} ScanProblem;

/* The bytes that scan_text may write for a text of size bytes. */
size_t scan_room(size_t size);

/* out = text (closed by a zero byte) with every integer suffixed L, a blank for each byte order mark outside strings
 * and comments, and the same lines. False: the text is refused, and *problem says why. A numeral that does not fit
 * refuses nothing here: whoever walks libconfig's tree finds it by its index and can say which setting it belongs to.
 */
bool scan_text(const char *text, char *out, ScanNumeral *unfit, ScanProblem *problem);

#endif
