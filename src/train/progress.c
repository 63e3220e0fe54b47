#include "train/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/terminal.h"
#include "train/trainer.h"

enum { FIELD_SIZE = 64, LEAST_BAR = 10, MOST_BAR = 40 };

static const double redraw_seconds = 0.1;

/* In the order of the line. */
typedef enum { FIELD_EPOCH, FIELD_BAR, FIELD_STEP, FIELD_LOSS, FIELD_SPEED, FIELD_LEFT, FIELD_SAVE, FIELDS } Field;

/* What the line does without first. */
static const Field dispensable[] = {FIELD_SAVE, FIELD_BAR, FIELD_SPEED, FIELD_STEP, FIELD_LEFT, FIELD_LOSS};

void progress_time(double seconds, char text[PROGRESS_TIME_SIZE])
{
    const double most = 3600.0 * 1e6;
    const uint64_t whole = (uint64_t)(seconds < most ? (seconds > 0.0 ? seconds : 0.0) + 0.999 : most);
    const uint64_t hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours)
        snprintf(text, PROGRESS_TIME_SIZE, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, hours, minutes, whole % 60);
    else
        snprintf(text, PROGRESS_TIME_SIZE, "%" PRIu64 ":%02" PRIu64, minutes, whole % 60);
}

/* A bar in brackets, in so many columns. */
static void write_bar(const ProgressFigures *f, size_t columns, char *out)
{
    const size_t inside = columns - 2, done = (size_t)(inside * f->in_epoch / f->epoch_steps);
    *out++ = '[';
    memset(out, '=', done);
    memset(out + done, '.', inside - done);
    strcpy(out + inside, "]");
}

/* The bar as short as it may be. Figures that grow do not move what stands behind them. */
static void write_fields(const ProgressFigures *f, char field[FIELDS][FIELD_SIZE])
{
    char left[PROGRESS_TIME_SIZE], save[PROGRESS_TIME_SIZE];
    const int digits = snprintf(NULL, 0, "%" PRIu64, f->steps);
    progress_time(f->left, left);
    progress_time(f->save, save);
    write_bar(f, LEAST_BAR, field[FIELD_BAR]);
    snprintf(field[FIELD_EPOCH], FIELD_SIZE, "epoch %" PRIu64 "/%" PRIu64, f->epoch, f->epochs);
    snprintf(field[FIELD_STEP], FIELD_SIZE, "step %*" PRIu64 "/%" PRIu64, digits, f->step, f->steps);
    snprintf(field[FIELD_LOSS], FIELD_SIZE, "loss %.4f", f->loss);
    snprintf(field[FIELD_SPEED], FIELD_SIZE, "%.0f samples/s", f->speed);
    snprintf(field[FIELD_LEFT], FIELD_SIZE, "%s left", left);
    snprintf(field[FIELD_SAVE], FIELD_SIZE, "save in %s", save);
}

/* With a blank before each but the first. */
static size_t length_of(char field[FIELDS][FIELD_SIZE])
{
    size_t length = 0;
    for (int i = 0; i < FIELDS; i++)
        if (*field[i]) length += strlen(field[i]) + (i > 0);
    return length;
}

void progress_line(const ProgressFigures *f, size_t columns, char *line, size_t size)
{
    char field[FIELDS][FIELD_SIZE];
    const size_t room = columns < size ? columns : size - 1;
    write_fields(f, field);
    for (size_t i = 0; i < sizeof dispensable / sizeof *dispensable && length_of(field) > room; i++)
        *field[dispensable[i]] = '\0';
    if (*field[FIELD_BAR]) {
        const size_t bar = room - length_of(field) + LEAST_BAR;
        write_bar(f, bar < MOST_BAR ? bar : MOST_BAR, field[FIELD_BAR]);
    }
    size_t length = (size_t)snprintf(line, room + 1, "%s", field[FIELD_EPOCH]);
    for (int i = FIELD_EPOCH + 1; i < FIELDS; i++)
        if (*field[i]) length += (size_t)snprintf(line + length, room + 1 - length, " %s", field[i]);
}

void progress_begin(Trainer *t)
{
    t->progress.began = t->progress.drawn = clock_seconds();
}

void progress_begin_epoch(Trainer *t)
{
    t->progress.first = t->step;
    t->progress.training = trainer_training_seconds(t);
}

/* The samples of the first `steps` steps of an epoch. */
static uint64_t samples_of(const Trainer *t, uint64_t steps)
{
    const uint64_t samples = steps * (uint64_t)t->settings->training.batch_size;
    return samples < t->loader.rows ? samples : t->loader.rows;
}

/* Of all steps from the run's beginning. */
static uint64_t samples_until(const Trainer *t, uint64_t step)
{
    return step / t->steps_per_epoch * t->loader.rows + samples_of(t, step % t->steps_per_epoch);
}

double trainer_speed(const Trainer *t)
{
    if (t->step == t->first_step) return (double)NAN;
    return (double)(samples_until(t, t->step) - samples_until(t, t->first_step)) / trainer_training_seconds(t);
}

double progress_speed(const Trainer *t)
{
    return (double)(samples_until(t, t->step) - samples_until(t, t->progress.first)) /
           (trainer_training_seconds(t) - t->progress.training);
}

/* The last step of this start. */
static uint64_t end_of(const Trainer *t)
{
    const uint64_t total = t->schedule.total;
    if (t->options.stop_after_steps < 0) return total;
    const uint64_t asked = t->first_step + (uint64_t)t->options.stop_after_steps;
    return asked < total ? asked : total;
}

/* How many steps after `step` the next multiple of `every` comes; 0: never. */
static uint64_t to_multiple(uint64_t step, uint64_t every)
{
    return every ? every - step % every : 0;
}

/* Of the next checkpoint of any kind, a step taking so many seconds. */
static double seconds_to_save(const Trainer *t, double a_step)
{
    const Settings *s = t->settings;
    const uint64_t until[] = {
        to_multiple(t->step, (uint64_t)s->checkpoint.every_steps),
        to_multiple(t->step, (uint64_t)s->checkpoint.every_epochs * t->steps_per_epoch),
    };
    double least = a_step * (double)(end_of(t) - t->step);
    for (size_t i = 0; i < sizeof until / sizeof *until; i++)
        if (until[i] && a_step * (double)until[i] < least) least = a_step * (double)until[i];
    const double by_time = t->last_save + s->checkpoint.every_seconds - clock_seconds();
    return s->checkpoint.every_seconds > 0.0 && by_time < least ? by_time : least;
}

/* After a step: a whole epoch is told as that, not as nothing of the next one. */
static ProgressFigures figures_of(const Trainer *t)
{
    const uint64_t epoch = (t->step - 1) / t->steps_per_epoch, in_epoch = t->step - epoch * t->steps_per_epoch;
    const double a_step = (clock_seconds() - t->progress.began) / (double)(t->step - t->first_step);
    return (ProgressFigures){
        .epoch = epoch + 1,
        .epochs = (uint64_t)t->settings->training.epochs,
        .step = t->step,
        .steps = t->schedule.total,
        .in_epoch = in_epoch,
        .epoch_steps = t->steps_per_epoch,
        .loss = t->epoch_loss / (double)samples_of(t, in_epoch),
        .speed = progress_speed(t),
        .left = a_step * (double)(end_of(t) - t->step),
        .save = seconds_to_save(t, a_step),
    };
}

/* A message; where there is a line, in the file alone. */
static void tell(const ProgressFigures *f)
{
    char left[PROGRESS_TIME_SIZE], text[256];
    progress_time(f->left, left);
    snprintf(text, sizeof text,
             "epoch %" PRIu64 "/%" PRIu64 ", step %" PRIu64 "/%" PRIu64 ": train loss %.4f, %.0f samples/s, %s left",
             f->epoch, f->epochs, f->step, f->steps, f->loss, f->speed, left);
    if (terminal_redraws())
        log_to_file("%s", text);
    else
        log_info("%s", text);
}

/* A column is left free: some terminals wrap when the last one is written. */
static void draw(const ProgressFigures *f)
{
    char line[LOG_STANDING_SIZE];
    progress_line(f, terminal_columns() - 1, line, sizeof line);
    log_stand(line);
}

void progress_step(Trainer *t)
{
    const double now = clock_seconds();
    const bool draws = terminal_redraws() && now - t->progress.drawn >= redraw_seconds;
    const bool tells = now - t->last_log >= t->settings->log.seconds && t->step % t->steps_per_epoch != 0;
    if (!draws && !tells) return;
    const ProgressFigures figures = figures_of(t);
    if (draws) {
        t->progress.drawn = now;
        draw(&figures);
    }
    if (tells) {
        t->last_log = now;
        tell(&figures);
        records_flush(t->run.records);
        events_flush(t->board.events);
    }
}

void progress_end(void)
{
    log_stand("");
}
