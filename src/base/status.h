/* How a failure of the world (file, config, memory) travels: as a Status, which is also the program's exit code, with
 * one pending message a thread. Whoever finds the failure records the message; it is printed once, where the outcome
 * is known to all ranks (comm_agree, main). A bug is an assert, never a Status. */
#ifndef LOCKSTEP_BASE_STATUS_H
#define LOCKSTEP_BASE_STATUS_H

#define MUST_CHECK                 __attribute__((warn_unused_result))
#define PRINTF_LIKE(string, first) __attribute__((format(printf, string, first)))

typedef enum {
    STATUS_OK = 0,
    STATUS_DIVERGED = 1,     /* a parameter or loss is not finite */
    STATUS_USAGE = 64,       /* wrong command line */
    STATUS_DATA = 65,        /* data that contradict themselves, are truncated or damaged */
    STATUS_NO_INPUT = 66,    /* no such config, dataset or checkpoint */
    STATUS_INTERNAL = 70,    /* out of memory, replicas differ, hang */
    STATUS_CANT_CREATE = 73, /* output cannot be created, run directory held or not empty */
    STATUS_IO = 74,          /* reading or writing failed */
    STATUS_STOPPED = 75,     /* stopped, as was asked or in time, with a checkpoint: run again to go on */
    STATUS_CONFIG = 78       /* bad settings */
} Status;

enum { STATUS_MESSAGE_SIZE = 2001 };

/* Records the message (what, where, what to do; no newline; cut at STATUS_MESSAGE_SIZE - 1 bytes) and returns st, which
 * is not STATUS_OK. A message that is pending already is replaced. */
MUST_CHECK PRINTF_LIKE(2, 3) Status status_fail(Status st, const char *format, ...);

/* The pending message, "" if none. Valid until the next call of status_fail or status_clear. */
const char *status_message(void);
void status_clear(void);

/* "bad data", "internal error", ... */
const char *status_name(Status st);

/* If st is a failure and its message is pending: logs it as an error on this rank if this rank speaks
 * (log_set_speaker), and clears it, so that it is never printed twice. */
void status_report(Status st);

#endif
