/* lockstep bench */
#include "train/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_output.h"
#include "commands.h"
#include "config_file.h"
#include "train/build.h"
#include "train/check.h"

static const Option options[] = {
    {"json", 0, NULL, "one JSON object a line for each measurement", false},
    {"set", 0, "PATH=VALUE", "change one setting of the config; may be given many times", false},
    {"seconds", 0, "S", "measure for about so long in all (default 10; see below)", false},
};

static Status read_seconds(const Invocation *invocation, double *seconds)
{
    const char *text = invocation_value(invocation, "seconds", NULL);
    if (!text) return STATUS_OK;
    char *end;
    errno = 0;
    *seconds = strtod(text, &end);
    if (!errno && end != text && !*end && *seconds > 0.0 && *seconds <= 3600.0) return STATUS_OK;
    return status_fail(STATUS_USAGE, "--seconds %s: a number above 0, up to 3600, is needed", text);
}

/* The network of configs/mnist.cfg with 64 samples a rank; without nesterov, so that optimizer.momentum=0 needs no
 * other
 * --set. A config needs a data.file; unless --set names one there is none.
 */
static Status default_settings(const Invocation *invocation, int ranks, Settings *settings)
{
    static const char no_file[] = "drawn digits";
    char text[512];
    const int size = snprintf(text, sizeof text,
                              "data = { file = \"%s\"; };\n"
                              "model = { hidden = [500]; activation = \"relu\"; };\n"
                              "training = { epochs = 10; batch_size = %d; shards = %d; };\n"
                              "optimizer = { learning_rate = 0.1; momentum = 0.9; };\n",
                              no_file, 64 * ranks, ranks > 8 ? ranks : 8);
    const Status st = config_file_parse(invocation, "the built-in config", text, (size_t)size, settings);
    if (strcmp(settings->data.file, no_file) == 0) settings->data.file[0] = '\0';
    return st;
}

/* What rank 0 does while there is no MPI yet. */
static Status read_settings(const Invocation *invocation, Settings *settings)
{
    int rank, size;
    comm_launched(&rank, &size);
    if (rank > 0) return STATUS_OK;
    if (!invocation->operand_count) return default_settings(invocation, size, settings);
    const Status st = config_file_read(invocation, invocation->operands[0], settings);
    return st == STATUS_OK ? train_try_dataset(settings) : st;
}

/* Rank 0's, on every rank; st: of reading them. Collective; agreed. */
static Status share_settings(Comm *comm, Status st, Settings *settings)
{
    st = comm_agree(comm, st);
    if (st == STATUS_OK) comm_broadcast(comm, settings, sizeof *settings);
    return st;
}

static Status bench(const Invocation *invocation)
{
    static Settings settings;
    static BenchRow last;
    double seconds = 10.0;
    Comm *comm = NULL;
    Status st = read_seconds(invocation, &seconds);
    if (st != STATUS_OK) return st;
    const Status mine = read_settings(invocation, &settings);
    st = comm_begin(invocation->argc, invocation->argv, &comm);
    if (st != STATUS_OK) return st;
    const bool json = invocation_has(invocation, "json");
    st = build_check(comm);
    if (st == STATUS_OK) st = share_settings(comm, mine, &settings);
    if (st == STATUS_OK) st = bench_run(comm, &settings, seconds, json ? bench_print_json : bench_print_table, &last);
    status_report(st); /* before any rank leaves: mpirun then ends the others at once */
    comm_end(comm);
    return st;
}

static const char notes[] =
    "Without CONFIG: 784-500-10 with relu, 64 samples a rank, a shard for each rank and 8 at least, momentum 0.9, on "
    "digits\n"
    "drawn like those of \"import synth\", of whose values about 19 % are not zero. So too, with a warning, where the\n"
    "config's data.file is not there.\n"
    "\n"
    "Rows come as they are measured. However short S is, each thing is done once or twice: with 100000 samples a batch "
    "that\n"
    "takes many seconds.\n"
    "\n"
    "  a rank         GFLOP/s and GB/s are of one rank while all run, the mean over the ranks; only samples/s are of "
    "all\n"
    "  peak           multiply-adds on registers in the fastest of many blocks, which is what \"% of peak\" is of; "
    "beside\n"
    "                 it the peak of the slowest rank, and the median over the blocks\n"
    "  GFLOP/s        zeros skipped: only the work on values that are not zero counts. The kernels take four "
    "neighbours\n"
    "                 together unless all four are zero, so they do more than that. Of bf16 all values count here "
    "too,\n"
    "                 and sets without AMX leave out some zeros\n"
    "  as if dense    all values count, zeros too: it may exceed the peak\n"
    "  GB/s           bytes that the program reads and writes. pack: the pixels; sgd: gradient, parameters and "
    "momentum;\n"
    "                 digest: the parameters\n"
    "  us             microseconds: of a kernel the mean over the ranks, of a sum and of a step the slowest rank's\n"
    "  times as fast  the time of MPI_Allreduce and the update after it, divided by that of Lockstep's sum with its "
    "update\n"
    "  of the step    where its median block of steps went: mean over the ranks and the most of any. Mean times and "
    "the\n"
    "                 rest add up to the step. Where the ranks exchange operands, or one is alone, \"gradient and "
    "update\"\n"
    "                 has the weight gradient in it; else that belongs to \"forward and backward\"\n";

const Command command_bench = {
    .name = "bench",
    .operands = "[CONFIG]",
    .most_operands = 1,
    .summary = "Measures the machine's limits, and kernels, reduction and step of a config against them.",
    .example = "mpirun -n 2 lockstep bench configs/mnist.cfg --seconds 5",
    .notes = notes,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = bench,
};
