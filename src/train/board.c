#include "train/board.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/print.h"
#include "train/trainer.h"

enum { MOST_POINTS = 10000 };

Status board_init(Board *board, int dimensions, const uint64_t *extent)
{
    Status st = memory_new(&board->histogram, 1, "a histogram");
    return st == STATUS_OK ? mistakes_init(&board->mistakes, dimensions, extent) : st;
}

void board_free(Board *board)
{
    events_close(board->events);
    memory_free(board->histogram);
    mistakes_free(&board->mistakes);
    *board = (Board){0};
}

/* Indented, so that Markdown takes nothing in it for its own. */
static Status put_config(Trainer *t)
{
    enum { INDENT = 4 };
    size_t lines = 1;
    for (const char *at = t->config; *at; at++) lines += *at == '\n';
    char *text, *to;
    const Status st = memory_new(&text, strlen(t->config) + lines * INDENT + 1, "the config's text");
    if (st != STATUS_OK) return st;
    to = text;
    for (const char *line = t->config, *end; *line; line = end) {
        end = line + strcspn(line, "\n");
        end += *end == '\n';
        memset(to, ' ', INDENT);
        memcpy(to + INDENT, line, (size_t)(end - line));
        to += INDENT + (end - line);
    }
    events_text(t->board.events, t->step + 1, "config", text);
    memory_free(text);
    return STATUS_OK;
}

static Status take_hparam(const Setting *setting, const Settings *settings, EventHparam *hparam)
{
    const void *member = (const char *)settings + setting->offset;
    hparam->name = setting->path;
    if (setting->type == SETTING_INTEGER && llabs(*(const int64_t *)member) <= 1LL << DBL_MANT_DIG)
        hparam->number = (double)*(const int64_t *)member;
    else if (setting->type == SETTING_FLOAT)
        hparam->number = *(const double *)member;
    else if (setting->type == SETTING_CHOICE)
        snprintf(hparam->text, sizeof hparam->text, "%s", (const char *)member);
    else {
        FILE *text = fmemopen(hparam->text, sizeof hparam->text, "w");
        if (!text) return status_fail(STATUS_INTERNAL, "out of memory: a setting's text for TensorBoard");
        print_value(setting, settings, text);
        fclose(text);
    }
    return STATUS_OK;
}

static Status put_hparams(Trainer *t)
{
    EventHparam *hparam;
    size_t count = 0;
    Status st = memory_new(&hparam, setting_count, "the settings for TensorBoard");
    for (const Setting *s = setting_table; s < setting_table + setting_count && st == STATUS_OK; s++)
        if (s->resume != RESUME_FREE) st = take_hparam(s, t->settings, &hparam[count++]);
    if (st == STATUS_OK) events_hparams(t->board.events, t->step + 1, count, hparam);
    memory_free(hparam);
    return st;
}

Status board_open(Trainer *t)
{
    Status st = events_open(t->run.path, t->step + 1, &t->board.events);
    if (st == STATUS_OK) st = put_config(t);
    return st == STATUS_OK ? put_hparams(t) : st;
}

void board_step(Trainer *t, const ChainLink *link)
{
    const uint64_t every = (t->schedule.total + MOST_POINTS - 1) / MOST_POINTS;
    if (link->step % every != 0 && link->step != t->schedule.total) return;
    const EventScalar scalar[] = {{"train/loss", link->loss}, {"train/learning_rate", link->learning_rate}};
    events_scalars(t->board.events, link->step, sizeof scalar / sizeof *scalar, scalar);
}

static void add_run(void *histogram, const float *value, size_t count)
{
    histogram_add(histogram, value, count);
}

static void put_parameters(Trainer *t)
{
    Histogram *histogram = t->board.histogram;
    for (size_t tensor = 0; tensor < network_tensors(&t->network); tensor++) {
        char tag[80] = "parameters/";
        network_tensor_name(&t->network, tensor, tag + strlen(tag));
        *histogram = (Histogram){.values = 0};
        network_each_run(&t->network, t->parameter, tensor, add_run, histogram);
        events_histogram(t->board.events, t->step, tag, histogram);
    }
}

/* Any rank may have the image. Collective. */
static void put_mistakes(Trainer *t)
{
    Mistakes *mistakes = &t->board.mistakes;
    char text[MISTAKES_TEXT];
    mistakes_choose(mistakes, t->test_rows, t->prediction);
    mistakes_fill(mistakes, &t->test);
    comm_sum_words(t->comm, mistakes->cell, mistakes->words);
    if (!t->board.events || mistakes->count == 0) return;
    mistakes_list(mistakes, text);
    events_text(t->board.events, t->step, "mistakes/list", text);
    if (mistakes->height == 0) return;
    mistakes_draw(mistakes);
    events_image(t->board.events, t->step, "mistakes/worst", mistakes->picture_height, mistakes->picture_width,
                 mistakes->picture);
}

void board_epoch(Trainer *t, const CheckpointScore *score, double samples_per_second)
{
    const double evaluated = (double)score->count;
    const EventScalar scalar[] = {{"epoch/train_loss", t->replica[0].epoch_loss / t->loader.rows},
                                  {"epoch/samples_per_second", samples_per_second},
                                  {"epoch/test_loss", score->loss},
                                  {"epoch/test_accuracy", (double)score->correct / evaluated}};
    events_scalars(t->board.events, t->step, score->count ? 4 : 2, scalar);
    if (t->board.events) put_parameters(t);
    if (score->count) put_mistakes(t);
}
