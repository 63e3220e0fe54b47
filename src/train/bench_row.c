#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "train/bench_internal.h"

static void add(BenchRow *row, BenchField field)
{
    assert(row->count < BENCH_MOST_FIELDS);
    row->field[row->count++] = field;
}

void bench_row(BenchRow *row, const char *what, const char *label, ...)
{
    va_list arguments;
    va_start(arguments, label);
    vsnprintf(row->label, sizeof row->label, label, arguments);
    va_end(arguments);
    row->count = 0;
    bench_text(row, "what", what);
}

void bench_text(BenchRow *row, const char *key, const char *text)
{
    add(row, (BenchField){.key = key, .text = text});
}

void bench_number(BenchRow *row, const char *key, const char *title, int decimals, double number)
{
    assert(!isinf(number));
    add(row, (BenchField){.key = key, .title = title, .number = number, .decimals = decimals});
}

void bench_emit(const Bench *bench, const BenchRow *row)
{
    if (comm_rank(bench->comm) == 0) bench->sink(bench->context, row);
}
