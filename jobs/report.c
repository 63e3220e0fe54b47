/* lockstep report: a page about a run, or about several beside each other. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/replacement.h"
#include "base/text.h"
#include "commands.h"
#include "config/print.h"
#include "course.h"
#include "output/report.h"
#include "run_directory.h"
#include "rundir/checkpoint.h"
#include "rundir/rundir.h"

enum { STATE_SIZE = 64, VALUE_SIZE = TEXT_ESCAPED * SETTINGS_TEXT_SIZE };

/* A run and what its description borrows. */
typedef struct {
    char directory[RUNDIR_PATH_SIZE]; /* as given, without slashes at its end */
    History history;                  /* owned */
    Settings settings;
    char *missing;          /* why there are no settings; owned */
    ReportSetting *setting; /* (setting_count), and the values; owned */
    char state[STATE_SIZE];
} Source;

static void source_free(Source *source)
{
    for (size_t i = 0; source->setting && i < setting_count; i++) memory_free(source->setting[i].value);
    memory_free(source->setting);
    memory_free(source->missing);
    history_free(&source->history);
}

static Status take_directory(const char *given, Source *source)
{
    size_t length = strlen(given);
    while (length > 1 && given[length - 1] == '/') length--;
    if (length >= sizeof source->directory)
        return status_fail(STATUS_NO_INPUT, "the run directory's name is too long: \"%.100s...\"", given);
    memcpy(source->directory, given, length);
    return STATUS_OK;
}

static Status describe_state(const char *directory, Source *source)
{
    uint64_t *steps;
    size_t count;
    char holder[LOCK_HOLDER_SIZE];
    const Status st = checkpoint_list(directory, &steps, &count);
    if (st != STATUS_OK) return st;
    const Course course = course_of(&source->history);
    const char *end = course_end(&course, count ? steps[0] : 0);
    memory_free(steps);
    lock_holder(directory, holder);
    const char *state = *holder ? "running" : end ? end : course.starts ? "killed" : "not begun";
    snprintf(source->state, sizeof source->state, "%s", state);
    return STATUS_OK;
}

static Status print_setting(const Setting *setting, const Settings *settings, char **value)
{
    Status st = memory_new(value, VALUE_SIZE, "a setting");
    if (st != STATUS_OK) return st;
    FILE *out = fmemopen(*value, VALUE_SIZE - 1, "w");
    if (!out) return status_fail(STATUS_INTERNAL, "out of memory for a setting");
    print_value(setting, settings, out);
    fclose(out);
    return STATUS_OK;
}

/* A config that is not there, or cannot be read, is no failure: the page says so. */
static Status read_settings(const char *directory, Source *source)
{
    char path[RUNDIR_PATH_SIZE + 32], *text = NULL;
    size_t size;
    snprintf(path, sizeof path, "%.*s/config.cfg", RUNDIR_PATH_SIZE, directory);
    Status st = file_read(path, "config", SETTINGS_FILE_LIMIT, STATUS_CONFIG, &text, &size);
    if (st == STATUS_OK) st = settings_parse(&source->settings, path, text, size, NULL, 0);
    memory_free(text);
    if (st != STATUS_OK && st != STATUS_INTERNAL) {
        st = text_copy(&source->missing, status_message());
        status_clear();
        return st;
    }
    if (st == STATUS_OK) st = memory_new(&source->setting, setting_count, "the settings of a run");
    for (size_t i = 0; i < setting_count && st == STATUS_OK; i++) {
        source->setting[i].path = setting_table[i].path;
        st = print_setting(&setting_table[i], &source->settings, &source->setting[i].value);
    }
    return st;
}

static DatasetSource dataset_of(const Source *source)
{
    const Settings *s = &source->settings;
    if (!source->setting) return (DatasetSource){0};
    return (DatasetSource){
        .file = s->data.file,
        .images = {s->data.train_images, s->data.test_images},
        .labels = {s->data.train_labels, s->data.test_labels},
        .classes = (uint32_t)s->data.classes,
    };
}

static Status describe(const char *given, Source *source, ReportRun *run)
{
    const char *directory = source->directory;
    Status st = run_directory_check(given);
    if (st == STATUS_OK) st = take_directory(given, source);
    if (st == STATUS_OK) st = history_read(directory, &source->history);
    if (st == STATUS_OK) st = describe_state(directory, source);
    if (st == STATUS_OK) st = read_settings(directory, source);
    if (st != STATUS_OK) return st;
    *run = (ReportRun){
        .directory = directory,
        .state = source->state,
        .history = &source->history,
        .setting = source->setting,
        .settings = source->setting ? setting_count : 0,
        .settings_missing = source->missing,
        .source = dataset_of(source),
    };
    return STATUS_OK;
}

static Status write_page(const char *path, const ReportRun *run, size_t count)
{
    Replacement page;
    Status st = replacement_begin(path, &page);
    if (st != STATUS_OK) return st;
    st = report_write(page.stream, run, count);
    if (st == STATUS_OK) return replacement_end(&page);
    replacement_discard(&page);
    return st;
}

static Status report(const Invocation *invocation)
{
    Source source[REPORT_MOST_RUNS] = {0};
    ReportRun run[REPORT_MOST_RUNS];
    char path[RUNDIR_PATH_SIZE + 32];
    const size_t count = invocation->operand_count;
    const char *given = invocation_value(invocation, "output", NULL);
    Status st = STATUS_OK;
    if (count > 1 && !given)
        return status_fail(STATUS_USAGE,
                           "a page about %zu runs is none of them's report.html: name it with -o FILE.html", count);
    for (size_t i = 0; i < count && st == STATUS_OK; i++) st = describe(invocation->operands[i], &source[i], &run[i]);
    snprintf(path, sizeof path, "%s/report.html", source[0].directory);
    if (st == STATUS_OK) st = write_page(given ? given : path, run, count);
    if (st == STATUS_OK) text_line("", given ? given : path, stdout);
    for (size_t i = 0; i < count; i++) source_free(&source[i]);
    return st;
}

static const Option options[] = {
    {"output", 'o', "FILE.html", "the page to write (default, of a single run: RUNDIR/report.html)", false},
};

const Command command_report = {
    .name = "report",
    .operands = "RUNDIR...",
    .least_operands = 1,
    .most_operands = REPORT_MOST_RUNS,
    .summary = "Writes one self-contained HTML page about a run, or one that compares up to 8 runs; prints its path.",
    .example = "lockstep report runs/first",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .apart = true,
    .run = report,
};
