/* lockstep verify */
#include "train/verify.h"

#include "commands.h"

static Status verify(const Invocation *invocation)
{
    return verify_run(invocation->operands[0], stdout);
}

const Command command_verify = {
    .name = "verify",
    .operands = "RUNDIR",
    .least_operands = 1,
    .most_operands = 1,
    .summary = "Proves from a run's records that each sample was used once an epoch, and checks its checkpoints.",
    .run = verify,
};
