/* lockstep train */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/apart.h"
#include "base/log.h"
#include "commands.h"
#include "config_file.h"
#include "train/build.h"
#include "train/check.h"
#include "train/signals.h"
#include "train/trainer.h"

enum { PATH_SIZE = 4096 }; /* of a run directory */

static const Option options[] = {
    {"run", 0, "DIR", "run directory (default: run.dir, else runs/<run.name>)", false},
    {"resume", 0, "auto|none|FILE",
     "go on from the newest checkpoint if there is one (default), start anew, or go on from FILE", false},
    {"stop-after-steps", 0, "N", "train N steps, write a checkpoint, exit 75", false},
    {"set", 0, "PATH=VALUE", "change one setting of the config; may be given many times", false},
    {"check", 0, NULL, "validate config and dataset, print model, memory and steps; train nothing", false},
    {"ranks", 0, "N", "with --check: for N ranks (default: as many as were started)", false},
    {"print-config", 0, NULL, "print the whole config, defaults and --set included; train nothing", false},
    {"quiet", 0, NULL, "only warnings, errors and the last line", false},
};

/* What rank 0 does while there is no MPI yet. */
static Status read_settings(const Invocation *invocation, Settings *settings, char *path, size_t size)
{
    Status st = config_file_read(invocation, invocation->operands[0], settings);
    if (st == STATUS_OK) st = config_file_run(invocation, settings, path, size);
    if (st == STATUS_OK) st = train_try_dataset(settings);
    return st;
}

/* Everyone gets rank 0's result, so that it is equal by construction. What else of the options every rank uses is rank
 * 0's too. Collective; agreed. */
static Status share_settings(Comm *comm, Status st, Settings *settings, char *path, size_t size,
                             TrainerOptions *trainer_options)
{
    st = comm_agree(comm, st);
    if (st != STATUS_OK) return st;
    comm_broadcast(comm, settings, sizeof *settings);
    comm_broadcast(comm, path, size);
    comm_broadcast(comm, &trainer_options->stop_after_steps, sizeof trainer_options->stop_after_steps);
    return STATUS_OK;
}

static Status read_options(const Invocation *invocation, const char *path, TrainerOptions *trainer_options)
{
    const char *resume = invocation_value(invocation, "resume", "auto");
    long long steps = -1;
    Status st = invocation_number(invocation, "stop-after-steps", 0, INT64_MAX, &steps);
    if (st == STATUS_OK && !*invocation_value(invocation, "run", "-"))
        st = status_fail(STATUS_USAGE, "train: --run needs the name of a directory");
    *trainer_options = (TrainerOptions){
        .run_path = path,
        .resume = strcmp(resume, "auto") == 0   ? RESUME_AUTO
                  : strcmp(resume, "none") == 0 ? RESUME_NONE
                                                : RESUME_FILE,
        .checkpoint = resume,
        .stop_after_steps = steps,
    };
    return st;
}

typedef struct {
    const Settings *settings;
    const char *path;
    size_t ranks;
    bool fresh;
} Plan;

static Status check(void *context)
{
    const Plan *plan = context;
    return train_check(plan->settings, plan->ranks, plan->path, plan->fresh, stdout);
}

/* --check and --print-config: without MPI; under mpirun rank 0 alone looks, and the others leave. */
static Status look_only(const Invocation *invocation, const TrainerOptions *trainer_options)
{
    Settings settings;
    char path[PATH_SIZE];
    int rank, size;
    comm_launched(&rank, &size);
    long long ranks = size;
    Status st = invocation_number(invocation, "ranks", 1, 1 << 20, &ranks);
    if (st != STATUS_OK || rank > 0) return st;
    st = config_file_read(invocation, invocation->operands[0], &settings);
    if (st == STATUS_OK) st = config_file_run(invocation, &settings, path, sizeof path);
    if (st != STATUS_OK) return st;
    if (invocation_has(invocation, "print-config")) settings_print(&settings, stdout);
    if (!invocation_has(invocation, "check")) return STATUS_OK;
    Plan plan = {&settings, path, (size_t)ranks, trainer_options->resume == RESUME_NONE};
    return apart_run(check, &plan, APART_SECONDS, settings.data.file);
}

/* From the settings to the end. Collective; agreed. */
static Status run(Comm *comm, const Settings *settings, const TrainerOptions *trainer_options, char last_line[128])
{
    static Trainer trainer;
    Status st = trainer_open(&trainer, comm, settings, trainer_options);
    if (st != STATUS_OK) return st;
    st = trainer_run(&trainer, last_line);
    status_report(st); /* while log.txt is open */
    trainer_close(&trainer);
    return st;
}

static Status train(const Invocation *invocation)
{
    static Settings settings;
    char path[PATH_SIZE] = "", last_line[128];
    TrainerOptions trainer_options;
    Status st = read_options(invocation, path, &trainer_options);
    if (st != STATUS_OK) return st;
    if (invocation_has(invocation, "check") || invocation_has(invocation, "print-config"))
        return look_only(invocation, &trainer_options);
    if (invocation_has(invocation, "ranks"))
        return status_fail(STATUS_USAGE, "train: --ranks goes with --check; mpirun -n N starts N ranks");
    log_set_quiet(invocation_has(invocation, "quiet"));
    int rank, size;
    comm_launched(&rank, &size);
    const Status mine = rank == 0 ? read_settings(invocation, &settings, path, sizeof path) : STATUS_OK;
    Comm *comm = NULL;
    signals_begin(); /* those that come while MPI starts, too */
    st = comm_begin(invocation->argc, invocation->argv, &comm);
    if (st != STATUS_OK) return st;
    assert(comm_rank(comm) != 0 || rank == 0);
    st = build_check(comm);
    if (st == STATUS_OK) st = share_settings(comm, mine, &settings, path, sizeof path, &trainer_options);
    if (st == STATUS_OK) st = run(comm, &settings, &trainer_options, last_line);
    status_report(st); /* before any rank leaves: mpirun then ends the others at once */
    if (st == STATUS_OK && comm_rank(comm) == 0) puts(last_line);
    comm_end(comm);
    return st;
}

const Command command_train = {
    .name = "train",
    .operands = "CONFIG",
    .least_operands = 1,
    .most_operands = 1,
    .summary = "Trains a network; under mpirun -n N on N ranks, with the same result.",
    .example = "mpirun -n 2 lockstep train configs/synth.cfg --run runs/first --set training.epochs=3",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = train,
};
