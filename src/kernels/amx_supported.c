/* Alone in its file, so that a test that carries out the instructions itself can have another.
 *
 *   cpuid leaf 1, ecx bit 27              OSXSAVE: XCR0 can be read
 *   cpuid leaf 7, edx bits 22, 24         AMX-BF16, AMX-TILE
 *   XCR0 bits 17, 18                      the system keeps the tiles' configuration and data
 *   arch_prctl(ARCH_REQ_XCOMP_PERM, 18)   this process may use the data
 *
 * Sources: Intel SDM volume 2, CPUID and XGETBV; Linux, Documentation/arch/x86/xstate.rst. */
#include <cpuid.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernels/amx.h"

enum { OSXSAVE = 1 << 27, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, XCR0_TILES = 3 << 17, TILE_DATA = 18 };
enum { REQUEST_PERMISSION = 0x1023 };

static uint32_t enabled_state(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

bool amx_supported(void)
{
    const uint32_t wanted = AMX_BF16 | AMX_TILE;
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE)) return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & wanted) != wanted) return false;
    if ((enabled_state() & XCR0_TILES) != XCR0_TILES) return false;
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}
