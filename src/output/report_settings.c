/* What a run was asked for, what it ran on, and the digests that tell whether another is the same. */
#include <stdio.h>
#include <string.h>

#include "output/markup.h"
#include "output/report_sections.h"

/* Is this the first setting of its group, of which "model" is one? */
static bool begins_group(const ReportRun *run, size_t i)
{
    const size_t length = strcspn(run->setting[i].path, ".");
    return i == 0 || strncmp(run->setting[i].path, run->setting[i - 1].path, length + 1) != 0;
}

void report_settings(FILE *out, const ReportRun *run)
{
    markup_section_begin(out, "settings", "Settings");
    if (!run->setting) markup_absent(out, "The settings are not known", run->settings_missing);
    fputs("<div class=\"columns\">\n", out);
    for (size_t i = 0; i < run->settings; i++) {
        if (begins_group(run, i)) fputs("<table class=\"facts\"><tbody>\n", out);
        markup_row(out, run->setting[i].path, run->setting[i].value);
        if (i + 1 == run->settings || begins_group(run, i + 1)) fputs("</tbody></table>\n", out);
    }
    fputs("</div>\n", out);
    markup_section_end(out);
}

/* A row with a text of the last start's record, if it has one. */
static void put_text(FILE *out, const Event *start, const char *name, const char *key)
{
    const char *text = history_text(start, key);
    if (*text) markup_row(out, name, text);
}

static void put_count(FILE *out, const char *name, uint64_t value)
{
    markup_row_begin(out, name);
    markup_count(out, value);
    markup_row_end(out);
}

/* The last digest of the model that is recorded; NULL: none. */
static const Event *last_model(const History *history)
{
    for (size_t i = history->count; i-- > 0;)
        if (*history->event[i].digest) return &history->event[i];
    return NULL;
}

static void write_digests(FILE *out, const History *history, const Event *start)
{
    const Event *model = last_model(history);
    if (model) {
        char name[64];
        snprintf(name, sizeof name, "model, step %llu", (unsigned long long)model->step);
        markup_row(out, name, model->digest);
    }
    put_text(out, start, "dataset", "dataset");
    put_text(out, start, "settings of the result", "settings");
    put_text(out, start, "program's sources", "source");
}

static void write_machine(FILE *out, const Event *start)
{
    static const char *const rows[][2] = {{"host of rank 0", "host"},
                                          {"processor", "processor_name"},
                                          {"best kernels for it", "processor"},
                                          {"kernels in use", "kernels"},
                                          {"exchange", "exchange"},
                                          {"zeros of the input", "zeros"},
                                          {"Lockstep", "version"},
                                          {"MPI", "mpi"},
                                          {"HDF5", "hdf5"},
                                          {"C library", "libc"},
                                          {"compiler", "compiler"},
                                          {"Slurm job", "slurm_job"},
                                          {"Slurm's nodes", "slurm_nodes"}};
    put_count(out, "ranks", start->ranks);
    put_count(out, "nodes", start->nodes);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) put_text(out, start, rows[i][0], rows[i][1]);
}

void report_machine(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    if (starts->count == 0) return;
    const Event *start = starts->start[starts->count - 1].begin;
    markup_section_begin(out, "digests", "Digests and sizes");
    fputs("<div class=\"wide\"><table class=\"facts\"><tbody>\n", out);
    write_digests(out, run->history, start);
    put_count(out, "parameters", start->parameters);
    put_count(out, "training samples", start->train_samples);
    put_count(out, "test samples", start->test_samples);
    put_count(out, "shards", start->shards);
    fputs("</tbody></table></div>\n", out);
    markup_section_end(out);
    markup_section_begin(out, "machine", "Machine, at the last start");
    fputs("<div class=\"wide\"><table class=\"facts\"><tbody>\n", out);
    write_machine(out, start);
    fputs("</tbody></table></div>\n", out);
    markup_section_end(out);
}
