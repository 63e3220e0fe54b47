#include "train/trace.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "kernels/fold.h"

static const char name[] = "trace", ending[] = ".json", file_name[] = "trace.json";

/* What goes to rank 0 beside the spans. */
typedef struct {
    uint64_t count;
    double zero;
    HostClock clock;
    char host[HOST_NAME_MAX + 1];
} Header;

static size_t half_of(size_t ranks)
{
    const size_t share = TRACE_SPANS / ranks;
    return (share < TRACE_SPANS_OF_RANK ? share : TRACE_SPANS_OF_RANK) / 2;
}

size_t trace_bytes(size_t ranks, size_t rank)
{
    return half_of(ranks) * sizeof(TimelineSpan) * (rank == 0 ? 5 : 2);
}

Status trace_init(Trace *trace, size_t ranks, size_t rank)
{
    const char *what = "the trace";
    trace->half = half_of(ranks);
    const Status st = memory_new(&trace->span, 2 * trace->half, what);
    return st == STATUS_OK && rank == 0 ? memory_new(&trace->all, 3 * trace->half, what) : st;
}

void trace_free(Trace *trace)
{
    memory_free(trace->span);
    memory_free(trace->all);
    *trace = (Trace){0};
}

void trace_begin(Trace *trace, Comm *comm, double started)
{
    static double began[FOLD_MAX_SHARDS]; /* there are no more ranks than shards */
    trace->clock = clocks_compare(comm);
    const double mine = started - trace->clock.ahead;
    comm_gather_all(comm, &mine, sizeof mine, began);
    double first = mine;
    for (int r = 0; r < comm_size(comm); r++) first = began[r] < first ? began[r] : first;
    trace->zero = first + trace->clock.ahead;
}

void trace_add(Trace *trace, const TimelineSpan *span)
{
    const uint64_t i = trace->count++;
    trace->span[i < trace->half ? i : trace->half + (i - trace->half) % trace->half] = *span;
}

/* Those of a rank, which lie in trace->all as they lay there. */
static void put_spans(const Trace *trace, FILE *file, const TimelineRank *rank, const TimelinePhases *phases,
                      uint64_t count)
{
    const size_t half = trace->half;
    if (count <= 2 * half) {
        timeline_spans(file, rank, phases, (size_t)count, trace->all);
        return;
    }
    TimelineSpan *ring = trace->all + half;
    const size_t newer = (size_t)((count - half) % half); /* at the ring's begin: moved behind the older ones */
    memcpy(ring + half, ring, newer * sizeof *ring);
    timeline_spans(file, rank, phases, half, trace->all);
    timeline_gap(file, rank, &trace->all[half - 1], &ring[newer], count - 2 * half);
    timeline_spans(file, rank, phases, half, ring + newer);
}

static void put_rank(const Trace *trace, FILE *file, int rank, const TimelinePhases *phases, const Header *header)
{
    const TimelineRank about = {.rank = rank,
                                .host = header->clock.host,
                                .name = header->host,
                                .zero = header->zero,
                                .error = header->clock.error};
    timeline_rank(file, &about);
    put_spans(trace, file, &about, phases, header->count);
}

/* Rank after rank, so that rank 0 need not hold them all; file: NULL on the others, and if it could not be made. */
static void put_ranks(Trace *trace, Comm *comm, FILE *file, const TimelinePhases *phases)
{
    Header mine = {.count = trace->count, .zero = trace->zero, .clock = trace->clock}, header;
    gethostname(mine.host, sizeof mine.host - 1);
    for (int r = 0; r < comm_size(comm); r++) {
        comm_take(comm, r, &mine, sizeof mine, &header);
        comm_take(comm, r, trace->span, 2 * trace->half * sizeof *trace->span, trace->all);
        if (file) put_rank(trace, file, r, phases, &header);
    }
}

static Status begin_file(const RunDir *run, Replacement *file)
{
    const Status st = rundir_shift_files(run, name, ending, TRACE_EARLIER);
    return st == STATUS_OK ? rundir_replace(run, file_name, file) : st;
}

void trace_write(Trace *trace, Comm *comm, const RunDir *run, const TimelinePhases *phases, uint64_t from, uint64_t to)
{
    Replacement file = {0};
    Status st = comm_rank(comm) == 0 ? begin_file(run, &file) : STATUS_OK;
    if (file.stream) timeline_begin(file.stream, from, to);
    put_ranks(trace, comm, file.stream, phases);
    if (file.stream) {
        timeline_end(file.stream);
        st = replacement_end(&file);
    }
    if (st == STATUS_OK) return;
    log_warning("%s; there is no trace of this start", status_message());
    status_clear();
}
