#include "train/imported.h"

#include "base/memory.h"
#include "base/replacement.h"
#include "output/safetensors.h"
#include "train/measure.h"
#include "train/setup.h"

/* All but the parameters, by settings and dataset. */
static Status describe(const Settings *s, Dataset *dataset, Checkpoint *c)
{
    const uint64_t rows = dataset_rows(dataset, PART_TRAIN), batch = (uint64_t)s->training.batch_size;
    *c = (Checkpoint){.pixels = dataset_kind(dataset),
                      .steps_per_epoch = (rows + batch - 1) / batch,
                      .chained = true,
                      .versions = checkpoint_versions("")};
    c->image_dimensions = dataset_shape(dataset, c->image_extent);
    Status st = setup_network(s, dataset, &c->network);
    if (st == STATUS_OK) st = measure_scaling(s, dataset, &c->scaling);
    if (st == STATUS_OK) st = dataset_digest(dataset, &c->dataset);
    if (st == STATUS_OK) st = setup_config_text(s, &c->text[0]);
    c->config = c->text[0];
    return st;
}

static Status take_weights(const Settings *s, const char *file, const char *const *layer, Checkpoint *c)
{
    const bool momentum = s->optimizer.momentum != 0.0;
    Status st = memory_new(&c->slab, c->network.floats * (1 + momentum), "parameters");
    if (st != STATUS_OK) return st;
    c->parameter = c->slab;
    if (momentum) c->velocity = c->slab + c->network.floats;
    st = safetensors_read(file, &c->network, layer, c->slab);
    if (st == STATUS_OK) st = network_digest_vector(&c->network, c->parameter, &c->model);
    if (st == STATUS_OK && momentum) st = network_digest_vector(&c->network, c->velocity, &c->optimizer);
    return st;
}

Status imported_write(const Settings *s, const char *file, const char *const *layer, const char *out, Checkpoint *made)
{
    Dataset *dataset = NULL;
    *made = (Checkpoint){0};
    Status st = replacement_check(out);
    if (st == STATUS_OK) st = setup_dataset(s, &dataset);
    if (st == STATUS_OK) st = describe(s, dataset, made);
    if (st == STATUS_OK) st = take_weights(s, file, layer, made);
    if (st == STATUS_OK) st = checkpoint_write(made, out);
    dataset_close(dataset);
    if (st != STATUS_OK) checkpoint_free(made);
    return st;
}
