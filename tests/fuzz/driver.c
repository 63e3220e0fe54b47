/* Runs a fuzz target where there is no libFuzzer: on each file of the corpus, then on mutations of them. Processes of
 * its own do it, so that whatever ends one of them is counted, its input kept, and the rest goes on.
 *
 * usage: fuzz_NAME EXECUTIONS FINDINGS DIRECTORY...
 *
 * FINDINGS: a directory for the inputs that ended a process; made when there is one. DIRECTORY: files of the corpus.
 * Prints one line of figures; exit 0 if nothing was found and an input was accepted. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mutate.h"
#include "target.h"

enum {
    MOST_INPUTS = 1024,
    ROOM = 1 << 16,      /* bytes of an input */
    BATCH = 1000,        /* inputs of a process: its leaks are told when it ends */
    PATIENCE_SECONDS = 5 /* of processor time for one input */
};

typedef struct {
    const char *name, *findings;
    Input inputs[MOST_INPUTS];
    size_t count;
    uint64_t last; /* the corpus and the mutations: numbers 0 to last - 1 */
    uint64_t crashes, hangs, accepted;
} Campaign;

/* Shared with the process that runs a batch. */
typedef struct {
    volatile uint64_t next, accepted;
} Progress;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void read_input(const char *path, Input *input)
{
    FILE *file = fopen(path, "rb");
    input->bytes = malloc(ROOM);
    if (!file || !input->bytes) fail(path);
    input->size = fread(input->bytes, 1, ROOM, file);
    fclose(file);
}

static void read_corpus(Campaign *campaign, const char *directory)
{
    struct dirent **entries;
    const int count = scandir(directory, &entries, NULL, alphasort);
    if (count < 0) fail(directory);
    for (int i = 0; i < count; i++) {
        char path[4096];
        struct stat about;
        snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        if (stat(path, &about) == 0 && S_ISREG(about.st_mode) && campaign->count < MOST_INPUTS)
            read_input(path, &campaign->inputs[campaign->count++]);
        free(entries[i]);
    }
    free(entries);
}

static size_t make_input(const Campaign *campaign, uint64_t number, uint8_t *bytes)
{
    if (number >= campaign->count) return mutate(campaign->inputs, campaign->count, number, bytes, ROOM);
    memcpy(bytes, campaign->inputs[number].bytes, campaign->inputs[number].size);
    return campaign->inputs[number].size;
}

/* In a process of its own: numbers progress->next to end - 1. A copy of just the input's size lets a sanitizer see its
 * end. */
static _Noreturn void run_batch(const Campaign *campaign, Progress *progress, uint64_t end)
{
    static uint8_t room[ROOM];
    const struct itimerval patience = {.it_value.tv_sec = PATIENCE_SECONDS};
    for (; progress->next < end; ++progress->next) {
        const size_t size = make_input(campaign, progress->next, room);
        uint8_t *bytes = malloc(size ? size : 1);
        if (!bytes) fail("out of memory");
        memcpy(bytes, room, size);
        setitimer(ITIMER_PROF, &patience, NULL); /* SIGPROF ends the process */
        LLVMFuzzerTestOneInput(bytes, size);
        progress->accepted += target_accepted;
        free(bytes);
    }
    exit(0);
}

static void keep(const Campaign *campaign, uint64_t number, const char *why)
{
    static uint8_t bytes[ROOM];
    char path[4096];
    mkdir(campaign->findings, 0777);
    snprintf(path, sizeof path, "%s/%s-%llu-%s", campaign->findings, campaign->name, (unsigned long long)number, why);
    FILE *file = fopen(path, "wb");
    const size_t size = make_input(campaign, number, bytes);
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) fail(path);
    fprintf(stderr, "fuzz %s: input %llu: %s, kept as %s\n", campaign->name, (unsigned long long)number, why, path);
}

/* After a process has ended early. Its leaks are those of all its inputs: the last is kept. */
static void count_finding(Campaign *campaign, int status, uint64_t number)
{
    char why[32] = "sanitizer";
    const bool hangs = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF;
    if (WIFSIGNALED(status)) snprintf(why, sizeof why, hangs ? "hang" : "signal-%d", WTERMSIG(status));
    ++*(hangs ? &campaign->hangs : &campaign->crashes);
    keep(campaign, number, why);
}

static void run(Campaign *campaign)
{
    Progress *progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED) fail("mmap");
    while (progress->next < campaign->last) {
        const uint64_t end = progress->next + BATCH < campaign->last ? progress->next + BATCH : campaign->last;
        int status;
        fflush(NULL);
        const pid_t child = fork();
        if (child == 0) run_batch(campaign, progress, end);
        if (child < 0 || waitpid(child, &status, 0) != child) fail("fork");
        if (status == 0 && progress->next == end) continue;
        count_finding(campaign, status, progress->next < end ? progress->next : end - 1);
        progress->next += progress->next < end;
    }
    campaign->accepted = progress->accepted;
}

static void print_figures(const Campaign *campaign)
{
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    printf(
        "fuzz %s: %zu inputs of the corpus, %llu mutations: %llu accepted, %llu crashes or reports, %llu hangs; %ld s, "
        "%ld MB\n",
        campaign->name, campaign->count, (unsigned long long)(campaign->last - campaign->count),
        (unsigned long long)campaign->accepted, (unsigned long long)campaign->crashes,
        (unsigned long long)campaign->hangs, (long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec), used.ru_maxrss >> 10);
}

int main(int argc, char **argv)
{
    static Campaign campaign;
    if (argc < 4) {
        fprintf(stderr, "usage: %s EXECUTIONS FINDINGS DIRECTORY...\n", argv[0]);
        return 64;
    }
    const char *name = strrchr(argv[0], '_');
    campaign.name = name ? name + 1 : argv[0];
    campaign.findings = argv[2];
    for (int i = 3; i < argc; i++) read_corpus(&campaign, argv[i]);
    if (campaign.count == 0) fail("the corpus is empty");
    campaign.last = campaign.count + strtoull(argv[1], NULL, 10);
    run(&campaign);
    print_figures(&campaign);
    return campaign.crashes + campaign.hangs > 0 || campaign.accepted == 0;
}
