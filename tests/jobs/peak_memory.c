/* peak_memory FILE PROGRAM [ARGUMENT]...: runs the program as this rank and adds a line to the file: the rank, and the
 * most memory that the program ever had resident, in KiB (VmHWM of proc(5), shared pages included). Without a program,
 * the same of an empty MPI program. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where every array gets huge pages, asked for or not, it would be the system that is measured. */
static void have_no_huge_pages_unasked(void)
{
    char text[64] = "";
    FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
    if (!file) return;
    if (fgets(text, sizeof text, file) && strstr(text, "[always]")) prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    fclose(file);
}

/* The program's exit code. */
static int run(char **program, struct rusage *usage)
{
    int status;
    const pid_t child = fork();
    if (child == 0) {
        execv(program[0], program);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, usage) != child) return 126;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

static int run_empty(int argc, char **argv, struct rusage *usage)
{
    MPI_Init(&argc, &argv);
    MPI_Finalize();
    return getrusage(RUSAGE_SELF, usage);
}

int main(int argc, char **argv)
{
    struct rusage usage;
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (argc < 2) return 64;
    have_no_huge_pages_unasked();
    const int code = argc > 2 ? run(argv + 2, &usage) : run_empty(argc, argv, &usage);
    FILE *file = fopen(argv[1], "a");
    if (!file) return 74;
    fprintf(file, "%s %ld\n", rank ? rank : "0", usage.ru_maxrss);
    return fclose(file) == 0 ? code : 74;
}
