#include "train/measure.h"

#include <math.h>

#include "data/order.h"
#include "kernels/fold.h"

/* What is measured of the training images; shard by shard, as ranks do it. */
typedef struct {
    uint64_t integers[2];
    float range[2];
    double value[FOLD_MAX_SHARDS];
} Measures;

typedef enum { MEASURE_FIRST, MEASURE_SUM, MEASURE_SQUARES } Measure;

static Status measure(Dataset *dataset, size_t shards, Measure what, double mean, Measures *m)
{
    const uint32_t rows = dataset_rows(dataset, PART_TRAIN);
    for (size_t s = 0; s < shards; s++) {
        Samples samples;
        float range[2];
        const uint32_t count = shard_size(rows, shards, s);
        Status st = samples_init(&samples, dataset, PART_TRAIN, shard_begin(rows, shards, s), count);
        if (st != STATUS_OK) return st;
        if (what == MEASURE_SUM) m->value[s] = scaling_sum(&samples, 0, count);
        if (what == MEASURE_SQUARES) m->value[s] = scaling_squares(&samples, 0, count, mean);
        if (what == MEASURE_FIRST && samples.kind == ELEMENT_UINT8) scaling_add_integers(&samples, m->integers);
        if (what == MEASURE_FIRST && samples.kind == ELEMENT_FLOAT32) {
            scaling_range(&samples, range);
            m->range[0] = range[0] < m->range[0] ? range[0] : m->range[0];
            m->range[1] = range[1] > m->range[1] ? range[1] : m->range[1];
        }
        samples_free(&samples);
    }
    return STATUS_OK;
}

static Status measure_float(Dataset *dataset, size_t shards, ScalingKind kind, Measures *m, Scaling *scaling)
{
    if (kind != SCALING_STANDARD || !(m->range[0] < m->range[1]))
        return scaling_init_float(scaling, kind, (double)m->range[0],
                                  kind == SCALING_STANDARD ? 0.0 : (double)m->range[1]);
    const double pixels = (double)dataset_rows(dataset, PART_TRAIN) * (double)dataset_features(dataset);
    double mean = 0.0, square = 0.0;
    Fold whole;
    Status st = fold_init_run(&whole, shards, 0, shards);
    if (st != STATUS_OK) return st;
    st = measure(dataset, shards, MEASURE_SUM, 0.0, m);
    mean = fold_doubles(&whole, m->value) / pixels;
    if (st == STATUS_OK) st = measure(dataset, shards, MEASURE_SQUARES, mean, m);
    square = fold_doubles(&whole, m->value) / pixels;
    fold_free(&whole);
    return st == STATUS_OK ? scaling_init_float(scaling, kind, mean, __builtin_sqrt(square)) : st;
}

Status measure_scaling(const Settings *s, Dataset *dataset, Scaling *scaling)
{
    const ScalingKind kind = scaling_kind(s->data.scaling);
    const size_t shards = (size_t)s->training.shards;
    Measures m = {.range = {INFINITY, -INFINITY}};
    Status st = measure(dataset, shards, MEASURE_FIRST, 0.0, &m);
    if (st != STATUS_OK) return st;
    if (dataset_kind(dataset) == ELEMENT_UINT8)
        return scaling_init_uint8(scaling, kind, m.integers,
                                  (uint64_t)dataset_rows(dataset, PART_TRAIN) * dataset_features(dataset));
    return measure_float(dataset, shards, kind, &m, scaling);
}
