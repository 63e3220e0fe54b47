#include "base/fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNREAD, UNARMED, ARMED };

static int state = UNREAD;
static int this_rank;
static char armed_point[64];
static int armed_rank = -1; /* any */
static bool any_time = true;
static uint64_t armed_when;

void fault_set_rank(int rank)
{
    this_rank = rank;
}

static void read_environment(void)
{
    state = UNARMED;
    const char *text = getenv("LOCKSTEP_FAULT");
    if (!text || !*text) return;
    const int fields = sscanf(text, "%63[^:]:%d:%" SCNu64, armed_point, &armed_rank, &armed_when);
    any_time = fields < 3;
    if (fields >= 1) state = ARMED;
}

bool fault_at(const char *point, uint64_t when)
{
    if (state == UNARMED) return false;
    if (state == UNREAD) read_environment();
    return state == ARMED && strcmp(point, armed_point) == 0 && (armed_rank < 0 || armed_rank == this_rank) &&
           (any_time || when == armed_when);
}

void fault_flip_bit(float *value)
{
    uint32_t bits;
    memcpy(&bits, value, sizeof bits);
    bits ^= UINT32_C(1) << 22; /* binary32: IEEE 754-2019, 3.4 */
    memcpy(value, &bits, sizeof bits);
}
