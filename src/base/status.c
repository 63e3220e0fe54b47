#include "base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

static _Thread_local char pending[STATUS_MESSAGE_SIZE];

Status status_fail(Status st, const char *format, ...)
{
    assert(st != STATUS_OK);
    /* The new message may quote the pending one, so it is made beside it. */
    char message[sizeof pending];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    snprintf(pending, sizeof pending, "%s", message);
    return st;
}

const char *status_message(void)
{
    return pending;
}

void status_clear(void)
{
    pending[0] = '\0';
}

const char *status_name(Status st)
{
    switch (st) {
        case STATUS_OK: return "ok";
        case STATUS_DIVERGED: return "diverged";
        case STATUS_USAGE: return "wrong usage";
        case STATUS_DATA: return "bad data";
        case STATUS_NO_INPUT: return "no such input";
        case STATUS_INTERNAL: return "internal error";
        case STATUS_CANT_CREATE: return "cannot create output";
        case STATUS_IO: return "input/output error";
        case STATUS_STOPPED: return "stopped on request";
        case STATUS_CONFIG: return "bad config";
    }
    return "unknown status";
}

void status_report(Status st)
{
    if (st == STATUS_OK || pending[0] == '\0') return;
    log_error("%s", pending);
    status_clear();
}
