/* The limits: multiply-adds on registers, and memory by the size of the arrays. */
#include <string.h>

#include "base/memory.h"
#include "train/bench_internal.h"

typedef struct {
    const Kernels *kernels;
    size_t multiply_adds; /* of a call */
    float sink;
} Spin;

static void spin(void *context)
{
    enum { ROUNDS = 4000 };
    Spin *s = context;
    s->multiply_adds = s->kernels->spin(ROUNDS, &s->sink);
}

/* The peak is that of the fastest block: other programs and the clock's ups and downs can only hide it. */
static void measure_peak(Bench *bench, double seconds)
{
    static BenchCase c;
    Spin s = {.kernels = bench->trainer.kernels};
    c = (BenchCase){.run = spin, .context = &s};
    bench_measure(bench, &c, 1, seconds);
    const double flops = 2.0 * (double)s.multiply_adds;
    const BenchSpread peak = bench_spread(bench, flops / c.least), usual = bench_spread(bench, flops / c.seconds);
    bench->peak = peak.mean;
    BenchRow row;
    bench_row(&row, "fma_peak", "multiply-adds on registers");
    bench_text(&row, "kernels", s.kernels->name);
    bench_number(&row, "peak_gflops_per_second_per_rank", "GFLOP/s a rank: peak", 1, 1e-9 * peak.mean);
    bench_number(&row, "least_peak_gflops_per_second_per_rank", "slowest rank's", 1, 1e-9 * peak.least);
    bench_number(&row, "median_gflops_per_second_per_rank", "median", 1, 1e-9 * usual.mean);
    bench_emit(bench, &row);
}

/* Three arrays, of which a size uses the first floats. */
typedef struct {
    const Kernels *kernels;
    float *a, *b, *c;
    size_t count;
    float sink;
} Arrays;

static void read_one(void *context)
{
    Arrays *m = context;
    m->kernels->scan(m->count, m->b, &m->sink);
}

static void copy_one(void *context)
{
    Arrays *m = context;
    memcpy(m->a, m->b, m->count * sizeof *m->a);
}

static void add_two(void *context)
{
    Arrays *m = context;
    m->kernels->add(m->count, m->b, m->c, m->a);
}

/* Bytes that a program reads and writes; what the caches read before they write is not counted. */
static const struct {
    void (*run)(void *context);
    double arrays;
    const char *key, *title;
} accesses[] = {
    {read_one, 1.0, "read_gbytes_per_second_per_rank", "GB/s a rank: read"},
    {copy_one, 2.0, "copy_gbytes_per_second_per_rank", "copy"},
    {add_two, 3.0, "add_gbytes_per_second_per_rank", "a = b + c"},
};
enum { ACCESSES = sizeof accesses / sizeof *accesses };

static void measure_size(Bench *bench, Arrays *arrays, double mbytes, double seconds)
{
    static BenchCase cases[ACCESSES];
    const double bytes = (double)(arrays->count * sizeof *arrays->a);
    for (size_t i = 0; i < ACCESSES; i++) cases[i] = (BenchCase){.run = accesses[i].run, .context = arrays};
    bench_measure(bench, cases, ACCESSES, seconds);
    BenchRow row;
    bench_row(&row, "memory", "memory: arrays of %g MB each", mbytes);
    bench_number(&row, "array_mbytes", NULL, 2, mbytes);
    for (size_t i = 0; i < ACCESSES; i++)
        bench_number(&row, accesses[i].key, accesses[i].title, 1,
                     1e-9 * bench_spread(bench, accesses[i].arrays * bytes / cases[i].seconds).mean);
    bench_emit(bench, &row);
}

Status bench_machine(Bench *bench, double seconds)
{
    static const double mbytes[] = {0.256, 4.096, 16.384, 65.536}; /* in L2, in the last cache or not, in neither */
    enum { SIZES = sizeof mbytes / sizeof *mbytes };
    const size_t most = (size_t)(mbytes[SIZES - 1] * 1e6) / sizeof(float);
    Arrays arrays = {.kernels = bench->trainer.kernels};
    Status st = memory_new(&arrays.a, most, "arrays to measure memory");
    if (st == STATUS_OK) st = memory_new(&arrays.b, most, "arrays to measure memory");
    if (st == STATUS_OK) st = memory_new(&arrays.c, most, "arrays to measure memory");
    st = comm_agree(bench->comm, st);
    if (st == STATUS_OK) measure_peak(bench, 0.25 * seconds);
    for (size_t i = 0; i < SIZES && st == STATUS_OK; i++) {
        arrays.count = (size_t)(mbytes[i] * 1e6) / sizeof(float);
        measure_size(bench, &arrays, mbytes[i], 0.75 / SIZES * seconds);
    }
    memory_free(arrays.a);
    memory_free(arrays.b);
    memory_free(arrays.c);
    return st;
}
