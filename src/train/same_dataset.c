/* Do all ranks have the same dataset? With node-local copies one may be older, or another under the same name. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "train/setup.h"

/* What each rank shows. */
typedef struct {
    DatasetFacts facts;
    char host[64];
} Shown;

/* Adds a line: which ranks have the dataset of `rank`, on which host the first of them is, what it is. */
static size_t add_line(const Shown *all, int size, int rank, char *text, size_t text_size)
{
    char what[256], ranks[128];
    int others = 0;
    size_t used = (size_t)snprintf(ranks, sizeof ranks, "rank %d", rank);
    for (int r = rank + 1; r < size; r++) {
        if (memcmp(&all[r].facts, &all[rank].facts, sizeof all->facts) != 0) continue;
        if (used + 24 < sizeof ranks)
            used += (size_t)snprintf(ranks + used, sizeof ranks - used, ", %d", r);
        else
            others++;
    }
    if (others) snprintf(ranks + used, sizeof ranks - used, " and %d more", others);
    dataset_facts_text(&all[rank].facts, what, sizeof what);
    return (size_t)snprintf(text, text_size, "\n  %s (host %s): %s", ranks, all[rank].host, what);
}

static bool is_first_of_its_kind(const Shown *all, int rank)
{
    for (int r = 0; r < rank; r++)
        if (memcmp(&all[r].facts, &all[rank].facts, sizeof all->facts) == 0) return false;
    return true;
}

/* The same on every rank. */
static Status compare(const Shown *all, int size, const char *file)
{
    enum { LONGEST_LINE = 480 };
    char table[1600] = "";
    size_t used = 0;
    int kinds = 0;
    for (int r = 0; r < size; r++) {
        if (!is_first_of_its_kind(all, r)) continue;
        kinds++;
        if (used + LONGEST_LINE < sizeof table) used += add_line(all, size, r, table + used, sizeof table - used);
    }
    if (kinds == 1) return STATUS_OK;
    return status_fail(STATUS_DATA, "the ranks have different datasets under the name \"%.200s\" (data.file):%s", file,
                       table);
}

Status setup_same_dataset(Comm *comm, const char *file, const DatasetFacts *facts)
{
    Shown mine = {.facts = *facts}, *all;
    gethostname(mine.host, sizeof mine.host - 1);
    Status st = comm_agree(comm, memory_new(&all, (size_t)comm_size(comm), "the ranks' datasets"));
    if (st == STATUS_OK) {
        comm_gather_all(comm, &mine, sizeof mine, all);
        st = compare(all, comm_size(comm), file);
    }
    memory_free(all);
    return st;
}
