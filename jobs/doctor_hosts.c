/* Checks of the hosts: whether they answer, and whether they are alike in what must be alike. */
#include <string.h>

#include "doctor.h"

/* The key of the last line that a host has told: it hung at what comes next. */
static void last_key(const char *facts, char key[FACT_SIZE])
{
    const char *end = facts + strlen(facts), *line = end;
    while (line > facts && (line == end || line[-1] != '\n')) line--;
    snprintf(key, FACT_SIZE, "%.*s", (int)strcspn(line, " \n"), line);
}

void check_hosts(Doctor *doctor)
{
    char key[FACT_SIZE];
    const Hosts *hosts = doctor->hosts;
    size_t good = 0;
    for (size_t i = 0; i < hosts->count; i++) {
        const char *name = hosts->host[i].name, *told = doctor->told[i];
        last_key(told, key);
        if (strcmp(key, "end") == 0)
            good++;
        else if (hosts->host[i].refuses)
            doctor_says(doctor, PROBLEM, "launch leaves it out; under a plain mpirun ranks fail, or share no memory",
                        "look there whether they are full, read-only, or not for everyone to write: df /dev/shm /tmp",
                        "host %s answers, but no directory can be made in /dev/shm or /tmp", name);
        else if (!hosts->host[i].answers)
            doctor_says(doctor, PROBLEM, "launch leaves it out; a plain mpirun fails or hangs",
                        "start it, mend its network, or take it out of the hostfile; a command must reach it without a "
                        "password: ssh -o BatchMode=yes HOST true",
                        "host %s does not answer", name);
        else if (!*told)
            doctor_says(doctor, PROBLEM, "no rank can be started there",
                        "install or mount it there under the same path, with the libraries that it needs",
                        "host %s answers, but this program does not start there", name);
        else
            doctor_says(doctor, PROBLEM, "a training would hang there too",
                        "look at the file system that the run directory, the dataset and the program are on",
                        "host %s fell silent after telling \"%s\"", name, key);
    }
    if (good == hosts->count)
        doctor_says(doctor, FINE, NULL, NULL, "%zu host%s, %s", good, good == 1 ? "" : "s",
                    good == 1 ? "which answers" : "all answer");
}

void check_names(Doctor *doctor)
{
    char name[FACT_SIZE], error[FACT_SIZE];
    const double slow = 0.5; /* seconds; mpirun looks names up several times */
    size_t good = 0;
    for (size_t i = 0; i < doctor->hosts->count; i++) {
        const char *told = doctor->told[i];
        const double seconds = facts_number(told, "name.seconds");
        facts_text(told, "host", name);
        if (*facts_text(told, "name.error", error) || seconds > slow)
            doctor_says(
                doctor, WARNING, "mpirun takes seconds longer to start, or does not find the host",
                "put it into /etc/hosts: its address, then its name; export RES_OPTIONS=\"timeout:1 attempts:1\"",
                "looking up \"%s\" on that host itself took %.1f s: %s", name, seconds,
                *error ? error : "an address was found");
        else
            good += facts_has(told, "name.address");
    }
    if (good > 0 && good == doctor->tellers) doctor_says(doctor, FINE, NULL, NULL, "found at once");
}

/* The first host that has told a key; "" if none has. */
static size_t first_teller(const Doctor *doctor, const char *key, char value[FACT_SIZE])
{
    size_t i = 0;
    *value = '\0';
    while (i < doctor->hosts->count && !*facts_text(doctor->told[i], key, value)) i++;
    return i;
}

/* Says which hosts differ from the first one that told this key. Returns how many did. */
static size_t compare(Doctor *doctor, const char *key, const char *what, Severity severity, const char *meaning,
                      const char *advice)
{
    char first[FACT_SIZE], value[FACT_SIZE];
    size_t differing = 0;
    const size_t teller = first_teller(doctor, key, first);
    for (size_t i = teller + 1; i < doctor->hosts->count; i++) {
        if (!*facts_text(doctor->told[i], key, value) || strcmp(value, first) == 0) continue;
        doctor_says(doctor, severity, meaning, advice, "%s differs: %s on %s, %s on %s", what, first,
                    doctor->hosts->host[teller].name, value, doctor->hosts->host[i].name);
        differing++;
    }
    return differing;
}

void check_program(Doctor *doctor)
{
    char version[FACT_SIZE], mpi[FACT_SIZE];
    const char *const advice = "install the same build on all hosts, or start it from a file system that all share";
    const size_t programs = compare(doctor, "program", "the program", PROBLEM,
                                    "ranks of different builds may hang, or compute different bits", advice);
    const size_t libraries =
        compare(doctor, "mpi", "the MPI library", PROBLEM, "its versions do not work together", advice);
    first_teller(doctor, "version", version);
    first_teller(doctor, "mpi", mpi);
    if (programs + libraries == 0 && *version)
        doctor_says(doctor, FINE, NULL, NULL, "lockstep %s, %s%s", version, mpi,
                    doctor->tellers > 1 ? ", the same on all hosts" : "");
}

void check_kernels(Doctor *doctor)
{
    char kernels[FACT_SIZE], error[FACT_SIZE];
    for (size_t i = 0; i < doctor->hosts->count; i++)
        if (*facts_text(doctor->told[i], "kernels.error", error))
            doctor_says(doctor, PROBLEM, "no rank can train there", "unset it, or name one of those", "host %s: %s",
                        doctor->hosts->host[i].name, error);
    const size_t differing = compare(doctor, "kernels", "the kernel set", WARNING,
                                     "the result does not depend on it; the speed does: all ranks wait for the slowest",
                                     "use processors of one kind, or fewer ranks on the slow hosts");
    first_teller(doctor, "kernels", kernels);
    if (differing == 0 && *kernels) doctor_says(doctor, FINE, NULL, NULL, "kernel set %s", kernels);
}

void check_dataset(Doctor *doctor)
{
    char text[FACT_SIZE];
    size_t bad = 0;
    if (!doctor->settings) return;
    for (size_t i = 0; i < doctor->hosts->count; i++) {
        if (!*facts_text(doctor->told[i], "dataset.error", text)) continue;
        doctor_says(doctor, PROBLEM, "training ends at its start",
                    "every host must see the dataset under this name: share it, or copy it there", "host %s: %s",
                    doctor->hosts->host[i].name, text);
        bad++;
    }
    bad += compare(doctor, "dataset", "the dataset", PROBLEM, "training refuses to start",
                   "copy the right file to the hosts that have another");
    first_teller(doctor, "dataset", text);
    if (bad == 0 && *text) doctor_says(doctor, FINE, NULL, NULL, "%s", text);
}
