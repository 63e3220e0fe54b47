/* The set of AMX is offered if its products are right in every bit, and only then. */
#include "kernels/amx.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>

#include "kernels/kernels.h"
#include "unit.h"

extern const Kernels kernels_portable;

static bool is_offered(const char *name)
{
    for (const Kernels *const *set = kernels_all(); *set; set++)
        if (strcmp((*set)->name, name) == 0) return true;
    return false;
}

/* Whoever multiplies no bf16 has no use for it; the emulation says by its handler that it was asked for. */
static void the_system_is_asked_for_it_only_where_it_is_of_use(void)
{
    static const char *const names[] = {"", "portable"};
    const Kernels *kernels;
    struct sigaction action;
    for (int i = 0; i < 2; i++) {
        setenv("LOCKSTEP_ISA", names[i], 1);
        CU_ASSERT_EQUAL(kernels_choose(i == 1, &kernels), STATUS_OK);
        CU_ASSERT_STRING_NOT_EQUAL(kernels->name, "amx");
        CU_ASSERT(sigaction(SIGILL, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    }
    unsetenv("LOCKSTEP_ISA");
    CU_ASSERT_EQUAL(kernels_choose(true, &kernels), STATUS_OK);
    CU_ASSERT_EQUAL(kernels, kernels_all()[0]);
    CU_ASSERT(sigaction(SIGILL, NULL, &action) == 0);
    CU_ASSERT_EQUAL(action.sa_handler == SIG_DFL, !is_offered("avx512"));
    setenv("LOCKSTEP_ISA", "amx", 1);
    CU_ASSERT_EQUAL(kernels_choose(false, &kernels), is_offered("amx") ? STATUS_OK : STATUS_USAGE);
    unsetenv("LOCKSTEP_ISA");
}

/* It is avx512's in all else. */
static void it_is_offered_first_where_there_is_avx512(void)
{
    CU_ASSERT(amx_supported());
    CU_ASSERT_EQUAL(is_offered("amx"), is_offered("avx512"));
    CU_ASSERT_EQUAL(strcmp(kernels_all()[0]->name, "amx") == 0, is_offered("avx512"));
}

static void flip_last_bit(const Bf16Product *product)
{
    uint32_t bits;
    kernels_portable.multiply_bf16(product);
    memcpy(&bits, product->out + BF16_BLOCK - 1, sizeof bits);
    bits ^= 1;
    memcpy(product->out + BF16_BLOCK - 1, &bits, sizeof bits);
}

/* Plain products, with what is wrong in them. */
static bool flushes_early[2], keeps_tiny_sums; /* of the even and the odd chains */

static float number(Bf16 half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float flushed(float value, bool tiny)
{
    return tiny ? copysignf(0.0f, value) : value;
}

/* Tiny after rounding: so is what is tiny when its exponent has room (scaled), and is rounded to as many bits. */
static float add_product(float a, float b, float c, bool early)
{
    const bool tiny = fabsf(fmaf(a * 0x1p64f, b, c * 0x1p64f)) < 0x1p-62f;
    return flushed(fmaf(a, b, c), tiny || (early && fabs((double)a * (double)b + (double)c) < 0x1p-126));
}

static float add(float a, float b)
{
    return flushed(a + b, !keeps_tiny_sums && fabsf(a + b) < 0x1p-126f);
}

static float element(const Bf16Product *p, size_t row, size_t column)
{
    float sum = 0.0f;
    for (size_t block = 0; block < p->inner / PANEL; block++) {
        float chain[2] = {0.0f, 0.0f};
        for (size_t k = 0; k < PANEL; k++)
            chain[k % 2] =
                add_product(number(p->left[block * p->block + row * p->row + k]),
                            number(p->right[block * p->right_block + k / 2 * 2 * PANEL + 2 * column + k % 2]),
                            chain[k % 2], flushes_early[k % 2]);
        sum = add(sum, add(chain[0], chain[1]));
    }
    return sum;
}

static void multiply_plainly(const Bf16Product *product)
{
    for (size_t i = 0; i < PANEL; i++)
        for (size_t j = 0; j < PANEL; j++) product->out[i * PANEL + j] = element(product, i, j);
}

static void errors_of_one_chain_or_sum_are_noticed(void)
{
    CU_ASSERT(amx_agrees(multiply_plainly, kernels_portable.multiply_bf16));
    for (int chain = 0; chain < 2; chain++) {
        flushes_early[chain] = true;
        CU_ASSERT_FALSE(amx_agrees(multiply_plainly, kernels_portable.multiply_bf16));
        flushes_early[chain] = false;
    }
    keeps_tiny_sums = true;
    CU_ASSERT_FALSE(amx_agrees(multiply_plainly, kernels_portable.multiply_bf16));
    keeps_tiny_sums = false;
}

static void a_multiply_that_errs_is_not_agreed_with(void)
{
    CU_ASSERT(amx_agrees(kernels_portable.multiply_bf16, kernels_portable.multiply_bf16));
    CU_ASSERT_FALSE(amx_agrees(flip_last_bit, kernels_portable.multiply_bf16));
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(the_system_is_asked_for_it_only_where_it_is_of_use), /* first: what is set up stays so */
        UNIT(it_is_offered_first_where_there_is_avx512),
        UNIT(a_multiply_that_errs_is_not_agreed_with),
        UNIT(errors_of_one_chain_or_sum_are_noticed),
    };
    return UNIT_RUN("amx", tests);
}
