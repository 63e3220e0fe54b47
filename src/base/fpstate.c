/* x86-64: MXCSR. Bits 13-14 rounding control (0 nearest), bit 15 flush to zero, bit 6 denormals are zero; Intel SDM
 * volume 1, section 10.2.3. AArch64: FPCR. Bits 22-23 rounding mode, bit 24 flush to zero, bit 19 FZ16, bit 25 default
 * NaN; Arm ARM, section C5.2.7. */
#include "base/fpstate.h"

#include <stdint.h>

#if defined(__x86_64__)

#include <xmmintrin.h>

enum { RELEVANT = 0x6000 | 0x8000 | 0x0040 };

void fpstate_set(void)
{
    _mm_setcsr(_mm_getcsr() & ~(unsigned)RELEVANT);
}

void fpstate_spoil(void)
{
    _mm_setcsr(_mm_getcsr() | _MM_ROUND_UP);
}

bool fpstate_is_set(void)
{
    return (_mm_getcsr() & RELEVANT) == 0;
}

#elif defined(__aarch64__)

static const uint64_t RELEVANT = 0x3ull << 22 | 1ull << 24 | 1ull << 19 | 1ull << 25;

static uint64_t get(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
}

void fpstate_set(void)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(get() & ~RELEVANT));
}

void fpstate_spoil(void)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(get() | 1ull << 22));
}

bool fpstate_is_set(void)
{
    return (get() & RELEVANT) == 0;
}

#else
#error "Lockstep knows the floating-point environment of x86-64 and AArch64 only"
#endif
