#include "comm/shown.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm/comm.h"

/* What mpirun tells its ranks of its options. */
static bool is_altered(void)
{
    static const char *const variables[] = {"OMPI_MCA_orte_output_filename", "OMPI_MCA_orte_tag_output",
                                            "OMPI_MCA_orte_timestamp_output", "OMPI_MCA_orte_xml_output"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (getenv(variables[i])) return true;
    return false;
}

/* The parent is Open MPI's launcher, under one of its names, and not a script that it started. */
static bool is_child_of_mpirun(void)
{
    static const char *const launchers[] = {"mpirun", "mpiexec", "orterun"};
    char path[64], name[32] = "";
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)getppid());
    FILE *file = fopen(path, "re");
    if (!file) return false;
    const bool known = fgets(name, sizeof name, file);
    fclose(file);
    for (size_t i = 0; known && i < sizeof launchers / sizeof *launchers; i++)
        if (strncmp(name, launchers[i], strlen(launchers[i])) == 0) return true;
    return false;
}

int shown_terminal(void)
{
    char path[64];
    int rank, size;
    if (!comm_launched(&rank, &size) || is_altered() || !is_child_of_mpirun()) return -1;
    snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getppid(), STDERR_FILENO);
    const int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || isatty(fd)) return fd;
    close(fd);
    return -1;
}
