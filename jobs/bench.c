/* lockstep bench */
#include "train/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench_output.h"
#include "commands.h"
#include "config_file.h"
#include "train/build.h"
#include "train/check.h"

static const Option options[] = {
    {"json", 0, NULL, "one JSON object a line for each measurement", false},
    {"set", 0, "PATH=VALUE", "change one setting of the config; may be given many times", false},
    {"seconds", 0, "S", "measure for about so long in all (default 10)", false},
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

/* What configs/mnist.cfg trains, at 64 samples a rank, and a shard for each. No file has this name: digits are drawn.
 */
static Status default_settings(const Invocation *invocation, int ranks, Settings *settings)
{
    char text[512];
    const int size = snprintf(text, sizeof text,
                              "data = { file = \"/dev/null/none\"; };\n"
                              "model = { hidden = [500]; activation = \"relu\"; };\n"
                              "training = { epochs = 10; batch_size = %d; shards = %d; };\n"
                              "optimizer = { learning_rate = 0.1; momentum = 0.9; nesterov = true;\n"
                              "              schedule = { name = \"cosine\"; }; };\n",
                              64 * ranks, ranks > 8 ? ranks : 8);
    return config_file_parse(invocation, "the built-in config", text, (size_t)size, settings);
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

const Command command_bench = {
    .name = "bench",
    .operands = "[CONFIG]",
    .most_operands = 1,
    .summary = "Measures the machine's limits, and kernels, reduction and step of a config against them.",
    .example = "mpirun -n 2 lockstep bench configs/mnist.cfg --seconds 5",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = bench,
};
