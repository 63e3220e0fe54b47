#include "bench_output.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static json_t *value_of(const BenchField *field)
{
    if (field->text) return json_string(field->text);
    if (isnan(field->number)) return NULL;
    return field->title || field->decimals ? json_real(field->number) : json_integer((json_int_t)field->number);
}

void bench_print_json(void *context, const BenchRow *row)
{
    enum { DIGITS = 6 };
    (void)context;
    json_t *object = json_object();
    for (size_t i = 0; i < row->count; i++) {
        json_t *value = value_of(&row->field[i]);
        if (value) json_object_set_new(object, row->field[i].key, value);
    }
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
    json_decref(object);
    putchar('\n');
    fflush(stdout);
}

/* The next field from i on that a table shows. */
static const BenchField *next_column(const BenchRow *row, size_t *i)
{
    while (*i < row->count && !row->field[*i].title) ++*i;
    return *i < row->count ? &row->field[(*i)++] : NULL;
}

static bool same_columns(const BenchRow *a, const BenchRow *b)
{
    const BenchField *in_a, *in_b;
    size_t i = 0, j = 0;
    do {
        in_a = next_column(a, &i);
        in_b = next_column(b, &j);
        if (!in_a != !in_b || (in_a && strcmp(in_a->title, in_b->title) != 0)) return false;
    } while (in_a);
    return true;
}

enum { LABEL = 52, COLUMN = 12 };

/* Wide enough for the title, too. */
static int width_of(const BenchField *field)
{
    const int title = (int)strlen(field->title) + 2;
    return title > COLUMN ? title : COLUMN;
}

/* An empty line, then the titles, if there are any. */
static void print_head(const BenchRow *row)
{
    const BenchField *field;
    size_t i = 0;
    putchar('\n');
    if (!next_column(row, &i)) return;
    printf("%-*s", LABEL, "");
    for (i = 0; (field = next_column(row, &i));) printf("%*s", width_of(field), field->title);
    putchar('\n');
}

void bench_print_table(void *context, const BenchRow *row)
{
    BenchRow *last = context;
    const BenchField *field;
    size_t i = 0;
    if (!same_columns(last, row)) print_head(row);
    printf("%-*s", next_column(row, &i) ? LABEL : 0, row->label);
    for (i = 0; (field = next_column(row, &i));)
        if (isnan(field->number))
            printf("%*s", width_of(field), "-");
        else
            printf("%*.*f", width_of(field), field->decimals, field->number);
    putchar('\n');
    fflush(stdout);
    *last = *row;
}
