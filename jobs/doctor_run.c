/* Checks of the run directory, as the first host sees it: rank 0 alone writes there. */
#include "doctor.h"

void check_run(Doctor *doctor)
{
    const double slow = 1.0; /* seconds */
    const char *told = doctor->first;
    char directory[FACT_SIZE], error[FACT_SIZE];
    if (!*doctor->run || !*told) return;
    facts_text(told, "run.directory", directory);
    const double seconds = facts_number(told, "run.seconds");
    if (*facts_text(told, "run.error", error)) {
        doctor_says(doctor, PROBLEM, "training ends at its start, with 73",
                    "name another place with --run or run.dir, make room, or get the right to write there", "%s",
                    error);
        return;
    }
    if (*facts_text(told, "run.locks", error))
        doctor_says(
            doctor, PROBLEM, "a run cannot be kept from a second training: training ends at its start, with 73",
            "take a file system with locks; for NFS mount with locking (no \"nolock\"), its lock service running", "%s",
            error);
    if (seconds > slow)
        doctor_says(doctor, WARNING, "every checkpoint, and every record before it, waits so long",
                    "take a faster disk, or fewer checkpoints (checkpoint.every_...)",
                    "bringing a small file to disk in \"%s\" took %.1f s", directory, seconds);
    if (!*error && seconds > 0.0 && seconds <= slow)
        doctor_says(doctor, FINE, NULL, NULL, "files and locks work in \"%s\"; %.3f s until a file is on disk",
                    directory, seconds);
}

void check_space(Doctor *doctor)
{
    const char *told = doctor->first;
    if (!doctor->settings || !facts_has(told, "need.checkpoint") || !facts_has(told, "run.free")) return;
    const double keep = (double)doctor->settings->checkpoint.keep, there = facts_number(told, "run.checkpoints");
    /* Those that are kept, the next one before the oldest goes, and best.h5. */
    const double more = keep + 2.0 - (there < keep ? there : keep);
    const double need = more * facts_number(told, "need.checkpoint"), room = facts_number(told, "run.free");
    if (need > room)
        doctor_says(doctor, PROBLEM,
                    "a checkpoint cannot be written: training goes on without for a while, and ends with 74",
                    "make room, take another --run, or a smaller checkpoint.keep",
                    "%.0f more checkpoints of %.1f MB need %.1f MB, %.1f MB are free", more, need / more * 1e-6,
                    need * 1e-6, room * 1e-6);
    else
        doctor_says(doctor, FINE, NULL, NULL, "%.1f MB of checkpoints to come, %.1f MB free", need * 1e-6, room * 1e-6);
}
