#include "base/fault.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void hang_at(const char *place, uint64_t when)
{
    char point[sizeof armed_point];
    snprintf(point, sizeof point, "hang-%s", place);
    while (fault_at(point, when)) pause();
}

void fault_raise_at(const char *place, uint64_t when)
{
    static const struct {
        const char *name;
        int number;
    } known[] = {{"stop", SIGSTOP}, {"kill", SIGKILL}, {"usr1", SIGUSR1}, {"usr2", SIGUSR2}, {"term", SIGTERM}};
    char point[sizeof armed_point];
    if (state == UNARMED) return;
    hang_at(place, when);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        snprintf(point, sizeof point, "raise-%s-%s", known[i].name, place);
        if (fault_at(point, when)) raise(known[i].number);
    }
}
