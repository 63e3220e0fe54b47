/* Where a rank's time goes. */
#include "base/clock.h"
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

void trainer_enter(Trainer *trainer, Phase phase)
{
    const double now = clock_seconds();
    trainer->seconds[trainer->phase] += now - trainer->phase_began;
    trainer->phase = phase;
    trainer->phase_began = now;
    watchdog_beat(trainer->watchdog, trainer->step, (int)phase);
}
