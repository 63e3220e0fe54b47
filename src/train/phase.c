/* Where a rank's time goes, and when it is to end. */
#include "base/clock.h"
#include "base/fault.h"
#include "train/trainer.h"

const char *const phase_place[PHASES] = {
    [PHASE_LOAD] = "set-up",
    [PHASE_PACK] = "packing",
    [PHASE_COMPUTE] = "forward and backward",
    [PHASE_REDUCE] = "the reduction",
    [PHASE_UPDATE] = "the update",
    [PHASE_EVALUATE] = "the evaluation",
    [PHASE_IDLE] = "the end of the evaluation",
    [PHASE_CHECK] = "the replica check",
    [PHASE_SAVE] = "the checkpoint",
    [PHASE_RECORD] = "logs and records",
};

/* PLACE in the fault points raise-SIGNAL-PLACE (base/fault.h). */
static const char *const fault_place[PHASES] = {
    [PHASE_LOAD] = "load",     [PHASE_PACK] = "pack",         [PHASE_COMPUTE] = "compute", [PHASE_REDUCE] = "reduce",
    [PHASE_UPDATE] = "update", [PHASE_EVALUATE] = "evaluate", [PHASE_IDLE] = "idle",       [PHASE_CHECK] = "check",
    [PHASE_SAVE] = "save",     [PHASE_RECORD] = "record",
};

void trainer_enter(Trainer *trainer, Phase phase)
{
    const double now = clock_seconds();
    const double waited = watchdog_waited(trainer->watchdog);
    trainer->seconds[trainer->phase] += now - trainer->phase_began;
    trainer->waited[trainer->phase] += waited - trainer->waited_before;
    trainer->waited_before = waited;
    trainer->phase = phase;
    trainer->phase_began = now;
    watchdog_beat(trainer->watchdog, trainer->step, (int)phase);
    fault_raise_at(fault_place[phase], trainer->step);
}

void trainer_stop(Trainer *trainer, StopCause cause)
{
    if (trainer->stopping == STOP_NONE) trainer->stopping = cause;
}

/* The sum over the phases of a step. */
static double of_steps(const double *phase)
{
    return phase[PHASE_PACK] + phase[PHASE_COMPUTE] + phase[PHASE_REDUCE] + phase[PHASE_UPDATE];
}

double trainer_training_seconds(const Trainer *trainer)
{
    return of_steps(trainer->seconds);
}

double trainer_work_seconds(const Trainer *trainer)
{
    return of_steps(trainer->seconds) - of_steps(trainer->waited);
}
