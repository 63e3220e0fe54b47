/* The evaluation during training: rank 0 alone, or all ranks. */
#include <string.h>

#include "base/fault.h"
#include "train/evaluate.h"
#include "train/trainer.h"

static void beat(void *context)
{
    const Trainer *t = context;
    watchdog_beat(t->watchdog, t->step, PHASE_EVALUATE);
}

bool trainer_reached(const Trainer *t, double target)
{
    return target > 0.0 && t->last.count && t->last.step == t->step &&
           (double)t->last.correct / (double)t->last.count >= target;
}

void trainer_evaluate(Trainer *t, bool predictions, CheckpointScore *score)
{
    Prediction *prediction = predictions ? t->prediction : NULL;
    const Evaluation evaluation = {
        .classifier = {&t->network, t->kernels, t->parameter, &t->loader.scaling},
        .samples = &t->test,
        .rows = t->test_rows,
        .shards = t->shards,
        .first_shard = t->test_first,
        .length = t->test_length,
        .memory = &t->evaluation,
        .beat = beat,
        .context = t,
    };
    memset(t->shard_loss, 0, t->shards * sizeof *t->shard_loss);
    confusion_clear(&t->confusion);
    if (prediction) memset(prediction, 0, t->test_rows * sizeof *prediction);
    trainer_enter(t, PHASE_EVALUATE);
    exchange_finish(t);
    evaluate_shards(&evaluation, t->shard_loss, &t->confusion, prediction);
    trainer_enter(t, PHASE_IDLE);
    /* Each shard is evaluated by one rank alone; the others' words are zero. */
    memcpy(t->word, t->shard_loss, t->shards * sizeof *t->word);
    comm_sum_words(t->comm, t->word, t->shards);
    memcpy(t->shard_loss, t->word, t->shards * sizeof *t->word);
    comm_sum_words(t->comm, t->confusion.word, t->confusion.words);
    _Static_assert(sizeof(Prediction) == 2 * sizeof(uint64_t), "a prediction travels as two words");
    if (prediction) comm_sum_words(t->comm, (uint64_t *)(void *)prediction, 2 * (size_t)t->test_rows);
    *score = (CheckpointScore){
        .step = t->step,
        .correct = confusion_correct(&t->confusion),
        .count = t->test_rows,
        .loss = fold_doubles(&t->whole, t->shard_loss) / t->test_rows,
    };
    t->last = *score;
    if (fault_at("flip-evaluated", t->step)) fault_flip_bit(t->parameter);
    trainer_enter(t, PHASE_RECORD);
}
