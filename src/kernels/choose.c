/* Which kernel set runs here. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernels/amx.h"
#include "kernels/kernels.h"

extern const Kernels kernels_portable;
#if defined(__x86_64__)
extern const Kernels kernels_avx512, kernels_avx2;
#elif defined(__aarch64__)
extern const Kernels kernels_neon;
#endif

#if defined(__x86_64__)

static bool runs_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

/* The set "amx", or NULL; found out once. */
static const Kernels *find_amx(void)
{
    static Kernels amx;
    static bool tried;
    if (tried || !amx_supported()) return amx.name ? &amx : NULL;
    tried = true;
    amx_configure();
    if (amx_agrees(multiply_bf16_amx, kernels_portable.multiply_bf16)) {
        amx = kernels_avx512;
        amx.name = "amx";
        amx.set_up = amx_configure;
        amx.multiply_bf16 = multiply_bf16_amx;
        return &amx;
    }
    log_warning("this processor's AMX does not give the bits that it should: it is not used");
    return NULL;
}

#endif

enum { MOST_SETS = 4 };

/* The sets that this processor runs and that need nothing of the system, the fastest first, NULL last. */
static void list_plain(const Kernels *set[MOST_SETS])
{
    size_t count = 0;
#if defined(__x86_64__)
    if (runs_avx512()) set[count++] = &kernels_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) set[count++] = &kernels_avx2;
#elif defined(__aarch64__)
    set[count++] = &kernels_neon;
#endif
    set[count++] = &kernels_portable;
    set[count] = NULL;
}

const Kernels *const *kernels_all(void)
{
    static const Kernels *sets[1 + MOST_SETS];
    size_t first = 0;
#if defined(__x86_64__)
    sets[0] = runs_avx512() ? find_amx() : NULL;
    if (sets[0]) first = 1;
#endif
    list_plain(sets + first);
    return sets;
}

/* NULL: none of these has the name. */
static const Kernels *find_named(const Kernels *const *set, const char *name)
{
    while (*set && strcmp(name, (*set)->name) != 0) set++;
    return *set;
}

static Status tell_sets(const char *wanted)
{
    const Kernels *const *sets = kernels_all();
    char known[64] = "";
    for (size_t i = 0; sets[i]; i++) strcat(strcat(known, i ? ", " : ""), sets[i]->name);
    return status_fail(STATUS_USAGE, "LOCKSTEP_ISA=%s: this processor runs the kernel sets %s", wanted, known);
}

Status kernels_choose(bool bf16, const Kernels **kernels)
{
    const Kernels *plain[MOST_SETS];
    const char *wanted = getenv("LOCKSTEP_ISA");
    list_plain(plain);
    if (!wanted || !*wanted) {
        *kernels = bf16 ? kernels_all()[0] : plain[0];
        return STATUS_OK;
    }
    *kernels = find_named(plain, wanted);
    if (!*kernels) *kernels = find_named(kernels_all(), wanted);
    return *kernels ? STATUS_OK : tell_sets(wanted);
}
