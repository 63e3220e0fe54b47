#include "output/timeline.h"

#include <inttypes.h>

/* Processes and threads are counted from 1: 0 is Linux's idle task to Perfetto. */
static void put_common(FILE *out, const TimelineRank *rank, const char *kind)
{
    fprintf(out, ",\n{\"ph\":\"%s\",\"pid\":%d,\"tid\":%d", kind, rank->host + 1, rank->rank + 1);
}

/* Nanoseconds in whole numbers, so that what is within something else is so in the file too. */
static int64_t nanoseconds(const TimelineRank *rank, double seconds)
{
    const double since = (seconds - rank->zero) * 1e9 + 0.5;
    return since > 0.0 ? (int64_t)since : 0;
}

static void put_time(FILE *out, const char *key, int64_t time)
{
    fprintf(out, ",\"%s\":%" PRId64 ".%03" PRId64, key, time / 1000, time % 1000);
}

/* Without its arguments and its end. */
static void begin_span(FILE *out, const TimelineRank *rank, const char *name, double begin, double end)
{
    const int64_t from = nanoseconds(rank, begin);
    put_common(out, rank, "X");
    put_time(out, "ts", from);
    put_time(out, "dur", nanoseconds(rank, end) - from);
    fprintf(out, ",\"name\":\"%s\"", name);
}

/* The end of the step that begins with span[first]. */
static double end_of_step(size_t count, const TimelineSpan *span, size_t first)
{
    size_t last = first;
    while (last + 1 < count && span[last + 1].step == span[first].step) last++;
    return span[last].end;
}

void timeline_spans(FILE *out, const TimelineRank *rank, const TimelinePhases *phases, size_t count,
                    const TimelineSpan *span)
{
    for (size_t i = 0; i < count; i++) {
        const TimelineSpan *s = &span[i];
        if (s->phase == phases->first_of_step) {
            begin_span(out, rank, "step", s->begin, end_of_step(count, span, i));
            fprintf(out, ",\"args\":{\"step\":%" PRIu64 "}}", s->step + 1);
        }
        begin_span(out, rank, phases->name[s->phase], s->begin, s->end);
        fprintf(out, ",\"args\":{\"completed_steps\":%" PRIu64 ",\"waited_us\":%.3f}}", s->step,
                (double)s->waited * 1e6);
    }
}

/* A name that the machine gave; what JSON would have to escape becomes "?". */
static void put_name(FILE *out, const char *name)
{
    for (const char *c = name; *c; c++) fputc(*c < ' ' || *c > '~' || *c == '"' || *c == '\\' ? '?' : *c, out);
}

void timeline_rank(FILE *out, const TimelineRank *rank)
{
    put_common(out, rank, "M");
    fputs(",\"name\":\"process_name\",\"args\":{\"name\":\"host ", out);
    put_name(out, rank->name);
    fprintf(out, "\",\"clock_error_us\":%.3f}}", rank->error * 1e6);
    put_common(out, rank, "M");
    fprintf(out, ",\"name\":\"thread_name\",\"args\":{\"name\":\"rank %d\"}}", rank->rank);
    put_common(out, rank, "M");
    fprintf(out, ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%d}}", rank->rank);
}

void timeline_begin(FILE *out, uint64_t from, uint64_t to)
{
    fprintf(
        out,
        "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{\"ph\":\"M\",\"pid\":1,\"name\":\"process_labels\",\"args\":{"
        "\"labels\":\"lockstep, from step %" PRIu64 " to %" PRIu64 "\"}}",
        from, to);
}

void timeline_gap(FILE *out, const TimelineRank *rank, const TimelineSpan *before, const TimelineSpan *after,
                  uint64_t spans)
{
    begin_span(out, rank, "left out", before->end, after->begin);
    fprintf(out,
            ",\"args\":{\"spans\":%" PRIu64 ",\"first_completed_steps\":%" PRIu64 ",\"last_completed_steps\":%" PRIu64
            "}}",
            spans, before->step, after->step);
}

void timeline_end(FILE *out)
{
    fputs("\n]}\n", out);
}
