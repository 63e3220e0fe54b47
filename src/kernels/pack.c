/* Samples into the lists of what is not zero. A tile of samples is transposed first, so that a quad's elements in all
 * of them stand side by side. Of uint8 only the bytes are collected; the table is looked up when the group is complete,
 * for what is not zero alone. */
#include <assert.h>
#include <string.h>

#include "kernels/set.h"
#include "kernels/simd.h"

/* Quads of a tile's samples taken at a time, so that they stay in the L1 cache: a multiple of NONZEROS_TILE. */
enum { QUADS = 256 };

typedef uint32_t __attribute__((may_alias, aligned(1))) Word;

static size_t group_of(const Nonzeros *z)
{
    return z->n / NONZEROS_GROUP;
}

/* word (end - first) = the bytes of a sample's quads [first, end). */
static void put_quads(const Nonzeros *z, const uint8_t *restrict row, size_t first, size_t end, uint32_t *restrict word)
{
    const size_t whole = end * QUAD <= z->features ? end : end - 1;
    for (size_t q = first; q < whole; q++) word[q - first] = *(const Word *)(row + q * QUAD);
    if (whole == end) return;
    word[whole - first] = 0;
    memcpy(&word[whole - first], row + whole * QUAD, z->features % QUAD);
}

/* The same of images in patches. */
static void put_patches(const Nonzeros *z, const uint8_t *restrict row, size_t first, size_t end,
                        uint32_t *restrict word)
{
    const size_t in_row = z->width / 2;
    for (size_t q = first, count; q < end; q += count, word += count) {
        const size_t x = q % in_row;
        const uint8_t *above = row + q / in_row * 2 * z->width + 2 * x;
        count = in_row - x < end - q ? in_row - x : end - q;
        vec_join(above, above + z->width, count, word);
    }
}

/* The entries of quads [first, end) of a tile, at most NONZEROS_TILE. column (NONZEROS_TILE, NONZEROS_TILE): each
 * quad's words of all samples. */
static void list_words(Nonzeros *z, size_t first, size_t end, const uint32_t *column)
{
    const uint32_t sample = (uint32_t)(z->n % NONZEROS_GROUP);
    const size_t room = z->room;
    Quad *collected = z->collected + first * room;
    uint32_t *number = z->number + first * room, *count = z->count + first;
    for (size_t q = 0; q < end - first; q++, column += NONZEROS_TILE, collected += room, number += room) {
        uint32_t *word = (uint32_t *)(void *)collected, at = count[q];
        for (uint32_t s = 0; s < NONZEROS_TILE; s += LANES)
            at += vec_compress(column + s, sample + s, word + at, number + at);
        count[q] = at;
    }
}

/* value (count, QUAD) = table[bytes (count, QUAD)]. What follows the last may be read and overwritten as far as a
 * vector goes: any byte has a value, and the next list comes after it. */
static void look_up(const float *table, size_t count, const uint8_t *bytes, float *value)
{
    for (size_t i = 0; i < count * QUAD; i += LANES) vec_store(value + i, vec_lookup(table, bytes + i));
}

/* The lists of the group that has been filled, to where they are read. */
static void end_group(Nonzeros *z, size_t group, const float *table)
{
    const size_t quads = nonzeros_quads(z->features);
    for (size_t q = 0; q < quads; q++) {
        const size_t list = q * z->room, count = z->count[q], at = z->entries;
        if (table)
            look_up(table, count, (const uint8_t *)(z->collected + list), (float *)(z->value + at));
        else
            memcpy(z->value + at, z->collected + list, count * sizeof *z->value);
        memcpy(z->sample + at, z->number + list, count * sizeof *z->sample);
        z->sample[at + count] = NONZEROS_END;
        z->begin[group * quads + q] = at;
        z->entries = at + count + 1;
        z->count[q] = 0;
    }
}

static void end_tile(Nonzeros *z, size_t count, const float *table)
{
    const size_t group = group_of(z);
    z->n += count;
    if (group_of(z) > group) end_group(z, group, table);
}

void KERNEL(nonzeros_add_uint8)(Nonzeros *z, size_t count, const uint8_t *const *row, const float table[256])
{
    uint32_t word[NONZEROS_TILE][QUADS], column[NONZEROS_TILE * NONZEROS_TILE];
    const size_t quads = nonzeros_quads(z->features);
    assert(z->n % NONZEROS_TILE == 0 && z->n + count <= z->capacity);
    memset(word + count, 0, (NONZEROS_TILE - count) * sizeof *word);
    for (size_t first = 0, end; first < quads; first = end) {
        end = quads - first < QUADS ? quads : first + QUADS;
        for (size_t s = 0; s < count; s++) (z->width ? put_patches : put_quads)(z, row[s], first, end, word[s]);
        for (size_t q = first; q < end; q += NONZEROS_TILE) {
            vec_transpose(word[0] + (q - first), QUADS, column);
            list_words(z, q, end - q < NONZEROS_TILE ? end : q + NONZEROS_TILE, column);
        }
    }
    end_tile(z, count, table);
}

void KERNEL(nonzeros_add)(Nonzeros *z, size_t count, const float *x)
{
    assert(z->n % NONZEROS_TILE == 0 && z->n + count <= z->capacity);
    for (size_t s = 0; s < count; s++, x += kernel_leading(z->features))
        for (size_t q = 0; q < nonzeros_quads(z->features); q++) {
            const size_t entry = q * z->room + z->count[q];
            bool some = false;
            for (size_t c = 0; c < QUAD; c++) {
                const float element = q * QUAD + c < z->features ? x[q * QUAD + c] : 0.0f;
                z->collected[entry][c] = element;
                some = some || element != 0.0f;
            }
            z->number[entry] = (uint32_t)((z->n + s) % NONZEROS_GROUP);
            z->count[q] += some;
        }
    end_tile(z, count, NULL);
}

void KERNEL(nonzeros_end)(Nonzeros *z, const float table[256])
{
    if (z->n % NONZEROS_GROUP) end_group(z, group_of(z), table);
}
