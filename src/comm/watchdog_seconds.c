/* The watchdog's limit for the start, which who starts the ranks must know too, with MPI or without. */
#include <stdlib.h>

#include "comm/watchdog.h"

Status watchdog_start_seconds(double *seconds)
{
    const char *text = getenv(WATCHDOG_START_VARIABLE);
    *seconds = WATCHDOG_START_SECONDS;
    if (!text) return STATUS_OK;
    char *end;
    *seconds = strtod(text, &end);
    if (end != text && !*end && *seconds >= 0.0 && *seconds <= 1e6) return STATUS_OK;
    return status_fail(STATUS_USAGE, WATCHDOG_START_VARIABLE "=\"%.100s\": a number of seconds is needed, 0: no limit",
                       text);
}
