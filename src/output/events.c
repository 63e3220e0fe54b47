#include "output/events.h"

#include <stdbool.h>
#include <time.h>

#include "base/memory.h"
#include "output/event_file.h"
#include "output/png.h"
#include "output/protobuf.h"

/* Fields and values of the messages in event.proto, summary.proto, tensor.proto and histogram.proto of TensorBoard's
 * tensorboard/compat/proto; of plugin_data.proto in its tensorboard/plugins/hparams; of Value in struct.proto of
 * Protocol Buffers. A map is a list of messages of key and value. */
enum { EVENT_WALL_TIME = 1, EVENT_STEP = 2, EVENT_FILE_VERSION = 3, EVENT_SUMMARY = 5, EVENT_SESSION_LOG = 7 };
enum { SESSION_STATUS = 1, SESSION_START = 1 };
enum { SUMMARY_VALUE = 1 };
enum { VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_IMAGE = 4, VALUE_HISTOGRAM = 5, VALUE_TENSOR = 8, VALUE_METADATA = 9 };
enum { METADATA_PLUGIN = 1, PLUGIN_NAME = 1, PLUGIN_CONTENT = 2 };
enum { HPARAMS_START = 3, START_HPARAMS = 1, START_TIME = 5, MAP_KEY = 1, MAP_VALUE = 2, ANY_NUMBER = 2, ANY_TEXT = 3 };
enum { TENSOR_TYPE = 1, TENSOR_SHAPE = 2, TENSOR_TEXT = 8, TYPE_TEXT = 7 };
enum {
    HISTOGRAM_MIN = 1,
    HISTOGRAM_MAX,
    HISTOGRAM_NUM,
    HISTOGRAM_SUM,
    HISTOGRAM_SQUARES,
    HISTOGRAM_LIMIT,
    HISTOGRAM_COUNT
};
enum { IMAGE_HEIGHT = 1, IMAGE_WIDTH, IMAGE_COLOURS, IMAGE_FILE, COLOURS_GREY = 1 };

struct Events {
    EventFile *file;                         /* owned */
    double *limit, *count;                   /* (HISTOGRAM_BUCKETS) of a histogram; owned */
    size_t summary, value, metadata, plugin; /* where the messages begin that are being built */
};

static double wall_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static Bytes *begin_event(Events *e, uint64_t step)
{
    Bytes *out = event_file_begin(e->file);
    protobuf_double(out, EVENT_WALL_TIME, wall_time());
    protobuf_integer(out, EVENT_STEP, step);
    return out;
}

static Bytes *begin_summary(Events *e, uint64_t step)
{
    Bytes *out = begin_event(e, step);
    e->summary = protobuf_begin(out, EVENT_SUMMARY);
    return out;
}

static void end_summary(Events *e, Bytes *out)
{
    protobuf_end(out, e->summary);
    event_file_end(e->file);
}

/* An event of one value. */
static Bytes *begin_value(Events *e, uint64_t step, const char *tag)
{
    Bytes *out = begin_summary(e, step);
    e->value = protobuf_begin(out, SUMMARY_VALUE);
    protobuf_text(out, VALUE_TAG, tag);
    return out;
}

static void end_value(Events *e, Bytes *out)
{
    protobuf_end(out, e->value);
    end_summary(e, out);
}

void events_scalars(Events *e, uint64_t step, size_t count, const EventScalar *scalar)
{
    if (!e) return;
    Bytes *out = begin_summary(e, step);
    for (size_t i = 0; i < count; i++) {
        const size_t value = protobuf_begin(out, SUMMARY_VALUE);
        protobuf_text(out, VALUE_TAG, scalar[i].tag);
        protobuf_float(out, VALUE_SIMPLE, (float)scalar[i].value);
        protobuf_end(out, value);
    }
    end_summary(e, out);
}

/* What the value is for: up to the plugin's own content, and from there on. */
static void begin_plugin(Events *e, Bytes *out, const char *name)
{
    e->metadata = protobuf_begin(out, VALUE_METADATA);
    e->plugin = protobuf_begin(out, METADATA_PLUGIN);
    protobuf_text(out, PLUGIN_NAME, name);
}

static void end_plugin(Events *e, Bytes *out)
{
    protobuf_end(out, e->plugin);
    protobuf_end(out, e->metadata);
}

void events_text(Events *e, uint64_t step, const char *tag, const char *text)
{
    if (!e) return;
    Bytes *out = begin_value(e, step, tag);
    const size_t tensor = protobuf_begin(out, VALUE_TENSOR);
    protobuf_integer(out, TENSOR_TYPE, TYPE_TEXT);
    protobuf_end(out, protobuf_begin(out, TENSOR_SHAPE));
    protobuf_text(out, TENSOR_TEXT, text);
    protobuf_end(out, tensor);
    begin_plugin(e, out, "text");
    end_plugin(e, out);
    end_value(e, out);
}

static void put_hparam(Bytes *out, const EventHparam *hparam)
{
    const size_t entry = protobuf_begin(out, START_HPARAMS);
    protobuf_text(out, MAP_KEY, hparam->name);
    const size_t value = protobuf_begin(out, MAP_VALUE);
    if (*hparam->text)
        protobuf_text(out, ANY_TEXT, hparam->text);
    else
        protobuf_double(out, ANY_NUMBER, hparam->number);
    protobuf_end(out, value);
    protobuf_end(out, entry);
}

void events_hparams(Events *e, uint64_t step, size_t count, const EventHparam *hparam)
{
    if (!e) return;
    Bytes *out = begin_value(e, step, "_hparams_/session_start_info");
    begin_plugin(e, out, "hparams");
    const size_t content = protobuf_begin(out, PLUGIN_CONTENT), start = protobuf_begin(out, HPARAMS_START);
    for (size_t i = 0; i < count; i++) put_hparam(out, &hparam[i]);
    protobuf_double(out, START_TIME, wall_time());
    protobuf_end(out, start);
    protobuf_end(out, content);
    end_plugin(e, out);
    end_value(e, out);
}

/* The buckets that have values; and, because a bucket begins where the one before it ends, the empty one before each.
 * Returns how many. */
static size_t take_buckets(const Histogram *h, double *limit, double *count)
{
    size_t used = 0;
    for (size_t b = 0; b < HISTOGRAM_BUCKETS; b++) {
        const bool ends_gap = b + 1 < HISTOGRAM_BUCKETS && h->count[b + 1];
        if (!h->count[b] && !ends_gap) continue;
        limit[used] = histogram_limit(b);
        count[used++] = (double)h->count[b];
    }
    return used;
}

void events_histogram(Events *e, uint64_t step, const char *tag, const Histogram *h)
{
    if (!e) return;
    Bytes *out = begin_value(e, step, tag);
    const size_t begin = protobuf_begin(out, VALUE_HISTOGRAM), buckets = take_buckets(h, e->limit, e->count);
    protobuf_double(out, HISTOGRAM_MIN, (double)h->least);
    protobuf_double(out, HISTOGRAM_MAX, (double)h->most);
    protobuf_double(out, HISTOGRAM_NUM, (double)h->values);
    protobuf_double(out, HISTOGRAM_SUM, h->sum);
    protobuf_double(out, HISTOGRAM_SQUARES, h->squares);
    protobuf_doubles(out, HISTOGRAM_LIMIT, buckets, e->limit);
    protobuf_doubles(out, HISTOGRAM_COUNT, buckets, e->count);
    protobuf_end(out, begin);
    end_value(e, out);
}

void events_image(Events *e, uint64_t step, const char *tag, size_t height, size_t width, const uint8_t *pixel)
{
    if (!e) return;
    const Png png = {.width = (uint32_t)width, .height = (uint32_t)height, .channels = 1, .pixel = pixel};
    Bytes *out = begin_value(e, step, tag);
    const size_t begin = protobuf_begin(out, VALUE_IMAGE);
    protobuf_integer(out, IMAGE_HEIGHT, height);
    protobuf_integer(out, IMAGE_WIDTH, width);
    protobuf_integer(out, IMAGE_COLOURS, COLOURS_GREY);
    const size_t file = protobuf_begin(out, IMAGE_FILE);
    png_append(&png, out);
    protobuf_end(out, file);
    protobuf_end(out, begin);
    end_value(e, out);
}

void events_flush(Events *e)
{
    if (e) event_file_flush(e->file);
}

/* The version comes first in every file; from version 2 on a start drops what is redone. */
static void put_start(Events *e, uint64_t step)
{
    protobuf_text(begin_event(e, 0), EVENT_FILE_VERSION, "brain.Event:2");
    event_file_end(e->file);
    Bytes *out = begin_event(e, step);
    const size_t session = protobuf_begin(out, EVENT_SESSION_LOG);
    protobuf_integer(out, SESSION_STATUS, SESSION_START);
    protobuf_end(out, session);
    event_file_end(e->file);
}

Status events_open(const char *directory, uint64_t step, Events **events)
{
    Status st = memory_new(events, 1, "the event file");
    if (st != STATUS_OK) return st;
    Events *e = *events;
    st = memory_new(&e->limit, HISTOGRAM_BUCKETS, "a histogram");
    if (st == STATUS_OK) st = memory_new(&e->count, HISTOGRAM_BUCKETS, "a histogram");
    if (st == STATUS_OK) st = event_file_open(directory, &e->file);
    if (st == STATUS_OK) {
        put_start(e, step);
        return STATUS_OK;
    }
    events_close(e);
    *events = NULL;
    return st;
}

void events_close(Events *e)
{
    if (!e) return;
    event_file_close(e->file);
    memory_free(e->limit);
    memory_free(e->count);
    memory_free(e);
}
