#include "train/ranks.h"

#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"

/* What each rank shows. Of one size in all versions of the program, because that is what is compared first. */
typedef struct {
    Digest key;
    char host[64], text[RANKS_TEXT];
} Shown;

/* Adds a line: which ranks have what `rank` has, on which host the first of them is, what it is. */
static size_t add_line(const Shown *all, int size, int rank, char *line, size_t line_size)
{
    char ranks[128];
    int others = 0;
    size_t used = (size_t)snprintf(ranks, sizeof ranks, "rank %d", rank);
    for (int r = rank + 1; r < size; r++) {
        if (!digest_equal(all[r].key, all[rank].key)) continue;
        if (used + 24 < sizeof ranks)
            used += (size_t)snprintf(ranks + used, sizeof ranks - used, ", %d", r);
        else
            others++;
    }
    if (others) snprintf(ranks + used, sizeof ranks - used, " and %d more", others);
    return (size_t)snprintf(line, line_size, "\n  %s (host %s): %s", ranks, all[rank].host, all[rank].text);
}

static bool is_first_of_its_kind(const Shown *all, int rank)
{
    for (int r = 0; r < rank; r++)
        if (digest_equal(all[r].key, all[rank].key)) return false;
    return true;
}

/* The same on every rank. */
static void make_table(const Shown *all, int size, char table[RANKS_TABLE])
{
    enum { LONGEST_LINE = sizeof(Shown) + 128 };
    size_t used = 0;
    int kinds = 0;
    for (int r = 0; r < size; r++) {
        if (!is_first_of_its_kind(all, r)) continue;
        kinds++;
        if (used + LONGEST_LINE < RANKS_TABLE) used += add_line(all, size, r, table + used, RANKS_TABLE - used);
    }
    if (kinds == 1) *table = '\0';
}

Status ranks_compare(Comm *comm, Digest key, const char *text, char table[RANKS_TABLE])
{
    Shown mine = {.key = key}, *all;
    gethostname(mine.host, sizeof mine.host - 1);
    snprintf(mine.text, sizeof mine.text, "%s", text);
    const Status st = comm_agree(comm, memory_new(&all, (size_t)comm_size(comm), "what the ranks have"));
    if (st == STATUS_OK) {
        comm_gather_all(comm, &mine, sizeof mine, all);
        make_table(all, comm_size(comm), table);
    }
    memory_free(all);
    return st;
}
