/* The set "amx": all of "avx512", but bf16 products by the instruction itself, TDPBF16PS on tiles of 16 by 16. */
#ifndef LOCKSTEP_KERNELS_AMX_H
#define LOCKSTEP_KERNELS_AMX_H

#include <stdbool.h>

#include "kernels/bf16.h"

/* Does this processor have AMX-TILE and AMX-BF16, and does the system let this process use them? Asks the system to. */
bool amx_supported(void);

/* Loads the configuration of the tiles; before the first product, in the thread that makes it. */
void amx_configure(void);

Bf16Multiply multiply_bf16_amx; /* after amx_configure */

/* Does a multiply give the bits of another, which is to be trusted, where they are most easily missed? */
bool amx_agrees(Bf16Multiply *multiply, Bf16Multiply *trusted);

#endif
