/* Operands of bf16 products, rounded and laid as the products read them (bf16.h). */
#include "kernels/halves.h"
#include "kernels/set.h"

void KERNEL(round_rows)(size_t n, size_t columns, const float *x, Bf16 *rounded)
{
    const size_t ld = kernel_leading(columns), to = bf16_leading(columns), whole = columns / LANES * LANES;
    for (size_t s = 0; s < n; s++, x += ld, rounded += to) {
        for (size_t j = 0; j < whole; j += LANES) halves_store(rounded + j, vec_load(x + j));
        for (size_t j = whole; j < columns; j++) rounded[j] = bf16_round(x[j]);
    }
}

enum { HALF_ROW = PANEL / 2, GROUP = 16 }; /* floats; rows that are transposed at a time */

/* Floats [first, end) of a panel's rows, into their copy. Two rows at a time, where both are meant; half rows else. */
static void round_panel(size_t first, size_t end, const float *w, Bf16 *copy)
{
    for (size_t at = first; at < end;) {
        if (at % (2 * PANEL) == 0 && end - at >= 2 * PANEL) {
            for (size_t j = 0; j < PANEL; j += LANES)
                halves_store_pairs(copy + at + 2 * j, vec_load(w + at + j), vec_load(w + at + PANEL + j));
            at += 2 * (size_t)PANEL;
            continue;
        }
        const size_t row = at / PANEL, column = at % PANEL;
        Bf16 *to = copy + row / 2 * 2 * PANEL + row % 2;
        for (size_t j = column; j < column + HALF_ROW; j++) to[2 * j] = bf16_round(w[row * PANEL + j]);
        at += HALF_ROW;
    }
}

/* Line i of to = column i of the (GROUP, GROUP) words of from; next: elements from one line to the next. */
static void transpose_words(const uint32_t *from, Bf16 *to, size_t next)
{
    uint32_t line[GROUP][GROUP];
    vec_transpose(from, GROUP, line[0]);
    for (size_t i = 0; i < GROUP; i++) memcpy(to + i * next, line[i], sizeof line[i]);
}

/* GROUP whole rows of a panel, into the transpose: pair by pair of columns. */
static void transpose_group(const float *w, Bf16 *to)
{
    uint32_t pair[GROUP][HALF_ROW];
    for (size_t i = 0; i < GROUP; i++)
        for (size_t j = 0; j < PANEL; j += LANES) halves_store(pair[i] + j / 2, vec_load(w + i * PANEL + j));
    transpose_words(pair[0], to, 2 * PANEL);
}

/* The same floats, into the copy of the transpose. next: from PANEL rows' block to the next one's. */
static void transpose_panel(size_t first, size_t end, const float *w, size_t next, Bf16 *copy)
{
    for (size_t at = first; at < end;) {
        const size_t row = at / PANEL, column = at % PANEL;
        Bf16 *to = copy + row / PANEL * next + row % PANEL * 2;
        if (at % (GROUP * PANEL) == 0 && end - at >= GROUP * PANEL) {
            transpose_group(w + at, to);
            at += GROUP * (size_t)PANEL;
            continue;
        }
        for (size_t j = column; j < column + HALF_ROW; j++)
            to[j / 2 * 2 * PANEL + j % 2] = bf16_round(w[row * PANEL + j]);
        at += HALF_ROW;
    }
}

void KERNEL(round_weights)(size_t in, size_t out, size_t begin, size_t end, const float *w, Bf16 *copy, Bf16 *transpose)
{
    const size_t panel = PANEL * (in + 1);
    for (size_t p = begin / panel; p * panel < end; p++) {
        const size_t first = begin > p * panel ? begin - p * panel : 0, bias = PANEL * in;
        const size_t last = end - p * panel < bias ? end - p * panel : bias;
        round_panel(first, last, w + p * panel, copy + p * bf16_block(in));
        if (transpose) transpose_panel(first, last, w + p * panel, bf16_block(out), transpose + p * BF16_BLOCK);
    }
}

/* A block's samples. */
static size_t samples_of(size_t count, size_t block)
{
    return count - block * PANEL < PANEL ? count - block * PANEL : PANEL;
}

void KERNEL(lay_inputs)(size_t count, size_t columns, const Bf16 *rows, Bf16 *blocks)
{
    static const Bf16 zeros[PANEL / 2];
    const size_t ld = bf16_leading(columns), features = kernel_panels(columns) * PANEL;
    for (size_t b = 0; b < kernel_panels(count); b++, rows += PANEL * ld, blocks += bf16_block(columns)) {
        const size_t samples = samples_of(count, b);
        for (size_t k = 0; k < features; k += GROUP) {
            uint32_t pair[PANEL / 2][GROUP]; /* of samples */
            for (size_t s = 0; s < PANEL; s += 2) {
                const Bf16 *low = s < samples ? rows + s * ld + k : zeros;
                const Bf16 *high = s + 1 < samples ? rows + (s + 1) * ld + k : zeros;
                vec_join((const uint8_t *)low, (const uint8_t *)high, GROUP, pair[s / 2]);
            }
            transpose_words(pair[0], blocks + k * PANEL, PANEL);
        }
    }
}

void KERNEL(lay_errors)(size_t count, size_t columns, const float *e, Bf16 *blocks)
{
    static const float zeros[PANEL];
    const size_t ld = kernel_leading(columns), panels = kernel_panels(columns);
    for (size_t b = 0; b < kernel_panels(count); b++, e += PANEL * ld) {
        const size_t samples = samples_of(count, b);
        for (size_t p = 0; p < panels; p++, blocks += BF16_BLOCK)
            for (size_t s = 0; s < PANEL; s += 2) {
                const float *even = s < samples ? e + s * ld + p * PANEL : zeros;
                const float *odd = s + 1 < samples ? e + (s + 1) * ld + p * PANEL : zeros;
                for (size_t j = 0; j < PANEL; j += LANES)
                    halves_store_pairs(blocks + s * PANEL + 2 * j, vec_load(even + j), vec_load(odd + j));
            }
    }
}
