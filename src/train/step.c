#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/fpstate.h"
#include "base/text.h"
#include "train/signals.h"
#include "train/trainer.h"

/* The losses of the own shards, each summed in double, into the words. */
static void put_losses(Trainer *t)
{
    const float *loss = t->exchange.operand[t->exchange.mine].workspace.loss;
    for (size_t i = 0; i < t->run_length; i++) {
        double sum = 0.0;
        for (size_t row = t->batch.first_row[i]; row < t->batch.first_row[i + 1]; row++) sum += (double)loss[row];
        memcpy(&t->word[WORD_LOSSES + t->first_shard + i], &sum, sizeof sum);
    }
}

/* Rank 0's clock decides for all. */
static bool save_is_due_by_time(const Trainer *t)
{
    const double every = t->settings->checkpoint.every_seconds;
    return comm_rank(t->comm) == 0 && every > 0.0 && clock_seconds() - t->last_save >= every;
}

/* What lies between this step's words and the end of a stop that the next step's words agree on. */
static double seconds_to_stop(const Trainer *t)
{
    const uint64_t steps = t->step - t->first_step;
    const double step = steps ? trainer_training_seconds(t) / (double)steps : 0.0;
    return 2.0 * (step + t->longest_save) + t->longest_epoch_end;
}

/* What this rank has to tell the others beside its gradient. */
static void put_words(Trainer *t)
{
    memset(t->word, 0, (WORD_LOSSES + t->shards) * sizeof *t->word);
    t->word[WORD_NOT_FINITE] = t->not_finite;
    t->word[WORD_STOP] = signals_stop();
    t->word[WORD_TIME_IS_UP] = slurm_time_is_up(&t->slurm, seconds_to_stop(t));
    t->word[WORD_CHECKPOINT] = signals_take_checkpoint();
    t->word[WORD_CHECKPOINT_DUE] = save_is_due_by_time(t);
    t->word[WORD_PACE_DUE] = pace_is_due(t);
    t->word[WORD_SAMPLES] = t->batch.digest;
    put_losses(t);
}

/* Which parameter is not finite. The same on every rank if all have one (I1). */
static Status tell_divergence(const Trainer *t)
{
    for (size_t tensor = 0; tensor < network_tensors(&t->network); tensor++)
        for (size_t i = 0; i < network_tensor_size(&t->network, tensor); i++) {
            const float value = t->parameter[network_tensor_index(&t->network, tensor, i)];
            if (isfinite(value)) continue;
            char name[64];
            network_tensor_name(&t->network, tensor, name);
            return status_fail(STATUS_DIVERGED,
                               "training diverged: after step %" PRIu64
                               " element %zu of %s is %s; a lower "
                               "optimizer.learning_rate or a warm-up usually helps",
                               t->step, i, name, text_not_finite((double)value));
        }
    return status_fail(STATUS_DIVERGED, "training diverged: a parameter was not finite after step %" PRIu64, t->step);
}

/* So many ranks found a parameter that is not finite: all, or their replicas differ. Collective; agreed. */
static Status check_not_finite(Trainer *t, uint64_t ranks)
{
    if (ranks == 0) return STATUS_OK;
    t->checked = false; /* what was seen before need not hold any more */
    Status st = trainer_check_replicas(t);
    return st == STATUS_OK ? tell_divergence(t) : st;
}

Status trainer_check_finite(Trainer *t)
{
    uint64_t ranks = t->not_finite;
    comm_sum_words(t->comm, &ranks, 1);
    return check_not_finite(t, ranks);
}

/* After the reduction: what the ranks told each other, before any update. Collective; agreed. */
static Status read_words(Trainer *t, uint64_t samples, float rate, double *loss)
{
    if (t->word[WORD_NOT_FINITE]) return check_not_finite(t, t->word[WORD_NOT_FINITE]);
    if (t->word[WORD_STOP]) trainer_stop(t, STOP_SIGNAL);
    if (t->word[WORD_TIME_IS_UP]) trainer_stop(t, STOP_TIME_LIMIT);
    t->save_asked = t->save_asked || t->word[WORD_CHECKPOINT] || t->word[WORD_CHECKPOINT_DUE];
    t->pace.asked = t->word[WORD_PACE_DUE];
    t->save_signalled = t->save_signalled || t->word[WORD_CHECKPOINT];
    memcpy(t->shard_loss, t->word + WORD_LOSSES, t->shards * sizeof *t->shard_loss);
    *loss = fold_doubles(&t->whole, t->shard_loss);
    if (isfinite(*loss)) return STATUS_OK;
    return status_fail(STATUS_DIVERGED,
                       "training diverged: the loss of step %" PRIu64 " (%" PRIu64
                       " samples, learning rate %g) is %s; a lower optimizer.learning_rate or a warm-up usually helps",
                       t->step + 1, samples, (double)rate, text_not_finite(*loss));
}

/* Will the replicas be compared after this step, before the next? Then its update of a node's one copy is checked too.
 * The comparison that check_not_finite makes cannot be foreseen: no such check precedes it, and the run ends with it.
 */
static bool check_follows(const Trainer *t)
{
    const uint64_t every = (uint64_t)t->settings->log.digest_every_steps, step = t->step + 1;
    const uint64_t save = (uint64_t)t->settings->checkpoint.every_steps;
    const bool last = t->options.stop_after_steps >= 0 && step - t->first_step >= (uint64_t)t->options.stop_after_steps;
    return (every && step - t->checked_step >= every) || (save && step % save == 0) || step % t->steps_per_epoch == 0 ||
           last || t->stopping || t->save_asked;
}

/* After a step, for tests. */
static void make_faults(Trainer *t)
{
    const size_t middle = network_tensor_index(&t->network, 0, network_tensor_size(&t->network, 0) / 2 + 1);
    if (fault_at("flip-parameter", t->step)) fault_flip_bit(&t->parameter[middle]);
    if (fault_at("flip-velocity", t->step) && t->velocity) fault_flip_bit(&t->velocity[middle]);
    if (t->network.copies && fault_at("flip-first-copy", t->step)) fault_flip_bit(&t->parameter[t->network.floats]);
    if (t->network.copies && fault_at("flip-last-copy", t->step))
        fault_flip_bit(&t->parameter[network_vector(&t->network) - 1]);
    if (fault_at("spoil-parameter", t->step)) t->parameter[0] = -NAN, t->not_finite = true;
    if (fault_at("change-rounding", t->step)) fpstate_round_up();
    if (fault_at("change-flushing", t->step)) fpstate_flush();
    if (fault_at("flip-epoch-loss", t->step)) t->epoch_loss = -t->epoch_loss;
    if (fault_at("flip-epoch-digest", t->step)) t->epoch_digest ^= 1;
    if (fault_at("flip-chain", t->step)) t->chain.high ^= 1;
    if (fault_at("flip-step", t->step)) t->step ^= UINT64_C(1) << 20;
}

Status trainer_step(Trainer *t)
{
    const uint64_t batch_size = (uint64_t)t->settings->training.batch_size, rows = t->loader.rows;
    const uint64_t begin = t->step % t->steps_per_epoch * batch_size;
    const uint64_t end = begin + batch_size < rows ? begin + batch_size : rows, samples = end - begin;
    const float rate = schedule_rate(&t->schedule, t->step);
    t->checked = false;
    trainer_enter(t, PHASE_PACK);
    t->batch.inputs = exchange_inputs(t);
    loader_pack(&t->loader, (uint32_t)(t->step / t->steps_per_epoch), (uint32_t)begin, (uint32_t)end, &t->batch);
    trainer_enter(t, PHASE_COMPUTE);
    if (fault_at("slow-compute", t->step + 1)) nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    exchange_compute(t, (uint32_t)begin, (uint32_t)end);
    put_words(t);
    if (t->settings->log.shard_digests) shard_digests_take(t);
    trainer_enter(t, PHASE_REDUCE);
    if (!fault_at("skip-collective", t->step + 1)) reduction_words(t->reduction, t->word);
    trainer_enter(t, PHASE_UPDATE);
    double loss = 0.0;
    Status st = read_words(t, samples, rate, &loss);
    if (st != STATUS_OK) return st;
    t->sgd.rate = rate;
    t->sgd.inverse_samples = 1.0f / (float)samples;
    t->not_finite = exchange_update(t, check_follows(t));
    t->step++;
    t->epoch_loss += loss;
    t->epoch_digest += t->word[WORD_SAMPLES];
    trainer_enter(t, PHASE_RECORD);
    const ChainLink link = {.step = t->step,
                            .samples = samples,
                            .rows = t->word[WORD_SAMPLES],
                            .loss = loss / (double)samples,
                            .learning_rate = (double)rate};
    t->chain = chain_after(t->chain, &link);
    record_step(t->run.records, &link, (t->step - 1) / t->steps_per_epoch + 1);
    if (t->settings->log.tensorboard) board_step(t, &link);
    if (t->settings->log.shard_digests) shard_digests_record(t);
    make_faults(t);
    return STATUS_OK;
}
