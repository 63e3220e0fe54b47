/* lockstep digest: the model's digest, which is the same for the same weights whatever file holds them. */
#include <stdio.h>

#include "commands.h"
#include "run_directory.h"
#include "rundir/checkpoint.h"

static Status print_digest(const Invocation *invocation)
{
    Checkpoint checkpoint;
    char hex[DIGEST_HEX_SIZE];
    Status st = run_directory_refuse(invocation->operands[0]);
    if (st == STATUS_OK) st = checkpoint_read(invocation->operands[0], &checkpoint);
    if (st != STATUS_OK) return st;
    digest_hex(checkpoint.model, hex);
    puts(hex);
    checkpoint_free(&checkpoint);
    return STATUS_OK;
}

const Command command_digest = {
    .name = "digest",
    .operands = "CHECKPOINT",
    .least_operands = 1,
    .most_operands = 1,
    .summary = "Prints the digest of a checkpoint's model, 32 hex digits.",
    .apart = true,
    .run = print_digest,
};
