/* x86-64: MXCSR. Bits 13-14 rounding control (0 nearest), bit 15 flush to zero, bit 6 denormals are zero; Intel SDM
 * volume 1, section 10.2.3; a process starts with 1f80: all exceptions masked. AArch64: FPCR. Bits 22-23 rounding mode
 * (1 upwards), bit 24 flush to zero, bit 19 FZ16, bit 25 default NaN, bit 0 inputs flushed to zero, bit 1 alternate
 * handling; Arm ARM, section C5.2.7; a process starts with 0. The flags of exceptions that happened are in FPSR,
 * section C5.2.8. */
#include "base/fpstate.h"

#if defined(__x86_64__)

#include <xmmintrin.h>

typedef unsigned State;
enum { AT_START = 0x1f80, RELEVANT = 0x6000 | 0x8000 | 0x0040, ROUND_UP = 0x4000, FLUSH = 0x8000 };

static State get(void)
{
    return _mm_getcsr();
}

static void set(State state)
{
    _mm_setcsr(state);
}

/* MXCSR has them too. */
static uint64_t get_flags(void)
{
    return 0;
}

static void set_flags(uint64_t flags)
{
    (void)flags;
}

#elif defined(__aarch64__)

typedef uint64_t State;
enum { AT_START = 0, RELEVANT = 3 << 22 | 1 << 24 | 1 << 19 | 1 << 25 | 3, ROUND_UP = 1 << 22, FLUSH = 1 << 24 };

static State get(void)
{
    State fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
}

static void set(State state)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(state));
}

static uint64_t get_flags(void)
{
    uint64_t fpsr;
    __asm__ volatile("mrs %0, fpsr" : "=r"(fpsr));
    return fpsr;
}

static void set_flags(uint64_t flags)
{
    __asm__ volatile("msr fpsr, %0" : : "r"(flags));
}

#else
#error "Lockstep knows the floating-point environment of x86-64 and AArch64 only"
#endif

void fpstate_set(void)
{
    set(get() & ~(State)RELEVANT);
}

bool fpstate_is_set(void)
{
    return (get() & (State)RELEVANT) == 0;
}

FpState fpstate_begin(void)
{
    const FpState before = {get(), get_flags()};
    set(AT_START);
    return before;
}

void fpstate_end(FpState before)
{
    set((State)before.control);
    set_flags(before.flags);
}

void fpstate_round_up(void)
{
    set(get() | ROUND_UP);
}

void fpstate_flush(void)
{
    set(get() | FLUSH);
}
