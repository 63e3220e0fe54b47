/* The settings of a training. One table (table.c) holds every setting's name, type, range, default and text; parsing,
 * --set, --help settings, the printed config and, at resume, the comparison of two configs all come from it. A setting
 * is added with the code that uses it, never before. The syntax is libconfig's (1.5), without @include, and with
 * integers of 64 bits whether they carry the suffix L or not. */
#ifndef LOCKSTEP_CONFIG_SETTINGS_H
#define LOCKSTEP_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/digest.h"
#include "base/status.h"

enum {
    SETTINGS_TEXT_SIZE = 1024,     /* a string setting with its closing zero, bytes */
    SETTINGS_MAX_HIDDEN = 64,      /* hidden layers */
    SETTINGS_FILE_LIMIT = 1 << 20, /* a config file, bytes */
};

typedef char SettingText[SETTINGS_TEXT_SIZE];

typedef struct {
    size_t count;
    int64_t value[SETTINGS_MAX_HIDDEN];
} SettingList;

/* Every member stands in the table under the name "group.member". A SettingText of a choice holds one of
 * the table's words. */
typedef struct {
    struct {
        SettingText name, dir; /* dir "" : runs/<name> */
        int64_t seed;
        double deadline_seconds; /* 0: none; below 0: as the time of a step suggests */
    } run;
    struct {
        SettingText file, sha256, train_images, train_labels, test_images, test_labels; /* sha256 "": any */
        int64_t classes;
        SettingText scaling; /* "unit", "standard", "none" */
    } data;
    struct {
        SettingList hidden;     /* neurons of each hidden layer; an empty list is a linear classifier */
        SettingText activation; /* "relu", "tanh", "sigmoid" */
        SettingText init;       /* "kaiming", "xavier", "uniform" */
    } model;
    struct {
        int64_t epochs, batch_size, shards;
        SettingText compute;    /* "fp32", "bf16" */
        SettingText reduction;  /* "tree", "mpi" */
        SettingText plan;       /* "replica", "node" */
        double target_accuracy; /* 0: none */
    } training;
    struct {
        SettingText name; /* "sgd" */
        double learning_rate, momentum, weight_decay;
        bool nesterov;
        struct {
            SettingText name;         /* "constant", "step", "cosine" */
            int64_t warmup_steps;     /* linear warm-up from learning_rate / warmup_steps */
            int64_t step_epochs;      /* step: multiplied by gamma every so many epochs */
            double gamma;             /* step */
            double min_learning_rate; /* cosine: approached at the end */
        } schedule;
    } optimizer;
    struct {
        int64_t every_epochs; /* 0: only at the end */
        SettingText mode;     /* "rank0", "all" */
        bool predictions;
    } evaluation;
    struct {
        int64_t every_epochs, every_steps; /* 0: not by this */
        double every_seconds;              /* 0: not by this */
        int64_t keep;
    } checkpoint;
    struct {
        double seconds;
        int64_t digest_every_steps;
        bool shard_digests, tensorboard, trace;
    } log;
} Settings;

/* A config: defaults < text < sets. text is the content of the file called name (for messages), of size bytes, no
 * closing zero needed; sets are the operands of --set, "path=value" each, applied in order, whose value is libconfig
 * syntax if it parses, else a string. An integer serves where a float is expected; nothing else is converted. Bytes of
 * *settings that hold no value are zero, so that equal settings are equal in memory. Local, touches no file.
 * STATUS_CONFIG: syntax, unknown key, wrong type, out of range, a missing setting that has no default, or settings that
 * contradict each other; the message names file and line (or the --set), the setting, what is allowed, and for an
 * unknown key the nearest known one; *settings is then of no use. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status settings_parse(Settings *settings, const char *name, const char *text, size_t size,
                                 const char *const *sets, size_t set_count);

/* The whole config in libconfig's syntax: settings_parse of what is written gives the same settings in every bit. Write
 * errors are left in out. */
void settings_print(const Settings *settings, FILE *out);

/* Whether a run with the settings of `before` may go on with those of `now`: STATUS_CONFIG names the first setting
 * whose change would change the result, with both values. Free are run.name, run.dir, training.plan and
 * target_accuracy, evaluation, checkpoint, log, the paths of data (the caller compares the values' digests), and more
 * training.epochs where no schedule depends on them.
 */
MUST_CHECK Status settings_check_resume(const Settings *before, const Settings *now);

/* Of all settings that may never change in a run: its other ones may be any. */
Digest settings_digest(const Settings *settings);

/* The table for people: every setting with what is allowed, default and text, in at most 120 columns. */
void settings_help(FILE *out);

#endif
