/* Open MPI 4's layer between the ranks of a host (vader) gives each rank's memory a name in /dev/shm, or in a directory
 * of the user's choice, and keeps it to the end: a job that is killed leaves memory behind, for ever. The names serve
 * nobody once every rank of the host has mapped every other's; the memory then lives as long as a process that has it.
 * But MPI_Finalize complains to the user about names that it cannot remove, so that it gets empty files to remove. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "comm/comm_internal.h"

/* How /proc/PID/maps ends the name of a file that has no name any more (proc(5)). */
static const char deleted[] = " (deleted)";

/* Calls visit with each of the segments that this process has mapped, unless visit is NULL; how many there are. One
 * that is mapped in several pieces has them on neighbouring lines of the maps. */
static int each_segment(void (*visit)(char *path))
{
    enum { LINE_SIZE = 4096 + 128 };
    char line[LINE_SIZE], last[LINE_SIZE] = "";
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps)) {
        char *path = strchr(line, '/');
        if (!path || !strstr(path, "/vader_segment.")) continue;
        path[strcspn(path, "\n")] = '\0';
        if (strcmp(path, last) == 0) continue;
        strcpy(last, path);
        count++;
        if (visit) visit(path);
    }
    if (maps) fclose(maps);
    return count;
}

static void take_name(char *path)
{
    unlink(path);
}

static void give_name(char *path)
{
    const size_t length = strlen(path), suffix = sizeof deleted - 1;
    if (length <= suffix || strcmp(path + length - suffix, deleted) != 0) return;
    path[length - suffix] = '\0';
    const int fd = open(path, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
}

static bool is_first_of_host(const Comm *comm)
{
    int rank;
    MPI_Comm_rank(comm->host, &rank);
    return rank == 0;
}

void segments_take_names(Comm *comm)
{
    int ranks, all;
    MPI_Comm_size(comm->host, &ranks);
    int mapped = each_segment(NULL) == ranks;
    MPI_Allreduce(&mapped, &all, 1, MPI_INT, MPI_MIN, comm->host);
    if (all && is_first_of_host(comm)) each_segment(take_name);
}

void segments_give_names(Comm *comm)
{
    if (is_first_of_host(comm)) each_segment(give_name);
}
