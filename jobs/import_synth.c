/* lockstep import synth: the embedded dataset, so that nobody needs a download. */
#include "base/memory.h"
#include "commands.h"
#include "data/synth.h"
#include "import.h"

static Status import_synth(const Invocation *invocation)
{
    long long train = 20000, test = 4000, seed = 1;
    const char *out = invocation_value(invocation, "output", NULL);
    Status st = invocation_number(invocation, "train", 1, 10000000, &train);
    if (st == STATUS_OK) st = invocation_number(invocation, "test", 1, 10000000, &test);
    if (st == STATUS_OK) st = invocation_number(invocation, "seed", 0, INT64_MAX, &seed);
    if (st == STATUS_OK) st = synth_import((uint64_t)seed, (uint32_t)train, (uint32_t)test, out);
    return st == STATUS_OK ? import_print(out) : st;
}

static const Option options[] = {
    {"train", 0, "N", "training images (default 20000)", false},
    {"test", 0, "N", "test images (default 4000)", false},
    {"seed", 0, "S", "another seed, other drawings (default 1)", false},
    {"output", 'o', "OUT.h5", "the HDF5 file to write; one that is there is replaced", true},
};

const Command command_import_synth = {
    .name = "import synth",
    .operands = "",
    .summary = "Draws a dataset of digits: no download is needed.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = import_synth,
};
