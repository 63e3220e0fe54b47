/* Is what there is to go on with of the run that is to go on? */
#include <string.h>

#include "train/trainer.h"

Status trainer_check_settings(const Trainer *t, const char *where, const char *text, double *target)
{
    Settings before;
    Status st = settings_parse(&before, where, text, strlen(text), NULL, 0);
    *target = before.training.target_accuracy;
    return st == STATUS_OK ? settings_check_resume(&before, t->settings) : st;
}

Status trainer_other_dataset(const Trainer *t)
{
    return status_fail(STATUS_CONFIG,
                       "data.file: the values in \"%s\" are not those that this run began with; use that dataset, or "
                       "start a new run with --run",
                       t->settings->data.file);
}

Status trainer_other_images(const Trainer *t)
{
    return status_fail(
        STATUS_CONFIG,
        "data.file: the images in \"%s\" are of another shape than those that this run began with, which is "
        "part of the result (28x28 is not 784); use that dataset, or start a new run with --run",
        t->settings->data.file);
}

static Status other_layer(size_t i, const Layer *theirs, const Layer *ours)
{
    return status_fail(
        STATUS_CONFIG,
        "the checkpoint's network is not that of its config: layer%zu has %zu inputs and %zu outputs%s, by "
        "the config %zu and %zu; go on from another checkpoint, or start a new run with --run",
        i, theirs->in, theirs->out, theirs->activation == ours->activation ? "" : " (and another activation)", ours->in,
        ours->out);
}

/* Its config is the run's; but whoever made the file may have put another network beside it. */
static Status check_network(const Trainer *t, const Checkpoint *checkpoint)
{
    const Network *theirs = &checkpoint->network, *ours = &t->network;
    const size_t i = network_difference(theirs, ours);
    if (i < ours->layers) return other_layer(i, &theirs->layer[i], &ours->layer[i]);
    if (theirs->width != ours->width) return trainer_other_images(t);
    if (!checkpoint->velocity == !t->velocity) return STATUS_OK;
    return status_fail(STATUS_CONFIG,
                       "the checkpoint has %s momentum, its config has %s: go on from another checkpoint",
                       checkpoint->velocity ? "a" : "no", t->velocity ? "one" : "none");
}

Status trainer_check_checkpoint(const Trainer *t, const Checkpoint *checkpoint, double *target)
{
    Status st = trainer_check_settings(t, "the config in the checkpoint", checkpoint->config, target);
    if (st != STATUS_OK) return st;
    if (!digest_equal(checkpoint->dataset, t->dataset)) return trainer_other_dataset(t);
    return check_network(t, checkpoint);
}
