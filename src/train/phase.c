/* Where a rank's time goes, and when it is to end. */
#include "base/clock.h"
#include "base/fault.h"
#include "train/trainer.h"

const PhaseName phase_name[PHASES] = {
    [PHASE_LOAD] = {"load", "set-up", "load and set up"},
    [PHASE_PACK] = {"pack", "packing", "shuffle and pack"},
    [PHASE_COMPUTE] = {"compute", "forward and backward", "forward and backward"},
    [PHASE_REDUCE] = {"reduce", "the reduction", "reduce (with waiting)"},
    [PHASE_UPDATE] = {"update", "the update", "sum and update"},
    [PHASE_EVALUATE] = {"evaluate", "the evaluation", "evaluate"},
    [PHASE_IDLE] = {"idle", "the end of the evaluation", "wait for evaluation"},
    [PHASE_CHECK] = {"check", "the replica check", "digests and checks"},
    [PHASE_SAVE] = {"save", "the checkpoint", "checkpoints"},
    [PHASE_RECORD] = {"record", "logs and records", "records and logs"},
};

const char *trainer_phase_title(const Trainer *trainer, Phase phase)
{
    if (phase == PHASE_UPDATE && trainer->exchange.kind != EXCHANGE_GRADIENT) return "gradient and update";
    return phase_name[phase].title;
}

/* The phase, or its part, that ends now. */
static void add_to_trace(Trainer *trainer, double now, double waited)
{
    const TimelineSpan span = {.begin = trainer->phase_began,
                               .end = now,
                               .step = trainer->phase_step,
                               .waited = (float)waited,
                               .phase = (int32_t)trainer->phase};
    trace_add(&trainer->trace, &span);
}

void trainer_settle(Trainer *trainer)
{
    const double now = clock_seconds();
    const double waited = watchdog_waited(trainer->watchdog);
    trainer->seconds[trainer->phase] += now - trainer->phase_began;
    trainer->waited[trainer->phase] += waited - trainer->waited_before;
    if (trainer->trace.span) add_to_trace(trainer, now, waited - trainer->waited_before);
    trainer->waited_before = waited;
    trainer->phase_began = now;
}

void trainer_enter(Trainer *trainer, Phase phase)
{
    trainer_settle(trainer);
    trainer->phase = phase;
    trainer->phase_step = trainer->step;
    watchdog_beat(trainer->watchdog, trainer->step, (int)phase);
    fault_raise_at(phase_name[phase].key, trainer->step);
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
