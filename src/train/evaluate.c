#include <string.h>

#include "base/memory.h"
#include "train/trainer.h"

/* One block of rows of the own test samples: adds to *loss, confusion and, if wanted, predictions. */
static void evaluate_block(Trainer *t, size_t first, size_t n, bool predictions, double *loss)
{
    const size_t classes = t->network.layer[t->network.layers - 1].out, ldx = kernel_leading(t->test.features);
    const uint32_t *label = t->test.label + first;
    for (size_t i = 0; i < n; i++)
        scaling_apply(&t->loader.scaling, t->kernels, &t->test, first + i, t->batch.x + i * ldx);
    network_forward(&t->network, t->kernels, t->parameter, n, t->batch.x, &t->workspace);
    float *p = t->workspace.output[t->network.layers - 1];
    t->kernels->softmax_cross_entropy(n, classes, label, false, p, t->workspace.loss);
    for (size_t i = 0; i < n; i++) {
        const float *row = p + i * kernel_leading(classes);
        uint32_t best = 0;
        for (uint32_t j = 1; j < classes; j++) best = row[j] > row[best] ? j : best;
        t->confusion[label[i] * classes + best]++;
        *loss += (double)t->workspace.loss[i];
        const uint32_t index = t->test.row[first + i];
        if (predictions) t->prediction[index] = (Prediction){index, label[i], best, row[best]};
    }
}

/* The own shards of the test set, shard by shard, so that the sums do not depend on who evaluates. */
static void evaluate_own(Trainer *t, bool predictions)
{
    const size_t block = t->workspace.capacity;
    const uint32_t origin = shard_begin(t->test_rows, t->shards, t->test_first);
    for (size_t s = t->test_first; s < t->test_first + t->test_length; s++) {
        const size_t begin = shard_begin(t->test_rows, t->shards, s) - origin;
        const size_t end = begin + shard_size(t->test_rows, t->shards, s);
        double loss = 0.0;
        for (size_t first = begin; first < end; first += block)
            evaluate_block(t, first, end - first < block ? end - first : block, predictions, &loss);
        memcpy(&t->word[s], &loss, sizeof loss);
    }
}

void trainer_evaluate(Trainer *t, bool predictions, Score *score)
{
    const size_t classes = t->network.layer[t->network.layers - 1].out;
    predictions = predictions && t->prediction;
    memset(t->word, 0, t->shards * sizeof *t->word);
    memset(t->confusion, 0, classes * classes * sizeof *t->confusion);
    if (predictions) memset(t->prediction, 0, t->test_rows * sizeof *t->prediction);
    evaluate_own(t, predictions);
    trainer_lap(t, PHASE_EVALUATE);
    comm_sum_words(t->comm, t->word, t->shards);
    comm_sum_words(t->comm, t->confusion, classes * classes);
    /* Each prediction is made by one rank alone; the others' are zero. */
    _Static_assert(sizeof(Prediction) == 2 * sizeof(uint64_t), "a prediction travels as two words");
    if (predictions) comm_sum_words(t->comm, (uint64_t *)(void *)t->prediction, 2 * (size_t)t->test_rows);
    memcpy(t->shard_loss, t->word, t->shards * sizeof *t->shard_loss);
    *score = (Score){.loss = fold_doubles(&t->whole, t->shard_loss) / t->test_rows, .count = t->test_rows};
    for (size_t c = 0; c < classes; c++) score->correct += t->confusion[c * classes + c];
    trainer_lap(t, PHASE_IDLE);
}
