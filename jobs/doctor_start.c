/* Checks of what starts ranks: mpirun, the ranks that it started, Slurm. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "talk.h"

enum { SAID_SIZE = 4096 };

/* What a program says on stdout; its exit code, -1: it cannot be started, or hangs. */
static int ask(const Doctor *doctor, char *const *argv, char said[SAID_SIZE])
{
    Talk *talk;
    int code = -1;
    *said = '\0';
    if (talks_open(1, SAID_SIZE, &talk) == STATUS_OK && talk_start(argv, talk) == STATUS_OK) {
        talks_hear(talk, 1, doctor->patience);
        memcpy(said, talk->said, SAID_SIZE);
        code = talk->code;
    }
    talks_close(talk);
    status_clear();
    return code;
}

/* The first number with a dot in a text: "4.1.4"; "" if there is none. */
static void find_version(const char *text, char version[32])
{
    static const char digits[] = "0123456789.";
    *version = '\0';
    for (text += strcspn(text, digits); *text; text += strcspn(text, digits)) {
        const size_t length = strspn(text, digits);
        if (memchr(text, '.', length)) {
            snprintf(version, 32, "%.*s", (int)length, text);
            return;
        }
        text += length;
    }
}

void check_mpirun(Doctor *doctor)
{
    char said[SAID_SIZE], theirs[32], ours[32];
    if (doctor->inside) return;
    const int code = ask(doctor, (char *[]){"mpirun", "--version", NULL}, said);
    said[strcspn(said, "\n")] = '\0';
    find_version(said, theirs);
    find_version(comm_library(), ours);
    if (code != 0)
        doctor_says(doctor, PROBLEM, "training on several ranks cannot be started",
                    "load Open MPI's module, put its bin folder on the PATH, or install it (jobs/install.sh)",
                    "no mpirun on the PATH that tells its version");
    else if (!strstr(said, "Open MPI") || strcmp(theirs, ours) != 0)
        doctor_says(doctor, PROBLEM,
                    "ranks may fail to find each other, and each take itself for the only one, or crash",
                    "put the mpirun of the MPI that the program was built with first on the PATH, or build it again",
                    "mpirun is \"%s\", the program is linked to %s", said, comm_library());
    else
        doctor_says(doctor, FINE, NULL, NULL, "%s, as the program is linked to", said);
    if (geteuid() != 0 || (getenv("OMPI_ALLOW_RUN_AS_ROOT") && getenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"))) return;
    doctor_says(doctor, WARNING, "mpirun refuses to start (launch tells it to; by hand it must be told)",
                "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "you are root");
}

static void say_launch_failed(Doctor *doctor)
{
    if (*doctor->not_started)
        doctor_says(doctor, PROBLEM, "no training on these hosts will start",
                    "mend that first; setpriv is of the package util-linux", "mpirun was not started: %s",
                    doctor->not_started);
    else if (doctor->launch_code < 0)
        doctor_says(doctor, PROBLEM,
                    "ranks or mpirun's daemons cannot reach each other, or a file system does not answer",
                    "name the network between the hosts: export OMPI_MCA_oob_tcp_if_include=NET "
                    "OMPI_MCA_btl_tcp_if_include=NET; see network above, and firewalls",
                    "mpirun hung and was ended; %zu of %zu ranks spoke", doctor->started, doctor->ranks);
    else
        doctor_says(doctor, PROBLEM, "no training on these hosts will start", "mpirun has said why, on stderr",
                    "mpirun ended with exit code %d, %zu of %zu ranks spoke", doctor->launch_code, doctor->started,
                    doctor->ranks);
}

void check_launch(Doctor *doctor)
{
    size_t alone = 0;
    for (size_t r = 0; r < doctor->started; r++)
        alone += (size_t)facts_number(doctor->rank[r], "size") != doctor->ranks;
    if (doctor->launch_code != 0 || doctor->started != doctor->ranks)
        say_launch_failed(doctor);
    else if (alone)
        doctor_says(doctor, PROBLEM, "each would train on its own: the launcher is not that of the program's MPI",
                    "use the mpirun of the MPI that the program is linked to; with srun: --mpi=pmix",
                    "%zu of %zu processes do not see %zu ranks", alone, doctor->started, doctor->ranks);
    else
        doctor_says(doctor, FINE, NULL, NULL, "%zu rank%s started, every one sees %zu", doctor->started,
                    doctor->started == 1 ? "" : "s", doctor->ranks);
}

void check_slurm(Doctor *doctor)
{
    char said[SAID_SIZE];
    enum { NO_SUCH_PROGRAM = 127 }; /* of a shell */
    if (doctor->inside) return;
    const int code = ask(doctor, (char *[]){"sh", "-c", "srun --mpi=list 2>&1", NULL}, said);
    const char *const no_cluster = "Could not establish a configuration source"; /* Slurm's programs alone */
    if (code == NO_SUCH_PROGRAM || strstr(said, no_cluster)) return;
    if (code != 0)
        doctor_says(doctor, WARNING, "perhaps only mpirun can start ranks here", "ask srun: srun --mpi=list",
                    "srun does not tell what it can start");
    else if (!strstr(said, "pmix"))
        doctor_says(doctor, WARNING, "srun cannot start the ranks: each would be alone, or fail in MPI_Init",
                    "start them by mpirun in the allocation, or have Slurm built with PMIx",
                    "srun --mpi=list has no pmix");
    else
        doctor_says(doctor, FINE, NULL, NULL, "srun --mpi=pmix can start ranks, as mpirun can");
}
