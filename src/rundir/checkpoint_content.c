/* A checkpoint's content, into HDF5. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "checkpoint_internal.h"

const char *const checkpoint_activation_name[CHECKPOINT_ACTIVATIONS] = {[ACTIVATION_NONE] = "none",
                                                                        [ACTIVATION_RELU] = "relu",
                                                                        [ACTIVATION_TANH] = "tanh",
                                                                        [ACTIVATION_SIGMOID] = "sigmoid"};
const char *const checkpoint_scaling_name[CHECKPOINT_SCALINGS] = {
    [SCALING_UNIT] = "unit", [SCALING_STANDARD] = "standard", [SCALING_NONE] = "none"};

void checkpoint_tensor_path(const char *group, size_t tensor, char path[CHECKPOINT_PATH_IN_FILE])
{
    snprintf(path, CHECKPOINT_PATH_IN_FILE, "%s/layer%zu/%s", group, tensor / 2, tensor % 2 ? "bias" : "weight");
}

/* Once st is a failure, nothing more is written. */
typedef struct {
    H5Writer *file;
    Status st;
} Output;

static void put_integers(Output *out, const char *path, uint64_t count, const uint64_t *values)
{
    if (out->st == STATUS_OK) out->st = h5file_write_uint64(out->file, path, 1, &count, values);
}

static void put_integer(Output *out, const char *path, uint64_t value)
{
    put_integers(out, path, 1, &value);
}

static void put_double(Output *out, const char *path, double value)
{
    if (out->st == STATUS_OK) out->st = h5file_write_float64(out->file, path, 1, (const uint64_t[]){1}, &value);
}

static void put_floats(Output *out, const char *path, uint64_t count, const float *values)
{
    if (out->st == STATUS_OK) out->st = h5file_write_float32(out->file, path, 1, &count, values);
}

static void put_text(Output *out, const char *path, const char *text)
{
    if (out->st == STATUS_OK) out->st = h5file_write_text(out->file, path, text);
}

static void put_digest(Output *out, const char *path, Digest digest)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest, hex);
    put_text(out, path, hex);
}

static void put_score(Output *out, const char *group, const CheckpointScore *score)
{
    char path[CHECKPOINT_PATH_IN_FILE];
    const struct {
        const char *name;
        uint64_t value;
    } members[] = {{"step", score->step}, {"correct", score->correct}, {"count", score->count}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        snprintf(path, sizeof path, "%s/%s", group, members[i].name);
        put_integer(out, path, members[i].value);
    }
    snprintf(path, sizeof path, "%s/loss", group);
    put_double(out, path, score->loss);
}

/* values = a tensor of a parameter vector in the order of files; false if one of them is infinite or NaN. */
static bool gather(const Network *network, size_t tensor, const float *vector, float *values)
{
    const Layer *layer = &network->layer[tensor / 2];
    const bool bias = tensor % 2 == 1;
    const size_t first = bias ? layer->in : 0, end = bias ? layer->in + 1 : layer->in;
    bool finite = true;
    for (size_t row = first; row < end; row++)
        for (size_t j = 0; j < layer->out; j += PANEL) {
            const size_t columns = layer->out - j < PANEL ? layer->out - j : PANEL;
            memcpy(values, vector + network_weight_index(network, tensor / 2, row, j), columns * sizeof *values);
            for (size_t k = 0; k < columns; k++) finite &= isfinite(values[k]) != 0;
            values += columns;
        }
    return finite;
}

/* values: room for the largest tensor; filled. */
static void put_tensor(Output *out, const Network *network, const char *group, size_t tensor, const float *vector,
                       float *values)
{
    if (out->st != STATUS_OK) return;
    const Layer *layer = &network->layer[tensor / 2];
    const bool bias = tensor % 2 == 1;
    char path[CHECKPOINT_PATH_IN_FILE];
    checkpoint_tensor_path(group, tensor, path);
    if (!gather(network, tensor, vector, values)) {
        out->st = status_fail(STATUS_DIVERGED, "%s has infinite values or NaN: no checkpoint is made of it", path);
        return;
    }
    const uint64_t extent[] = {layer->in, layer->out};
    out->st = h5file_write_float32(out->file, path, bias ? 1 : 2, bias ? extent + 1 : extent, values);
}

/* All tensors of a vector, which must have this digest: of what is written, so that no file has other values. */
static void put_vector(Output *out, const Network *network, const char *group, const float *vector, Digest due,
                       float *values)
{
    DigestState *state;
    if (out->st == STATUS_OK) out->st = digest_open(&state);
    if (out->st != STATUS_OK) return;
    digest_begin(state);
    for (size_t t = 0; t < network_tensors(network); t++) {
        put_tensor(out, network, group, t, vector, values);
        digest_add(state, values, network_tensor_size(network, t) * sizeof *values);
    }
    const Digest digest = digest_end(state);
    digest_close(state);
    if (out->st != STATUS_OK || digest_equal(digest, due)) return;
    char hex[DIGEST_HEX_SIZE], due_hex[DIGEST_HEX_SIZE];
    digest_hex(digest, hex);
    digest_hex(due, due_hex);
    out->st = status_fail(STATUS_DATA, "%s has the digest %s where %s is due: no checkpoint is made of it", group, hex,
                          due_hex);
}

static void put_vectors(Output *out, const Checkpoint *c)
{
    size_t largest = 0;
    for (size_t t = 0; t < network_tensors(&c->network); t++) {
        const size_t count = network_tensor_size(&c->network, t);
        largest = count > largest ? count : largest;
    }
    float *values;
    out->st = memory_new(&values, largest, "a tensor of a checkpoint");
    put_vector(out, &c->network, "/model", c->parameter, c->model, values);
    if (c->velocity) put_vector(out, &c->network, "/optimizer", c->velocity, c->optimizer, values);
    memory_free(values);
}

static void put_gaps(Output *out, const Gaps *gaps)
{
    uint64_t steps[2 * GAPS_MOST];
    for (size_t i = 0; i < gaps->count; i++) {
        steps[2 * i] = gaps->gap[i].first;
        steps[2 * i + 1] = gaps->gap[i].last;
    }
    if (gaps->count) put_integers(out, "/state/unrecorded", 2 * gaps->count, steps);
}

static void put_model(Output *out, const Checkpoint *c)
{
    const Network *network = &c->network;
    uint64_t sizes[NETWORK_MAX_LAYERS + 1] = {network->layer[0].in};
    for (size_t i = 0; i < network->layers; i++) sizes[i + 1] = network->layer[i].out;
    put_integers(out, "/state/network/sizes", network->layers + 1, sizes);
    put_text(out, "/state/network/activation", checkpoint_activation_name[network->layer[0].activation]);
    put_integers(out, "/state/image/shape", (uint64_t)c->image_dimensions, c->image_extent);
    put_text(out, "/state/image/pixels", c->pixels == ELEMENT_UINT8 ? "uint8" : "float32");
    put_text(out, "/state/scaling/kind", checkpoint_scaling_name[c->scaling.kind]);
    put_floats(out, "/state/scaling/shift", 1, &c->scaling.shift);
    put_floats(out, "/state/scaling/factor", 1, &c->scaling.factor);
    put_floats(out, "/state/scaling/table", 256, c->scaling.table);
}

static void put_state(Output *out, const Checkpoint *c)
{
    put_integer(out, "/state/step", c->step);
    put_integer(out, "/state/steps_per_epoch", c->steps_per_epoch);
    put_double(out, "/state/epoch_loss", c->epoch_loss);
    put_integer(out, "/state/epoch_digest", c->epoch_digest);
    if (c->chained) put_digest(out, "/state/chain", c->chain);
    put_gaps(out, &c->unrecorded);
    put_score(out, "/state/best", &c->best);
    put_score(out, "/state/last", &c->last);
    put_digest(out, "/state/model_digest", c->model);
    if (c->velocity) put_digest(out, "/state/optimizer_digest", c->optimizer);
    put_digest(out, "/state/dataset_digest", c->dataset);
    put_text(out, "/state/config", c->config);
    put_text(out, "/state/version/lockstep", c->versions.lockstep);
    put_text(out, "/state/version/hdf5", c->versions.hdf5);
    put_text(out, "/state/version/mpi", c->versions.mpi);
    put_text(out, "/state/version/compiler", c->versions.compiler);
}

Status checkpoint_encode_content(const Checkpoint *c, unsigned char **bytes, size_t *size)
{
    assert(c->image_dimensions >= 1 && c->steps_per_epoch >= 1 && isfinite(c->epoch_loss));
    *bytes = NULL;
    Output out = {0};
    out.st = h5image_create("checkpoint", CHECKPOINT_HEADER, &out.file);
    if (out.st != STATUS_OK) return out.st;
    put_vectors(&out, c);
    put_model(&out, c);
    put_state(&out, c);
    if (out.st == STATUS_OK) out.st = h5image_finish(out.file, bytes, size);
    if (out.st != STATUS_OK) h5file_discard(out.file);
    return out.st;
}
