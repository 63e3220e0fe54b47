/* src/rundir, src/output/predictions: what a run leaves on disk. */
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "output/predictions.h"
#include "rundir/chain.h"
#include "rundir/history.h"
#include "rundir/rundir.h"
#include "scratch.h"
#include "unit.h"

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *level)
{
    (void)about, (void)kind, (void)level;
    return remove(path);
}

static void remove_tree(const char *path)
{
    CU_ASSERT_EQUAL(nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void a_run_directory_is_made_with_those_above_it(void)
{
    const char *path = scratch_path("a/b/c");
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(rundir_open(path, true, &run), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(rundir_begin_records(&run, 0), STATUS_OK);
    record_begin(run.records, "start");
    record_end(run.records);
    log_warning("heard %d", 1);
    Replacement file;
    CU_ASSERT_EQUAL_FATAL(rundir_replace(&run, "config.cfg", &file), STATUS_OK);
    fputs("x = 1;\n", file.stream);
    CU_ASSERT_EQUAL(replacement_end(&file), STATUS_OK);
    rundir_close(&run);
    rundir_close(&run); /* accepts a zeroed struct */
    CU_ASSERT_STRING_EQUAL(scratch_text(scratch_path("a/b/c/config.cfg")), "x = 1;\n");
    CU_ASSERT_STRING_EQUAL(scratch_text(scratch_path("a/b/c/metrics.jsonl")),
                           "{\"event\":\"start\",\"previous\":\"0000000000000000\"}\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(scratch_text(scratch_path("a/b/c/log.txt")), "Z lockstep: warning: heard 1\n"));
    remove_tree(scratch_path("a"));
}

static void an_empty_directory_serves_and_a_slash_at_the_end(void)
{
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(mkdir(scratch_path("empty"), 0700), 0);
    CU_ASSERT_EQUAL(rundir_open(scratch_path("empty/"), true, &run), STATUS_OK);
    rundir_close(&run);
    remove_tree(scratch_path("empty"));
}

static void check_refused(const char *path, const char *why)
{
    RunDir run;
    CU_ASSERT_EQUAL(rundir_open(path, true, &run), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS(why);
    CU_ASSERT_PTR_NULL(run.log);
    CU_ASSERT_PTR_NULL(run.records);
    status_clear();
}

static void what_is_there_stays_as_it_is(void)
{
    const char *path = scratch_path("held");
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    scratch_write(scratch_path("held/.hidden"), "precious", 8);
    check_refused(path, "held\" is not empty");
    CU_ASSERT_EQUAL(access(scratch_path("held/log.txt"), F_OK), -1);
    check_refused(scratch_path("held/.hidden"), "cannot create run directory");
    check_refused(scratch_path("held/.hidden/below"), "Not a directory");
    CU_ASSERT_STRING_EQUAL(scratch_text(scratch_path("held/.hidden")), "precious");
    remove_tree(path);
    char name[5000];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    check_refused(name, "too long");
    check_refused("/proc/no/such/run", "/proc/no/such/run");
}

static void one_run_directory_has_one_holder(void)
{
    const char *path = scratch_path("one");
    RunDir run, other;
    char holder[LOCK_HOLDER_SIZE];
    CU_ASSERT_EQUAL_FATAL(rundir_open(path, false, &run), STATUS_OK);
    CU_ASSERT_EQUAL(rundir_open(path, false, &other), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("is held by another training");
    lock_holder(path, holder);
    CU_ASSERT_PTR_NOT_NULL(strstr(holder, ", process "));
    CU_ASSERT_PTR_NOT_NULL(strstr(status_message(), holder));
    rundir_close(&run);
    lock_holder(path, holder);
    CU_ASSERT_STRING_EQUAL(holder, "");
    CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_OK);
    rundir_close(&run);
    remove_tree(path);
}

static void a_holder_that_has_not_said_who_it_is_holds(void)
{
    const char *path = scratch_path("silent");
    RunDir run;
    char holder[LOCK_HOLDER_SIZE];
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    const int fd = open(scratch_path("silent/lock"), O_RDWR | O_CREAT, 0600);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    CU_ASSERT_EQUAL_FATAL(fcntl(fd, F_OFD_SETLK, &whole), 0);
    lock_holder(path, holder);
    CU_ASSERT_STRING_EQUAL(holder, "a process that has just started");
    CU_ASSERT_EQUAL(rundir_check(path, false), STATUS_CANT_CREATE);
    CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("held by another training (a process that has just started)");
    status_clear();
    close(fd);
    remove_tree(path);
}

/* Writes this holder into a lock, touched so many seconds ago. */
static void write_lock(const char *lock, const char *holder, int seconds)
{
    FILE *file = fopen(lock, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "%s\n", holder);
    fclose(file);
    struct timespec touched[2];
    clock_gettime(CLOCK_REALTIME, &touched[0]);
    touched[0].tv_sec -= seconds;
    touched[1] = touched[0];
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, lock, touched, 0), 0);
}

/* Touches the file again and again until it is told to end. */
static atomic_bool done;
static void *touch(void *path)
{
    while (!atomic_load(&done)) {
        utimensat(AT_FDCWD, path, NULL, 0);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return NULL;
}

/* Its locks may not reach us. */
static void another_hosts_heartbeat_decides(void)
{
    const char *path = scratch_path("elsewhere"), *lock = scratch_path("elsewhere/lock");
    RunDir run;
    char holder[LOCK_HOLDER_SIZE];
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    write_lock(lock, "no-such-host, process 12", 0);
    lock_holder(path, holder);
    CU_ASSERT_STRING_EQUAL(holder, "no-such-host, process 12");
    pthread_t thread;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, touch, (void *)(uintptr_t)lock), 0);
    CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("held by another training (no-such-host, process 12)");
    status_clear();
    atomic_store(&done, true);
    pthread_join(thread, NULL);
    remove_tree(path);
}

static void another_host_that_fell_silent_is_followed(void)
{
    const char *path = scratch_path("silence");
    RunDir run;
    char holder[LOCK_HOLDER_SIZE];
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    write_lock(scratch_path("silence/lock"), "no-such-host, process 12", 11);
    lock_holder(path, holder);
    CU_ASSERT_STRING_EQUAL(holder, "");
    CU_ASSERT_EQUAL_FATAL(rundir_open(path, false, &run), STATUS_OK);
    CU_ASSERT_EQUAL(lock_check(run.lock), STATUS_OK);
    rundir_close(&run);
    CU_ASSERT_STRING_EQUAL(scratch_text(scratch_path("silence/lock")), ""); /* nobody need be waited for */
    remove_tree(path);
}

static void a_run_that_was_taken_over_is_known(void)
{
    const char *path = scratch_path("taken");
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(rundir_open(path, false, &run), STATUS_OK);
    FILE *file = fopen(scratch_path("taken/lock"), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs("no-such-host, process 12\n", file);
    fclose(file);
    CU_ASSERT_EQUAL(lock_check(run.lock), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("taken over by another training (no-such-host, process 12)");
    status_clear();
    rundir_close(&run);
    CU_ASSERT_STRING_EQUAL(scratch_text(scratch_path("taken/lock")), "no-such-host, process 12\n");
    remove_tree(path);
}

static void a_lock_that_cannot_be_looked_at_is_not_nobodys(void)
{
    char holder[LOCK_HOLDER_SIZE];
    CU_ASSERT_EQUAL_FATAL(mkdir(scratch_path("unseen"), 0700), 0);
    lock_holder(scratch_path("unseen"), holder);
    CU_ASSERT_STRING_EQUAL(holder, "");
    CU_ASSERT_EQUAL_FATAL(symlink("lock", scratch_path("unseen/lock")), 0); /* ELOOP, for root too */
    lock_holder(scratch_path("unseen"), holder);
    CU_ASSERT_PTR_NOT_NULL(strstr(holder, "unknown"));
    remove_tree(scratch_path("unseen"));
}

static void only_a_run_is_gone_on_with(void)
{
    const char *path = scratch_path("again");
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    scratch_write(scratch_path("again/letter.txt"), "dear", 4);
    CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("holds no run");
    CU_ASSERT_EQUAL(access(scratch_path("again/lock"), F_OK), -1);
    scratch_write(scratch_path("again/config.cfg"), "", 0);
    CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_OK);
    rundir_close(&run);
    remove_tree(path);
}

/* Killed before anything but these was there. */
static void a_run_that_was_killed_at_its_start_is_gone_on_with(void)
{
    static const char *const names[] = {"killed/lock", "killed/metrics.jsonl", "killed/log.txt",
                                        "killed/.config.cfg.tmp"};
    const char *path = scratch_path("killed");
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(scratch_path("killed/checkpoints"), 0700), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        scratch_write(scratch_path(names[i]), "", 0);
        CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_OK);
        rundir_close(&run);
    }
    scratch_write(scratch_path("killed/letter.txt"), "dear", 4);
    CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_CANT_CREATE);
    remove_tree(path);
}

/* metrics.jsonl of a run in the directory, after a start that goes on from `step`. */
static const char *repaired(RunDir *run, const char *records, size_t size, uint64_t step)
{
    scratch_write(scratch_path("torn/metrics.jsonl"), records, size);
    CU_ASSERT_EQUAL(rundir_begin_records(run, step), STATUS_OK);
    records_close(run->records);
    close(run->log);
    log_set_file(-1, NULL);
    run->records = NULL, run->log = 0;
    return scratch_text(scratch_path("torn/metrics.jsonl"));
}

/* What a process that was killed in the middle of a record left. */
static void a_torn_record_is_cut_off(void)
{
    static const char whole[] = "{\"event\":\"start\"}\n", torn[] = "{\"event\":\"start\"}\n{\"event\":\"st";
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(rundir_open(scratch_path("torn"), false, &run), STATUS_OK);
    for (size_t size = sizeof torn - 1; size + 1 >= sizeof whole; size--)
        CU_ASSERT_STRING_EQUAL(repaired(&run, torn, size, 0), whole);
    rundir_close(&run);
    remove_tree(scratch_path("torn"));
}

/* Behind the step that the start goes on from, it is what was never synced (I7); before it, it stays to be seen. */
static void records_damaged_by_a_power_failure_are_cut_off(void)
{
    static const char whole[] = "{\"event\":\"start\"}\n{\"event\":\"step\",\"step\":1}\n";
    static const char after[] = "{\"event\":\"st\0\0\0\0\0\0\n{\"event\":\"step\",\"step\":3}\n";
    char records[sizeof whole + sizeof after];
    const size_t size = sizeof whole + sizeof after - 2;
    memcpy(records, whole, sizeof whole - 1);
    memcpy(records + sizeof whole - 1, after, sizeof after);
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(rundir_open(scratch_path("torn"), false, &run), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(repaired(&run, records, size, 0), whole);
    CU_ASSERT_STRING_EQUAL(repaired(&run, records, size, 1), whole);
    CU_ASSERT_EQUAL(memcmp(repaired(&run, records, size, 2), records, size), 0);
    CU_ASSERT_EQUAL(memcmp(repaired(&run, records, size - 1, 2), records, sizeof whole + 18), 0);
    rundir_close(&run);
    remove_tree(scratch_path("torn"));
}

static void a_failed_write_of_a_file_is_told(void)
{
    RunDir run;
    Replacement file;
    CU_ASSERT_EQUAL_FATAL(rundir_open(scratch_path("disk"), true, &run), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(rundir_replace(&run, "out", &file), STATUS_OK);
    fputs("x", file.stream);
    scratch_limit(0);
    const Status st = replacement_end(&file);
    scratch_limit(RLIM_INFINITY);
    CU_ASSERT_EQUAL(st, STATUS_IO);
    CU_ASSERT_MESSAGE_HAS("disk/out\": File too large");
    CU_ASSERT_EQUAL(rundir_replace(&run, "no/such", &file), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("disk/no/such");
    CU_ASSERT_EQUAL(access(scratch_path("disk/out"), F_OK), -1);
    CU_ASSERT_EQUAL(access(scratch_path("disk/.out.tmp"), F_OK), -1);
    status_clear();
    rundir_close(&run);
    remove_tree(scratch_path("disk"));
}

static void predictions_are_csv(void)
{
    static const Prediction predictions[] = {{0, 7, 7, 1.0f}, {1, 2, 65535, 0.1f}, {4294967294u, 0, 1, 1e-30f}};
    const char *path = scratch_path("predictions.csv");
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    predictions_write(file, 3, predictions);
    fclose(file);
    CU_ASSERT_STRING_EQUAL(scratch_text(path),
                           "index,label,prediction,confidence\n0,7,7,1\n1,2,65535,0.100000001\n"
                           "4294967294,0,1,1e-30\n");
}

/* Any step that differs in one member, or in its place, leaves another chain. */
static void a_chain_tells_every_member_of_every_step(void)
{
    const ChainLink first = {1, 20, 0xabc, 0.5, 0.1}, second = {2, 20, 0xdef, 0.4, 0.1};
    const ChainLink others[] = {{3, 20, 0xabc, 0.5, 0.1},
                                {1, 21, 0xabc, 0.5, 0.1},
                                {1, 20, 0xabd, 0.5, 0.1},
                                {1, 20, 0xabc, -0.5, 0.1},
                                {1, 20, 0xabc, 0.5, 0.2}};
    const Digest start = {0}, chain = chain_after(chain_after(start, &first), &second);
    CU_ASSERT(digest_equal(chain, chain_after(chain_after(start, &first), &second)));
    CU_ASSERT_FALSE(digest_equal(chain, chain_after(chain_after(start, &second), &first)));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CU_ASSERT_FALSE(digest_equal(chain, chain_after(chain_after(start, &others[i]), &second)));
}

static void a_number_that_is_not_its_twins_is_no_record(void)
{
    History history;
    FILE *file = fopen(scratch_path("metrics.jsonl"), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(
        "{\"event\":\"step\",\"loss\":0.5,\"loss_hex\":\"0x1p-1\"}\n"
        "{\"event\":\"step\",\"loss\":null,\"loss_hex\":\"nan\"}\n",
        file);
    fflush(file);
    CU_ASSERT_EQUAL(history_read(scratch_path("."), &history), STATUS_OK);
    CU_ASSERT(history.count == 2 && history.event[0].loss == 0.5);
    history_free(&history);
    fputs("{\"event\":\"step\",\"loss\":0.4,\"loss_hex\":\"0x1p-1\"}\n", file);
    fclose(file);
    CU_ASSERT_EQUAL(history_read(scratch_path("."), &history), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("metrics.jsonl:3: not a record of a run: a number differs from its twin");
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_run_directory_is_made_with_those_above_it),
        UNIT(an_empty_directory_serves_and_a_slash_at_the_end),
        UNIT(what_is_there_stays_as_it_is),
        UNIT(one_run_directory_has_one_holder),
        UNIT(a_holder_that_has_not_said_who_it_is_holds),
        UNIT(a_lock_that_cannot_be_looked_at_is_not_nobodys),
        UNIT(another_hosts_heartbeat_decides),
        UNIT(another_host_that_fell_silent_is_followed),
        UNIT(a_run_that_was_taken_over_is_known),
        UNIT(only_a_run_is_gone_on_with),
        UNIT(a_run_that_was_killed_at_its_start_is_gone_on_with),
        UNIT(a_torn_record_is_cut_off),
        UNIT(records_damaged_by_a_power_failure_are_cut_off),
        UNIT(a_failed_write_of_a_file_is_told),
        UNIT(a_chain_tells_every_member_of_every_step),
        UNIT(a_number_that_is_not_its_twins_is_no_record),
        UNIT(predictions_are_csv),
    };
    return UNIT_RUN("rundir", tests);
}
