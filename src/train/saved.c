#include "train/saved.h"

#include <string.h>

#include "base/memory.h"
#include "train/setup.h"

Status saved_open(const char *path, Saved *saved)
{
    *saved = (Saved){0};
    Status st = checkpoint_read(path, &saved->checkpoint);
    if (st != STATUS_OK) return st;
    const Checkpoint *c = &saved->checkpoint;
    st = settings_parse(&saved->settings, path, c->config, strlen(c->config), NULL, 0);
    if (st == STATUS_OK) st = classifier_load(c, &saved->network, &saved->slab, &saved->classifier);
    if (st != STATUS_OK) saved_close(saved);
    return st;
}

void saved_close(Saved *saved)
{
    checkpoint_free(&saved->checkpoint);
    memory_free(saved->slab);
    *saved = (Saved){0};
}

size_t saved_classes(const Saved *saved)
{
    return classifier_classes(&saved->classifier);
}

static const char *pixels_name(ElementKind kind)
{
    return kind == ELEMENT_UINT8 ? "uint8" : "float32";
}

/* type: the kind, for people */
static Status check_images(const Saved *saved, const char *file, const char *images, size_t features, ElementKind kind,
                           const char *type)
{
    const Checkpoint *c = &saved->checkpoint;
    if (kind != c->pixels)
        return status_fail(STATUS_DATA, "\"%s\", \"%s\": %s images, but the network was trained on %s", file, images,
                           type, pixels_name(c->pixels));
    if (features != c->network.layer[0].in)
        return status_fail(STATUS_DATA, "\"%s\", \"%s\": images of %zu values, but the network was trained on %zu",
                           file, images, features, c->network.layer[0].in);
    return STATUS_OK;
}

/* The images of the test part of a dataset that opens are of one of the two types. */
static Status check_dataset(const Saved *saved, const DatasetSource *source, const Dataset *dataset)
{
    const ElementKind kind = dataset_kind(dataset);
    return check_images(saved, source->file, source->images[PART_TEST], dataset_features(dataset), kind,
                        pixels_name(kind));
}

static Status evaluate_samples(const Saved *saved, const Samples *samples, CheckpointScore *score, Confusion *confusion,
                               Prediction *prediction)
{
    const size_t shards = (size_t)saved->settings.training.shards;
    double loss[FOLD_MAX_SHARDS];
    ClassifierMemory memory;
    Fold whole = {0};
    Status st = classifier_memory_init_for(&memory, &saved->classifier, samples);
    if (st == STATUS_OK) st = fold_init_run(&whole, shards, 0, shards);
    if (st == STATUS_OK) {
        const Evaluation evaluation = {
            .classifier = saved->classifier,
            .samples = samples,
            .rows = (uint32_t)samples->count,
            .shards = shards,
            .length = shards,
            .memory = &memory,
        };
        evaluate_shards(&evaluation, loss, confusion, prediction);
        *score = (CheckpointScore){.step = saved->checkpoint.step,
                                   .correct = confusion_correct(confusion),
                                   .count = samples->count,
                                   .loss = fold_doubles(&whole, loss) / (double)samples->count};
    }
    fold_free(&whole);
    classifier_memory_free(&memory);
    return st;
}

Status saved_evaluate(Saved *saved, const char *file, CheckpointScore *score, Confusion *confusion,
                      Prediction **prediction)
{
    const Settings *s = &saved->settings;
    const DatasetSource source = {
        .file = file ? file : s->data.file,
        .images = {s->data.train_images, s->data.test_images},
        .labels = {s->data.train_labels, s->data.test_labels},
        .classes = (uint32_t)saved_classes(saved),
        .sha256 = file ? NULL : s->data.sha256,
    };
    Dataset *dataset = NULL;
    Samples samples = {0};
    *confusion = (Confusion){0};
    *prediction = NULL;
    Status st = dataset_open(&source, &dataset);
    if (st == STATUS_OK) st = check_dataset(saved, &source, dataset);
    if (st == STATUS_OK) st = samples_init(&samples, dataset, PART_TEST, 0, dataset_rows(dataset, PART_TEST));
    if (st == STATUS_OK) st = confusion_init(confusion, saved_classes(saved));
    if (st == STATUS_OK) st = memory_new(prediction, samples.count, "predictions");
    if (st == STATUS_OK) st = evaluate_samples(saved, &samples, score, confusion, *prediction);
    samples_free(&samples);
    dataset_close(dataset);
    return st;
}

/* What the dataset of images in a file to predict is; given: its path, or NULL for the training's. */
static Status describe_images(const Saved *saved, H5File *h5, const char *given, H5Info *info)
{
    const Status st = h5file_info(h5, given ? given : saved->settings.data.test_images, info);
    if (st != STATUS_DATA || given) return st;
    return status_fail(st, "%s (--images names the dataset to predict)", status_message());
}

static Status open_images(const char *file, H5File **h5)
{
    const Status st = h5file_open(file, h5);
    if (st != STATUS_DATA) return st;
    return status_fail(st, "%s; beside HDF5, PNG and PGM pictures are read", status_message());
}

Status saved_read_images(const Saved *saved, const char *file, const char *given, Samples *samples)
{
    const char *images = given ? given : saved->settings.data.test_images;
    H5File *h5 = NULL;
    H5Info info;
    *samples = (Samples){0};
    Status st = open_images(file, &h5);
    if (st == STATUS_OK) st = describe_images(saved, h5, given, &info);
    if (st == STATUS_OK) {
        *samples = (Samples){.count = (size_t)info.extent[0], .features = 1, .kind = info.kind};
        for (int d = 1; d < info.dimensions; d++) samples->features *= (size_t)info.extent[d];
        st = check_images(saved, file, images, samples->features, info.kind, info.type_text);
    }
    if (st == STATUS_OK && samples->count > UINT32_MAX)
        st = status_fail(STATUS_DATA, "\"%s\", \"%s\": more than 2^32 - 1 images", file, images);
    if (st == STATUS_OK) st = memory_new(&samples->label, samples->count, "labels");
    if (st == STATUS_OK) st = memory_new(&samples->row, samples->count, "rows");
    for (size_t i = 0; st == STATUS_OK && i < samples->count; i++) samples->row[i] = (uint32_t)i;
    const size_t values = samples->count * samples->features;
    if (st == STATUS_OK && info.kind == ELEMENT_UINT8) {
        st = memory_new((uint8_t **)&samples->pixels, values, "images");
        if (st == STATUS_OK) st = h5file_read_uint8(h5, images, 0, info.extent[0], samples->pixels);
    } else if (st == STATUS_OK) {
        st = memory_new((float **)&samples->pixels, values, "images");
        if (st == STATUS_OK) st = h5file_read_float32(h5, images, 0, info.extent[0], samples->pixels);
        if (st == STATUS_OK) st = samples_check_finite(samples, file, images);
    }
    h5file_close(h5);
    return st;
}

Status saved_predict(const Saved *saved, const Samples *samples, Prediction **prediction)
{
    Confusion confusion = {0};
    CheckpointScore score;
    *prediction = NULL;
    Status st = confusion_init(&confusion, saved_classes(saved));
    if (st == STATUS_OK) st = memory_new(prediction, samples->count, "predictions");
    if (st == STATUS_OK) st = evaluate_samples(saved, samples, &score, &confusion, *prediction);
    confusion_free(&confusion);
    return st;
}
