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

const Kernels *const *kernels_all(void)
{
    static const Kernels *sets[5];
    size_t count = 0;
#if defined(__x86_64__)
    const Kernels *amx = runs_avx512() ? find_amx() : NULL;
    if (amx) sets[count++] = amx;
    if (runs_avx512()) sets[count++] = &kernels_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets[count++] = &kernels_avx2;
#elif defined(__aarch64__)
    sets[count++] = &kernels_neon;
#endif
    sets[count++] = &kernels_portable;
    sets[count] = NULL;
    return sets;
}

Status kernels_choose(const Kernels **kernels)
{
    const Kernels *const *sets = kernels_all();
    const char *wanted = getenv("LOCKSTEP_ISA");
    *kernels = sets[0];
    if (!wanted || !*wanted) return STATUS_OK;
    char known[64] = "";
    for (size_t i = 0; sets[i]; i++) {
        *kernels = sets[i];
        if (strcmp(wanted, sets[i]->name) == 0) return STATUS_OK;
        strcat(strcat(known, i ? ", " : ""), sets[i]->name);
    }
    return status_fail(STATUS_USAGE, "LOCKSTEP_ISA=%s: this processor runs the kernel sets %s", wanted, known);
}
