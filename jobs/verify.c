/* lockstep verify */
#include "train/verify.h"

#include "commands.h"
#include "run_directory.h"

static const Option options[] = {
    {"data", 0, "FILE", "where the dataset is now (default: where it was when it was trained with)", false},
};

static Status verify(const Invocation *invocation)
{
    const char *run = invocation->operands[0];
    Status st = run_directory_check(run);
    return st == STATUS_OK ? verify_run(run, invocation_value(invocation, "data", NULL), stdout) : st;
}

const Command command_verify = {
    .name = "verify",
    .operands = "RUNDIR",
    .least_operands = 1,
    .most_operands = 1,
    .summary = "Proves a run's order of samples and chain of digests; does not compute its arithmetic again.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .note =
        "Exit code 65: something contradicts something, the line or file is named. 66: nothing does, but the newest\n"
        "checkpoint, best.h5 or predictions.csv is missing, which the records tell of. 74: nothing does, but records "
        "were\n"
        "lost when the disk was full or failed; the checkpoints say which, and of these steps nothing is proven.",
    .apart = true,
    .run = verify,
};
