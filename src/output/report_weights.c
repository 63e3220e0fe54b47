/* What the neurons of the first layer look for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "output/markup.h"
#include "output/report_facts.h"
#include "output/report_sections.h"
#include "output/thumbnail.h"
#include "rundir/checkpoint.h"

enum { MOST_UNITS = 96 };

typedef struct {
    size_t unit;
    double squares; /* of its weights, summed */
} Unit;

static int stronger(const void *a, const void *b)
{
    const Unit *p = a, *q = b;
    if (p->squares != q->squares) return p->squares > q->squares ? -1 : 1;
    return (p->unit > q->unit) - (p->unit < q->unit);
}

static float weight_at(const Checkpoint *c, size_t input, size_t unit)
{
    return c->parameter[network_weight_index(&c->network, 0, input, unit)];
}

static void measure(const Checkpoint *c, Unit *unit)
{
    const Layer *layer = &c->network.layer[0];
    for (size_t u = 0; u < layer->out; u++) {
        unit[u] = (Unit){.unit = u};
        for (size_t i = 0; i < layer->in; i++) {
            const double weight = (double)weight_at(c, i, u);
            unit[u].squares += weight * weight;
        }
    }
    qsort(unit, layer->out, sizeof *unit, stronger);
}

/* weight (in): room. Each unit's colours reach as far as its own largest weight. */
static Status write_unit(FILE *out, const Checkpoint *c, const ThumbnailShape *shape, size_t unit, float *weight)
{
    float most = 0.0f;
    for (size_t i = 0; i < c->network.layer[0].in; i++) {
        weight[i] = weight_at(c, i, unit);
        const float size = weight[i] < 0.0f ? -weight[i] : weight[i];
        most = size > most ? size : most;
    }
    fprintf(out, "<li><img alt=\"weights of unit %zu\" title=\"unit %zu, largest weight %.3g\" src=\"", unit, unit,
            (double)most);
    const Status st = thumbnail_write_signed(out, shape, weight, most);
    fputs("\"/></li>\n", out);
    return st;
}

static Status write_units(FILE *out, const Checkpoint *c)
{
    const Layer *layer = &c->network.layer[0];
    const size_t shown = layer->out < MOST_UNITS ? layer->out : MOST_UNITS;
    ThumbnailShape shape;
    if (!thumbnail_shape(&shape, c->image_dimensions, c->image_extent))
        return status_fail(STATUS_DATA, "the images that it is for are neither grey ones nor of three colours");
    Unit *unit = NULL;
    float *weight = NULL;
    Status st = memory_new(&unit, layer->out, "the units of a layer");
    if (st == STATUS_OK) st = memory_new(&weight, layer->in, "the weights of a unit");
    if (st == STATUS_OK) {
        measure(c, unit);
        fprintf(out,
                "<p class=\"lead\">%zu of the first layer's %zu units, those with the largest weights first; "
                "checkpoint of step %" PRIu64 ".</p>\n<ul class=\"images weights\">\n",
                shown, layer->out, c->step);
        for (size_t u = 0; u < shown && st == STATUS_OK; u++) st = write_unit(out, c, &shape, unit[u].unit, weight);
        fputs(
            "</ul>\n<p class=\"hint\">Blue where a bright pixel excites the unit, orange where it inhibits; each by "
            "its own scale.</p>\n",
            out);
    }
    memory_free(unit);
    memory_free(weight);
    return st;
}

/* The newest valid one of the run, else its best. */
static Status read_checkpoint(const ReportRun *run, Checkpoint *checkpoint)
{
    char path[CHECKPOINT_PATH_SIZE];
    Status st = checkpoint_read_newest(run->directory, checkpoint);
    if (st == STATUS_OK || st == STATUS_INTERNAL) return st;
    checkpoint_best_path(run->directory, path);
    return checkpoint_read(path, checkpoint);
}

Status report_weights(FILE *out, const ReportRun *run)
{
    Checkpoint checkpoint = {0};
    markup_section_begin(out, "weights", "First-layer weights");
    Status st = read_checkpoint(run, &checkpoint);
    if (st == STATUS_OK) st = write_units(out, &checkpoint);
    checkpoint_free(&checkpoint);
    st = report_absent(out, st, "The weights cannot be shown");
    markup_section_end(out);
    return st;
}
