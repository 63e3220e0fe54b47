/* A checkpoint's content, from HDF5. The file is whole, but may be anyone's: shapes are checked against each other
 * before anything is allocated by them. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "checkpoint_internal.h"

enum { SIZE_LIMIT = 1 << 24 }; /* of one layer, and of an image */

/* Once st is a failure, nothing more is read. */
typedef struct {
    H5File *file;
    const char *name;
    Status st;
} Input;

PRINTF_LIKE(3, 4) static void refuse(Input *in, const char *path, const char *format, ...)
{
    char reason[256];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    in->st = status_fail(STATUS_DATA, "checkpoint \"%s\": %s %s", in->name, path, reason);
}

/* Is the dataset of this kind and shape? */
static bool expect(Input *in, const char *path, ElementKind kind, int dimensions, const uint64_t *extent)
{
    if (in->st != STATUS_OK) return false;
    H5Info info;
    in->st = h5file_info(in->file, path, &info);
    if (in->st != STATUS_OK) return false;
    bool same = info.kind == kind && info.dimensions == dimensions;
    for (int i = 0; same && i < dimensions; i++) same = info.extent[i] == extent[i];
    if (!same) refuse(in, path, "is not of the type and shape that the rest of the file asks for");
    return same;
}

static const uint64_t one = 1;

static uint64_t get_integer(Input *in, const char *path)
{
    uint64_t value = 0;
    if (expect(in, path, ELEMENT_INTEGER, 1, &one)) in->st = h5file_read_uint64(in->file, path, 0, 1, &value);
    return value;
}

/* values (limit) = a list; returns its length, at least 1. */
static uint64_t get_integers(Input *in, const char *path, uint64_t limit, uint64_t *values)
{
    H5Info info = {0};
    if (in->st == STATUS_OK) in->st = h5file_info(in->file, path, &info);
    if (in->st != STATUS_OK) return 0;
    if (info.kind != ELEMENT_INTEGER || info.dimensions != 1 || info.extent[0] < 1 || info.extent[0] > limit)
        refuse(in, path, "is not a list of at most %" PRIu64 " integers", limit);
    else
        in->st = h5file_read_uint64(in->file, path, 0, info.extent[0], values);
    return info.extent[0];
}

static double get_double(Input *in, const char *path)
{
    double value = 0.0;
    if (expect(in, path, ELEMENT_FLOAT64, 1, &one)) in->st = h5file_read_float64(in->file, path, 0, 1, &value);
    return value;
}

/* Finite floats of any shape. */
static void get_floats(Input *in, const char *path, int dimensions, const uint64_t *extent, float *values)
{
    if (!expect(in, path, ELEMENT_FLOAT32, dimensions, extent)) return;
    in->st = h5file_read_float32(in->file, path, 0, extent[0], values);
    const uint64_t count = extent[0] * (dimensions > 1 ? extent[1] : 1);
    for (uint64_t i = 0; in->st == STATUS_OK && i < count; i++)
        if (!isfinite(values[i])) refuse(in, path, "has a value that is not finite at %" PRIu64, i);
}

/* Owned by the caller; NULL after a failure. */
static char *get_text(Input *in, const char *path)
{
    char *text = NULL;
    if (expect(in, path, ELEMENT_TEXT, 1, &one)) in->st = h5file_read_text(in->file, path, &text);
    return text;
}

/* The index of the text among these names. */
static size_t get_name(Input *in, const char *path, const char *const *names, size_t count)
{
    char *text = get_text(in, path);
    size_t i = 0;
    while (text && i < count && strcmp(text, names[i]) != 0) i++;
    if (text && i == count) refuse(in, path, "is \"%.40s\", which this version does not know", text);
    memory_free(text);
    return i;
}

static void get_digest(Input *in, const char *path, Digest *digest)
{
    char *text = get_text(in, path);
    if (text && !digest_parse(text, digest)) refuse(in, path, "is not a digest of 32 hex digits");
    memory_free(text);
}

static void get_gaps(Input *in, uint64_t step, Gaps *gaps)
{
    const char *const path = "/state/unrecorded";
    uint64_t steps[2 * GAPS_MOST];
    const uint64_t count = get_integers(in, path, 2 * GAPS_MOST, steps);
    if (in->st != STATUS_OK) return;
    gaps->count = (size_t)count / 2;
    for (size_t i = 0; i < gaps->count; i++) gaps->gap[i] = (Gap){steps[2 * i], steps[2 * i + 1]};
    if (count % 2 != 0 || !gaps_valid(gaps, step)) refuse(in, path, "is not a list of gaps in the steps so far");
}

static uint64_t get_member(Input *in, const char *group, const char *name)
{
    char path[CHECKPOINT_PATH_IN_FILE];
    snprintf(path, sizeof path, "%s/%s", group, name);
    return get_integer(in, path);
}

static void get_score(Input *in, const char *group, uint64_t step, CheckpointScore *score)
{
    score->step = get_member(in, group, "step");
    score->correct = get_member(in, group, "correct");
    score->count = get_member(in, group, "count");
    char path[CHECKPOINT_PATH_IN_FILE];
    snprintf(path, sizeof path, "%s/loss", group);
    score->loss = get_double(in, path);
    if (in->st == STATUS_OK && (score->correct > score->count || score->step > step))
        refuse(in, group, "contradicts itself");
}

static void get_network(Input *in, Network *network)
{
    const char *const path = "/state/network/sizes";
    uint64_t size[NETWORK_MAX_LAYERS + 1];
    size_t hidden[NETWORK_MAX_LAYERS];
    const uint64_t count = get_integers(in, path, NETWORK_MAX_LAYERS + 1, size);
    const Activation activation =
        (Activation)get_name(in, "/state/network/activation", checkpoint_activation_name, CHECKPOINT_ACTIVATIONS);
    if (in->st != STATUS_OK) return;
    if (count < 2) refuse(in, path, "is not a network");
    for (size_t i = 0; i < count; i++)
        if (size[i] < 1 || size[i] > SIZE_LIMIT) refuse(in, path, "has a layer of %" PRIu64, size[i]);
    if ((activation == ACTIVATION_NONE) != (count == 2)) refuse(in, path, "and the activation contradict each other");
    if (in->st != STATUS_OK) return;
    for (size_t i = 0; i + 2 < count; i++) hidden[i] = (size_t)size[i + 1];
    if (network_init(network, (size_t)size[0], hidden, count - 2, (size_t)size[count - 1], activation) != STATUS_OK)
        refuse(in, path, "is too large a network");
}

static void get_image(Input *in, Checkpoint *c)
{
    static const char *const pixels[] = {"uint8", "float32"};
    c->image_dimensions = (int)get_integers(in, "/state/image/shape", H5FILE_MAX_DIMENSIONS, c->image_extent);
    c->pixels = get_name(in, "/state/image/pixels", pixels, 2) == 0 ? ELEMENT_UINT8 : ELEMENT_FLOAT32;
    uint64_t product = 1;
    for (int i = 0; in->st == STATUS_OK && i < c->image_dimensions; i++)
        if (__builtin_mul_overflow(product, c->image_extent[i], &product)) product = 0;
    if (in->st == STATUS_OK && product != c->network.layer[0].in)
        refuse(in, "/state/image/shape", "does not fit the network's inputs");
    if (in->st == STATUS_OK) network_set_image(&c->network, c->image_dimensions, c->image_extent);
}

static void get_scaling(Input *in, Checkpoint *c)
{
    Scaling *scaling = &c->scaling;
    scaling->kind = (ScalingKind)get_name(in, "/state/scaling/kind", checkpoint_scaling_name, CHECKPOINT_SCALINGS);
    get_floats(in, "/state/scaling/shift", 1, &one, &scaling->shift);
    get_floats(in, "/state/scaling/factor", 1, &one, &scaling->factor);
    get_floats(in, "/state/scaling/table", 1, (const uint64_t[]){256}, scaling->table);
    if (in->st == STATUS_OK && scaling->kind == SCALING_NONE && c->pixels == ELEMENT_UINT8)
        refuse(in, "/state/scaling/kind", "is none, but the images are uint8");
}

static void get_state(Input *in, Checkpoint *c)
{
    c->step = get_integer(in, "/state/step");
    c->steps_per_epoch = get_integer(in, "/state/steps_per_epoch");
    c->epoch_loss = get_double(in, "/state/epoch_loss");
    c->epoch_digest = get_integer(in, "/state/epoch_digest");
    get_score(in, "/state/best", c->step, &c->best);
    get_score(in, "/state/last", c->step, &c->last);
    get_digest(in, "/state/model_digest", &c->model);
    get_digest(in, "/state/dataset_digest", &c->dataset);
    if (in->st == STATUS_OK && (c->steps_per_epoch == 0 || !isfinite(c->epoch_loss)))
        refuse(in, "/state", "has no steps in an epoch, or a loss that is not finite");
}

static void get_texts(Input *in, Checkpoint *c)
{
    const struct {
        const char *path, **text;
    } texts[CHECKPOINT_TEXTS] = {
        {"/state/config", &c->config},
        {"/state/version/lockstep", &c->versions.lockstep},
        {"/state/version/hdf5", &c->versions.hdf5},
        {"/state/version/mpi", &c->versions.mpi},
        {"/state/version/compiler", &c->versions.compiler},
    };
    for (size_t i = 0; i < CHECKPOINT_TEXTS; i++) *texts[i].text = c->text[i] = get_text(in, texts[i].path);
}

/* The inverse of gather in checkpoint_content.c. */
static void scatter(const Network *network, size_t tensor, const float *values, float *vector)
{
    const Layer *layer = &network->layer[tensor / 2];
    const bool bias = tensor % 2 == 1;
    const size_t first = bias ? layer->in : 0, end = bias ? layer->in + 1 : layer->in;
    for (size_t row = first; row < end; row++)
        for (size_t j = 0; j < layer->out; j += PANEL) {
            const size_t columns = layer->out - j < PANEL ? layer->out - j : PANEL;
            memcpy(vector + network_weight_index(network, tensor / 2, row, j), values, columns * sizeof *values);
            values += columns;
        }
}

static void get_tensor(Input *in, const Network *network, const char *group, size_t tensor, float *vector)
{
    const Layer *layer = &network->layer[tensor / 2];
    const uint64_t extent[] = {layer->in, layer->out};
    const bool bias = tensor % 2 == 1;
    char path[CHECKPOINT_PATH_IN_FILE];
    checkpoint_tensor_path(group, tensor, path);
    /* Nothing is allocated by a claim: the file has bytes behind an extent that h5file_info lets through. */
    if (!expect(in, path, ELEMENT_FLOAT32, bias ? 1 : 2, bias ? extent + 1 : extent)) return;
    if (!vector) return;
    float *values;
    in->st = memory_new(&values, network_tensor_size(network, tensor), "a tensor of a checkpoint");
    if (in->st != STATUS_OK) return;
    get_floats(in, path, bias ? 1 : 2, bias ? extent + 1 : extent, values);
    if (in->st == STATUS_OK) scatter(network, tensor, values, vector);
    memory_free(values);
}

/* With vector NULL only their shapes are checked. */
static void get_vector(Input *in, const Network *network, const char *group, float *vector)
{
    for (size_t t = 0; t < network_tensors(network); t++) get_tensor(in, network, group, t, vector);
}

/* What a checkpoint need not have. */
typedef struct {
    bool velocity, velocity_digest, chain, gaps;
} Optional;

static Status note_optional(H5File *file, const char *dataset, void *context)
{
    (void)file;
    Optional *found = context;
    if (strncmp(dataset, "/optimizer/layer", strlen("/optimizer/layer")) == 0) found->velocity = true;
    if (strcmp(dataset, "/state/optimizer_digest") == 0) found->velocity_digest = true;
    if (strcmp(dataset, "/state/chain") == 0) found->chain = true;
    if (strcmp(dataset, "/state/unrecorded") == 0) found->gaps = true;
    return STATUS_OK;
}

static Digest digest_vector(Input *in, const Network *network, const float *vector)
{
    Digest digest = {0};
    if (in->st == STATUS_OK) in->st = network_digest_vector(network, vector, &digest);
    return digest;
}

static void check_model_digest(Input *in, const Checkpoint *c)
{
    const Digest digest = digest_vector(in, &c->network, c->parameter);
    if (in->st == STATUS_OK && !digest_equal(digest, c->model))
        refuse(in, "/state/model_digest", "is not the digest of the parameters in /model");
}

/* stored: the file has one to compare with. */
static void get_optimizer_digest(Input *in, bool stored, Checkpoint *c)
{
    const char *const path = "/state/optimizer_digest";
    c->optimizer = digest_vector(in, &c->network, c->velocity);
    Digest due = c->optimizer;
    if (stored) get_digest(in, path, &due);
    if (in->st == STATUS_OK && !digest_equal(c->optimizer, due))
        refuse(in, path, "is not the digest of the velocity in /optimizer");
}

static void get_vectors(Input *in, const Optional *found, Checkpoint *c)
{
    const bool momentum = found->velocity;
    if (in->st != STATUS_OK) return;
    get_vector(in, &c->network, "/model", NULL);
    if (momentum) get_vector(in, &c->network, "/optimizer", NULL);
    if (in->st != STATUS_OK) return;
    const size_t floats = c->network.floats;
    in->st = memory_new(&c->slab, floats * (1 + momentum), "parameters of a checkpoint");
    if (in->st != STATUS_OK) return;
    c->parameter = c->slab;
    get_vector(in, &c->network, "/model", c->slab);
    if (momentum) {
        c->velocity = c->slab + floats;
        get_vector(in, &c->network, "/optimizer", c->slab + floats);
    }
    check_model_digest(in, c);
    if (momentum) get_optimizer_digest(in, found->velocity_digest, c);
}

Status checkpoint_decode_content(const char *name, const unsigned char *bytes, size_t size, Checkpoint *c)
{
    *c = (Checkpoint){0};
    Input in = {.name = name};
    Optional found = {0};
    in.st = h5image_open(name, bytes, size, &in.file);
    if (in.st != STATUS_OK) return in.st;
    get_network(&in, &c->network);
    get_image(&in, c);
    get_scaling(&in, c);
    get_state(&in, c);
    get_texts(&in, c);
    if (in.st == STATUS_OK) in.st = h5file_each(in.file, note_optional, &found);
    c->chained = found.chain;
    if (c->chained) get_digest(&in, "/state/chain", &c->chain);
    if (found.gaps) get_gaps(&in, c->step, &c->unrecorded);
    get_vectors(&in, &found, c);
    h5file_close(in.file);
    if (in.st != STATUS_OK) checkpoint_free(c);
    return in.st;
}
