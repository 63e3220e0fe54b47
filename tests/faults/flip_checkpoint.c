/* Every damage to a checkpoint of 784-1-10 is refused, with one warning, and the older checkpoint of the run is used.
 * LOCKSTEP_FLIPS=1 tries all of them instead of every 61st and those of the header. */
#include <sys/stat.h>

#include "base/log.h"
#include "checkpoint_sample.h"
#include "damage.h"

enum { OLDER = 1, NEWER = 2, USUAL_STRIDE = 61 };

static const char *run;

static void write_step(uint64_t step, char path[CHECKPOINT_PATH_SIZE])
{
    Checkpoint c = sample_make((const size_t[]){784, 1, 10}, 3, ACTIVATION_RELU, false, step);
    checkpoint_path(run, step, path);
    CU_ASSERT_EQUAL_FATAL(checkpoint_write(&c, path), STATUS_OK);
    sample_free(&c);
}

/* One line, which names the file. */
static bool one_warning(const char *warned, const char *path)
{
    const char *end = strchr(warned, '\n');
    return end && !end[1] && strstr(warned, path) && strstr(warned, "; it is skipped");
}

static Outcome use_older(const char *path)
{
    char warned[4096];
    FILE *log = tmpfile();
    log_set_file(fileno(log), "the log");
    Checkpoint read;
    const Status st = checkpoint_read_newest(run, &read);
    const bool older = st == STATUS_OK && read.step == OLDER;
    checkpoint_free(&read);
    log_set_file(-1, NULL);
    rewind(log);
    warned[fread(warned, 1, sizeof warned - 1, log)] = '\0';
    fclose(log);
    return older && one_warning(warned, path) ? OUTCOME_REFUSED : OUTCOME_WRONG;
}

static void every_damage_is_refused_and_the_older_one_used(void)
{
    char path[CHECKPOINT_PATH_SIZE];
    run = scratch_path("run");
    CU_ASSERT_EQUAL_FATAL(mkdir(run, 0777), 0);
    CU_ASSERT_EQUAL_FATAL(checkpoint_prepare(run), STATUS_OK);
    write_step(OLDER, path);
    write_step(NEWER, path);
    const DamageReport report = damage_each(path, CHECKPOINT_HEADER, damage_stride(USUAL_STRIDE), use_older);
    CU_ASSERT(damage_tell("checkpoint", &report));
    CU_ASSERT_EQUAL(report.count[OUTCOME_REFUSED], report.tries);
}

int main(void)
{
    static const UnitTest tests[] = {UNIT(every_damage_is_refused_and_the_older_one_used)};
    return UNIT_RUN("flip_checkpoint", tests);
}
