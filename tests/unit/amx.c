/* The set of AMX is offered if its products are right in every bit, and only then. */
#include "kernels/amx.h"

#include "kernels/kernels.h"
#include "unit.h"

extern const Kernels kernels_portable;

static bool is_offered(const char *name)
{
    for (const Kernels *const *set = kernels_all(); *set; set++)
        if (strcmp((*set)->name, name) == 0) return true;
    return false;
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

/* As if tininess were judged before rounding. */
static void flush_before_rounding(const Bf16Product *product)
{
    kernels_portable.multiply_bf16(product);
    for (size_t i = 0; i < BF16_BLOCK; i++)
        if (product->out[i] == 0x1p-126f || product->out[i] == -0x1p-126f) product->out[i] = 0.0f;
}

static void a_multiply_that_errs_is_not_agreed_with(void)
{
    CU_ASSERT(amx_agrees(kernels_portable.multiply_bf16, kernels_portable.multiply_bf16));
    CU_ASSERT_FALSE(amx_agrees(flip_last_bit, kernels_portable.multiply_bf16));
    CU_ASSERT_FALSE(amx_agrees(flush_before_rounding, kernels_portable.multiply_bf16));
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(it_is_offered_first_where_there_is_avx512),
        UNIT(a_multiply_that_errs_is_not_agreed_with),
    };
    return UNIT_RUN("amx", tests);
}
