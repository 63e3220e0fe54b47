#include "train/evaluate.h"

/* One block of rows; returns the sum of *loss and the block's losses. */
static double evaluate_block(const Evaluation *e, size_t first, size_t n, double loss, Confusion *confusion,
                             Prediction *prediction)
{
    const size_t classes = classifier_classes(&e->classifier);
    const uint32_t *label = e->samples->label + first;
    const float *p = classifier_block(&e->classifier, e->samples, first, n, label, e->memory);
    for (size_t i = 0; i < n; i++) {
        const float *row = p + i * kernel_leading(classes);
        const uint32_t index = e->samples->row[first + i];
        const uint32_t best = classifier_best(row, classes);
        confusion_add(confusion, label[i], best);
        loss += (double)e->memory->workspace.loss[i];
        if (prediction) prediction[index] = (Prediction){index, label[i], best, row[best]};
    }
    return loss;
}

void evaluate_shards(const Evaluation *e, double *shard_loss, Confusion *confusion, Prediction *prediction)
{
    const size_t block = CLASSIFIER_BLOCK;
    const uint32_t origin = shard_begin(e->rows, e->shards, e->first_shard);
    for (size_t s = e->first_shard; s < e->first_shard + e->length; s++) {
        const size_t begin = shard_begin(e->rows, e->shards, s) - origin;
        const size_t end = begin + shard_size(e->rows, e->shards, s);
        double loss = 0.0;
        for (size_t first = begin; first < end; first += block) {
            loss = evaluate_block(e, first, end - first < block ? end - first : block, loss, confusion, prediction);
            if (e->beat) e->beat(e->context);
        }
        shard_loss[s] = loss;
    }
}
