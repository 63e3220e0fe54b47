#include "damage.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 1000, ROOM = 64 << 20, SECONDS = 20 };

static const char *const outcome_name[OUTCOMES] = {
    "refused", "read as the same values", "read as values of another digest", "wrong", "crashed",
    "hung",    "took all memory"};

static const size_t growth[] = {1, 511, 512, 4096, 1 << 20};
enum { GROWTHS = sizeof growth / sizeof *growth };

typedef struct {
    const char *path;
    unsigned char *bytes; /* (size) of the whole file; owned */
    size_t size, thorough, stride;
    DamageReader *read;
} Campaign;

/* Shared with the child that makes the tries. */
typedef struct {
    size_t next; /* the damage to be tried */
    DamageReport report;
} Progress;

static void need(bool holds, const char *what)
{
    if (holds) return;
    perror(what);
    _exit(2);
}

static size_t damages(const Campaign *c)
{
    return 3 * c->size + GROWTHS;
}

/* Where the damage begins. */
static size_t place_of(const Campaign *c, size_t damage)
{
    if (damage < 2 * c->size) return damage / 2;
    return damage < 3 * c->size ? damage - 2 * c->size : c->size;
}

static size_t length_of(const Campaign *c, size_t damage)
{
    if (damage < 2 * c->size) return c->size;
    return damage < 3 * c->size ? place_of(c, damage) : c->size + growth[damage - 3 * c->size];
}

static unsigned char mask_of(size_t damage)
{
    return (unsigned char)(damage % 2 ? 0xff : 1 << damage / 2 % 8);
}

static void name_damage(const Campaign *c, size_t damage, Outcome outcome)
{
    if (length_of(c, damage) == c->size)
        printf("FAILED: byte %zu ^ 0x%02x: %s\n", place_of(c, damage), mask_of(damage), outcome_name[outcome]);
    else
        printf("FAILED: length %zu: %s\n", length_of(c, damage), outcome_name[outcome]);
    fflush(stdout);
}

static void make_damage(const Campaign *c, size_t damage)
{
    const size_t place = place_of(c, damage), length = length_of(c, damage);
    const int fd = open(c->path, O_WRONLY);
    if (length == c->size) {
        const unsigned char byte = c->bytes[place] ^ mask_of(damage);
        need(pwrite(fd, &byte, 1, (off_t)place) == 1, c->path);
    } else
        need(ftruncate(fd, (off_t)length) == 0, c->path);
    close(fd);
}

static void mend(const Campaign *c)
{
    const int fd = open(c->path, O_WRONLY);
    need(pwrite(fd, c->bytes, c->size, 0) == (ssize_t)c->size && ftruncate(fd, (off_t)c->size) == 0, c->path);
    close(fd);
}

/* The most address space that this process has had, in bytes. */
static size_t peak_memory(void)
{
    char line[256];
    size_t kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    need(status != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, status) && sscanf(line, "VmPeak: %zu", &kilobytes) != 1) continue;
    fclose(status);
    return kilobytes << 10;
}

/* The next damage from this one on that is to be tried. */
static size_t next_try(const Campaign *c, size_t damage)
{
    while (damage < damages(c) && damage % c->stride != 0 && place_of(c, damage) >= c->thorough) damage++;
    return damage;
}

static void take(const Campaign *c, Progress *progress, Outcome outcome)
{
    progress->report.tries++;
    progress->report.count[outcome]++;
    if (outcome >= OUTCOME_WRONG) name_damage(c, progress->next, outcome);
    progress->next = next_try(c, progress->next + 1);
}

/* In a child: tries up to the end of a batch, or of the memory. */
static void make_tries(const Campaign *c, Progress *progress)
{
    const size_t memory = peak_memory();
    bool grown = false;
    need(freopen("/dev/null", "w", stderr) != NULL, "/dev/null");
    for (int i = 0; i < BATCH && progress->next < damages(c) && !grown; i++) {
        make_damage(c, progress->next);
        setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = SECONDS}, NULL);
        const Outcome outcome = c->read(c->path);
        grown = peak_memory() > memory + ROOM;
        take(c, progress, grown ? OUTCOME_MEMORY : outcome);
        mend(c);
    }
}

static void make_batch(const Campaign *c, Progress *progress)
{
    fflush(stdout);
    const pid_t child = fork();
    need(child >= 0, "fork");
    if (child == 0) {
        make_tries(c, progress);
        _exit(0); /* what is to be done at exit is the parent's */
    }
    int status;
    need(waitpid(child, &status, 0) == child, "waitpid");
    if (WIFSIGNALED(status)) {
        take(c, progress, WTERMSIG(status) == SIGPROF ? OUTCOME_HUNG : OUTCOME_CRASHED);
        mend(c);
    } else if (WEXITSTATUS(status) != 0)
        exit(2);
}

static void read_whole(Campaign *c)
{
    FILE *file = fopen(c->path, "rb");
    need(file && fseek(file, 0, SEEK_END) == 0, c->path);
    c->size = (size_t)ftell(file);
    c->bytes = malloc(c->size);
    rewind(file);
    need(c->bytes && fread(c->bytes, 1, c->size, file) == c->size, c->path);
    fclose(file);
}

DamageReport damage_each(const char *path, size_t thorough, size_t stride, DamageReader *read)
{
    Campaign c = {.path = path, .thorough = thorough, .stride = stride, .read = read};
    read_whole(&c);
    Progress *progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    need(progress != MAP_FAILED, "mmap");
    *progress = (Progress){.report = {.size = c.size, .damages = damages(&c)}};
    while (progress->next < damages(&c)) make_batch(&c, progress);
    const DamageReport report = progress->report;
    munmap(progress, sizeof *progress);
    free(c.bytes);
    return report;
}

size_t damage_stride(size_t usual)
{
    const char *text = getenv("LOCKSTEP_FLIPS");
    const size_t stride = text ? strtoul(text, NULL, 10) : usual;
    return stride ? stride : usual;
}

bool damage_tell(const char *what, const DamageReport *report)
{
    size_t failures = 0;
    printf("flip: %s: %zu of %zu damages to %zu bytes", what, report->tries, report->damages, report->size);
    for (int i = 0; i < OUTCOMES; i++) {
        printf(", %zu %s", report->count[i], outcome_name[i]);
        if (i >= OUTCOME_WRONG) failures += report->count[i];
    }
    printf("\n");
    return report->tries > 0 && failures == 0;
}
