#include "config/table.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* clang-format off */

/* The first columns of a row; a member of another type than the row says does not compile. */
#define MEMBER(member, ctype, type) \
    #member, _Generic(&((Settings *)0)->member, ctype *: (type)), offsetof(Settings, member)
#define TEXT(member, bytes) MEMBER(member, SettingText, SETTING_TEXT), .least = (bytes)
#define NAME(member) MEMBER(member, SettingText, SETTING_NAME)
#define SHA256(member) MEMBER(member, SettingText, SETTING_SHA256)
#define CHOICE(member, ...) \
    MEMBER(member, SettingText, SETTING_CHOICE), .words = (const char *const[]){__VA_ARGS__, NULL}
#define INTEGER(member, from, to) MEMBER(member, int64_t, SETTING_INTEGER), .least = (from), .most = (to)
#define FLOAT(member, from, to) MEMBER(member, double, SETTING_FLOAT), .low = (from), .high = (to)
#define BOOL(member) MEMBER(member, bool, SETTING_BOOL)
#define LIST(member, from, to) MEMBER(member, SettingList, SETTING_LIST), .least = (from), .most = (to)

const Setting setting_table[] = {
    {NAME(run.name), .fallback = "\"run\"", .text = "name of the run", .resume = RESUME_FREE},
    {TEXT(run.dir, 0), .fallback = "\"\"", .text = "run directory; empty: runs/<run.name>", .resume = RESUME_FREE},
    {INTEGER(run.seed, 0, INT64_MAX), .fallback = "1", .text = "seed of every random decision"},
    {FLOAT(run.deadline_seconds, -1, 1e6), .fallback = "-1.0",
     .text = "the most a rank waits; 0: no limit; -1: by step times", .resume = RESUME_FREE},

    {TEXT(data.file, 1), .text = "HDF5 file with the samples", .resume = RESUME_FREE},
    {SHA256(data.sha256), .fallback = "\"\"", .text = "SHA-256 that the file must have; empty: any", .resume = RESUME_FREE},
    {TEXT(data.train_images, 1), .fallback = "\"/train/images\"", .text = "training images in the file", .resume = RESUME_FREE},
    {TEXT(data.train_labels, 1), .fallback = "\"/train/labels\"", .text = "training labels in the file", .resume = RESUME_FREE},
    {TEXT(data.test_images, 1), .fallback = "\"/test/images\"", .text = "test images in the file", .resume = RESUME_FREE},
    {TEXT(data.test_labels, 1), .fallback = "\"/test/labels\"", .text = "test labels in the file", .resume = RESUME_FREE},
    {INTEGER(data.classes, 2, 65536), .fallback = "10", .text = "classes: labels are 0 to classes - 1"},
    {CHOICE(data.scaling, "unit", "standard", "none"), .fallback = "\"unit\"",
     .text = "pixels to [0, 1], to mean 0, deviation 1, or kept"},

    {LIST(model.hidden, 1, 1 << 20), .fallback = "[500]",
     .text = "neurons of each hidden layer; []: a linear classifier"},
    {CHOICE(model.activation, "relu", "tanh", "sigmoid"), .fallback = "\"relu\"", .text = "after each hidden layer"},
    {CHOICE(model.init, "kaiming", "xavier", "uniform"), .fallback = "\"kaiming\"",
     .text = "how weights are first drawn"},

    {INTEGER(training.epochs, 1, 1000000), .fallback = "10", .text = "passes over the training set",
     .resume = RESUME_GROWS},
    {INTEGER(training.batch_size, 1, INT32_MAX), .fallback = "64", .text = "samples per step, over all ranks"},
    {INTEGER(training.shards, 1, 1024), .fallback = "8",
     .text = "parts of the data: the most ranks; part of the result"},
    {CHOICE(training.compute, "fp32", "bf16"), .fallback = "\"fp32\"", .later = true,
     .text = "operands of the products of layers 32 wide or more"},
    {CHOICE(training.reduction, "tree", "mpi"), .fallback = "\"tree\"",
     .text = "tree: same bits on any number of ranks"},
    {CHOICE(training.plan, "replica", "node"), .fallback = "\"replica\"",
     .text = "parameters: a copy per rank, or one per node", .resume = RESUME_FREE},
    {FLOAT(training.target_accuracy, 0, 1), .fallback = "0.0",
     .text = "test accuracy that ends training; 0: none", .resume = RESUME_FREE},

    {CHOICE(optimizer.name, "sgd"), .fallback = "\"sgd\"", .text = "method of the update"},
    {FLOAT(optimizer.learning_rate, 0, 1e6), .above_low = true, .fallback = "0.1", .text = "step length per gradient"},
    {FLOAT(optimizer.momentum, 0, 1), .below_high = true, .fallback = "0.0", .text = "share of the last update kept"},
    {BOOL(optimizer.nesterov), .fallback = "false", .text = "look-ahead gradient; needs momentum > 0"},
    {FLOAT(optimizer.weight_decay, 0, 1e6), .fallback = "0.0",
     .text = "L2: this times each weight, added to its gradient"},

    {CHOICE(optimizer.schedule.name, "constant", "step", "cosine"), .fallback = "\"constant\"",
     .text = "course of the learning rate"},
    {INTEGER(optimizer.schedule.warmup_steps, 0, INT32_MAX), .fallback = "0", .text = "steps of linear warm-up"},
    {INTEGER(optimizer.schedule.step_epochs, 1, 1000000), .fallback = "10", .text = "step: epochs between two drops"},
    {FLOAT(optimizer.schedule.gamma, 0, 1), .above_low = true, .fallback = "0.1", .text = "step: factor of each drop"},
    {FLOAT(optimizer.schedule.min_learning_rate, 0, 1e6), .fallback = "0.0",
     .text = "cosine: learning rate that is approached at the end"},

    {INTEGER(evaluation.every_epochs, 0, 1000000), .fallback = "1",
     .text = "epochs between evaluations; 0: only at the end", .resume = RESUME_FREE},
    {CHOICE(evaluation.mode, "rank0", "all"), .fallback = "\"rank0\"", .text = "ranks that evaluate", .resume = RESUME_FREE},
    {BOOL(evaluation.predictions), .fallback = "true", .text = "write predictions.csv at the end", .resume = RESUME_FREE},

    {INTEGER(checkpoint.every_epochs, 0, 1000000), .fallback = "1", .text = "epochs between checkpoints; 0: not by epochs", .resume = RESUME_FREE},
    {INTEGER(checkpoint.every_steps, 0, INT32_MAX), .fallback = "0", .text = "steps between checkpoints; 0: not by steps", .resume = RESUME_FREE},
    {FLOAT(checkpoint.every_seconds, 0, 1e9), .fallback = "600.0", .text = "seconds between checkpoints; 0: not by time", .resume = RESUME_FREE},
    {INTEGER(checkpoint.keep, 2, 1000000), .fallback = "3", .text = "newest good checkpoints kept, besides the best", .resume = RESUME_FREE},

    {FLOAT(log.seconds, 0, 1e6), .fallback = "10.0", .text = "seconds between progress lines", .resume = RESUME_FREE},
    {INTEGER(log.digest_every_steps, 0, INT32_MAX), .fallback = "1000",
     .text = "steps between replica checks; 0: checkpoints and end", .resume = RESUME_FREE},
    {BOOL(log.shard_digests), .fallback = "false",
     .text = "record each shard's gradient by digest; slower", .resume = RESUME_FREE},
    {BOOL(log.tensorboard), .fallback = "false",
     .text = "write TensorBoard's event files to the run directory", .resume = RESUME_FREE},
    {BOOL(log.trace), .fallback = "false",
     .text = "write trace.json, a timeline of all ranks in a start", .resume = RESUME_FREE},
};
/* clang-format on */

const size_t setting_count = sizeof setting_table / sizeof *setting_table;
_Static_assert(sizeof setting_table / sizeof *setting_table <= SETTING_MOST, "SETTING_MOST is too small");

const Setting *setting_find(const char *path)
{
    for (size_t i = 0; i < setting_count; i++)
        if (strcmp(setting_table[i].path, path) == 0) return &setting_table[i];
    return NULL;
}

static bool is_group(const char *path, size_t length)
{
    if (length == 0) return true;
    for (size_t i = 0; i < setting_count; i++)
        if (strncmp(setting_table[i].path, path, length) == 0 && setting_table[i].path[length] == '.') return true;
    return false;
}

bool setting_is_group(const char *path)
{
    return is_group(path, strlen(path));
}

size_t setting_group_length(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? (size_t)(dot - path) : 0;
}

static const char *last_component(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

enum { PATH_SIZE = 64 };

/* The member (setting or group) of a known group whose name is nearest to that of path. */
static const char *nearest_member(const char *path, size_t group)
{
    static char members[SETTING_MOST][PATH_SIZE]; /* whole paths */
    const char *names[SETTING_MOST];              /* views into members: last components */
    const size_t start = group ? group + 1 : 0;
    size_t count = 0;
    for (size_t i = 0; i < setting_count; i++) {
        const char *known = setting_table[i].path;
        if (strncmp(known, path, start) != 0) continue;
        const size_t length = start + strcspn(known + start, ".");
        assert(length < PATH_SIZE);
        snprintf(members[count], PATH_SIZE, "%.*s", (int)length, known);
        if (count > 0 && strcmp(members[count], members[count - 1]) == 0) continue;
        names[count] = members[count] + start;
        count++;
    }
    const int nearest = text_nearest(path + start, names, count);
    return nearest < 0 ? NULL : members[nearest];
}

const char *setting_suggest(const char *path)
{
    const size_t group = setting_group_length(path);
    const char *nearest = NULL;
    if (is_group(path, group))
        nearest = nearest_member(path, group);
    else {
        const char *paths[SETTING_MOST];
        for (size_t i = 0; i < setting_count; i++) paths[i] = setting_table[i].path;
        const int index = text_nearest(path, paths, setting_count);
        if (index >= 0) nearest = paths[index];
    }
    /* The right name in the wrong group. */
    for (size_t i = 0; !nearest && i < setting_count; i++)
        if (strcmp(last_component(setting_table[i].path), last_component(path)) == 0) nearest = setting_table[i].path;
    return nearest;
}
