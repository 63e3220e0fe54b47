/* The mistakes that the network is surest of, as images of the dataset. */
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "output/markup.h"
#include "output/predictions.h"
#include "output/report_counts.h"
#include "output/report_facts.h"
#include "output/report_sections.h"
#include "output/thumbnail.h"

enum { MOST_MISTAKES = 60 };

static size_t count_mistakes(const Prediction *prediction, size_t count)
{
    size_t mistakes = 0;
    for (size_t i = 0; i < count; i++) mistakes += prediction[i].prediction != prediction[i].label;
    return mistakes;
}

/* Bytes as they are, floats from the image's least to its largest. */
static Status write_image(FILE *out, const ThumbnailShape *shape, const Samples *sample)
{
    float *value;
    Status st = memory_new(&value, sample->features, "an image");
    if (st != STATUS_OK) return st;
    for (size_t i = 0; i < sample->features; i++)
        value[i] = sample->kind == ELEMENT_UINT8 ? (float)((const uint8_t *)sample->pixels)[i]
                                                 : ((const float *)sample->pixels)[i];
    const Greys greys = sample->kind == ELEMENT_UINT8 ? (Greys){0.0f, 255.0f} : greys_of(sample->features, value);
    st = thumbnail_write(out, shape, value, &greys);
    memory_free(value);
    return st;
}

static Status write_mistake(FILE *out, const ThumbnailShape *shape, const Samples *sample, const Prediction *mistake)
{
    fprintf(out, "<li><img alt=\"test image %" PRIu32 "\" src=\"", mistake->index);
    const Status st = write_image(out, shape, sample);
    fprintf(out, "\"/><b>%" PRIu32 "</b> as <span class=\"said\">%" PRIu32 "</span><br/>", mistake->label,
            mistake->prediction);
    markup_percent(out, (double)mistake->confidence);
    fprintf(out, "<br/>no. %" PRIu32 "</li>\n", mistake->index);
    return st;
}

/* A dataset that has another label there is not the one of the predictions. */
static Status check_labels(const ReportRun *run, Dataset *dataset, const Prediction *mistake, size_t count)
{
    Status st = STATUS_OK;
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        const uint32_t index = mistake[i].index;
        uint32_t label;
        if (index >= dataset_rows(dataset, PART_TEST))
            return status_fail(STATUS_DATA, "\"%s\" has no test image %" PRIu32, run->source.file, index);
        st = dataset_read_labels(dataset, PART_TEST, index, 1, &label);
        if (st == STATUS_OK && label != mistake[i].label)
            st = status_fail(STATUS_DATA,
                             "\"%s\" is not the dataset of predictions.csv: test image %" PRIu32
                             " has the label %" PRIu32 ", not %" PRIu32,
                             run->source.file, index, label, mistake[i].label);
    }
    return st;
}

static Status write_images(FILE *out, const ReportRun *run, Dataset *dataset, const Prediction *mistake, size_t count)
{
    uint64_t extent[H5FILE_MAX_DIMENSIONS];
    ThumbnailShape shape;
    if (!thumbnail_shape(&shape, dataset_shape(dataset, extent), extent))
        return status_fail(STATUS_DATA, "they are neither grey ones nor of three colours");
    Status st = check_labels(run, dataset, mistake, count);
    if (st != STATUS_OK) return st;
    fputs("<ul class=\"images\">\n", out);
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        Samples sample;
        st = samples_init(&sample, dataset, PART_TEST, mistake[i].index, 1);
        if (st == STATUS_OK) st = write_mistake(out, &shape, &sample, &mistake[i]);
        samples_free(&sample);
    }
    fputs("</ul>\n", out);
    return st;
}

/* Of the mistakes that have images. */
static Status write_mistakes(FILE *out, const ReportRun *run, const Prediction *mistake, size_t count)
{
    Dataset *dataset = NULL;
    Status st = STATUS_OK;
    if (!run->source.file) {
        markup_absent(out, "The dataset is not known, so there are no images", run->settings_missing);
        return STATUS_OK;
    }
    st = dataset_open(&run->source, &dataset);
    if (st == STATUS_OK) st = write_images(out, run, dataset, mistake, count);
    dataset_close(dataset);
    return report_absent(out, st, "The images cannot be shown");
}

static Status read_predictions(const ReportRun *run, Prediction **prediction, size_t *count)
{
    char path[4096 + 32];
    snprintf(path, sizeof path, "%.4095s/predictions.csv", run->directory);
    return predictions_read(path, UINT32_MAX, prediction, count);
}

static Status write_section(FILE *out, const ReportRun *run, const Prediction *prediction, size_t count)
{
    Prediction worst[MOST_MISTAKES];
    const size_t shown = predictions_worst(count, prediction, MOST_MISTAKES, worst);
    fputs("<p class=\"lead\">", out);
    markup_count(out, count_mistakes(prediction, count));
    fputs(" of ", out);
    markup_count(out, count);
    fputs(" test images were taken for another class", out);
    if (shown) fprintf(out, "; the %zu that the network was surest of: label, prediction, confidence, row", shown);
    fputs(".</p>\n", out);
    return shown ? write_mistakes(out, run, worst, shown) : STATUS_OK;
}

Status report_mistakes(FILE *out, const ReportRun *run)
{
    Prediction *prediction;
    size_t count, classes;
    bool is_matrix;
    markup_section_begin(out, "mistakes", "Mistakes");
    const Event *end = report_counts_find(run->history, &classes, &is_matrix);
    const uint64_t made = report_counts_sum(end, classes, is_matrix);
    Status st = read_predictions(run, &prediction, &count);
    if (st == STATUS_OK && end && count != made)
        st = status_fail(STATUS_DATA, "predictions.csv has %zu of the %" PRIu64 " predictions that the run made", count,
                         made);
    if (st == STATUS_OK && end) report_evaluated(out, run->history, end);
    if (st == STATUS_OK)
        st = write_section(out, run, prediction, count);
    else
        st = report_absent(out, st, "There are no predictions to look at");
    memory_free(prediction);
    markup_section_end(out);
    return st;
}
