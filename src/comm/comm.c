#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include "comm/comm_internal.h"
#include "comm/watchdog_internal.h"

enum { MESSAGE_SIZE = 2048 };

int comm_int(size_t n)
{
    assert(n <= INT_MAX);
    return (int)n;
}

/* Ranks of one host need no network. Open MPI looks for some all the same (its mtl components): with the layer for
 * messages named, which does without, MPI_Init takes 0.06 s and not 0.22 (4.1, 2 ranks). What the user asked for stays.
 */
static void look_for_no_network(void)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE"), *here = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    const int keep = 0;
    if (size && here && strcmp(size, here) == 0) setenv("OMPI_MCA_pml", "ob1", keep);
}

/* Gives the ranks of a host neighbouring numbers, hosts in the order of their lowest ranks: rank 0 stays 0. mpirun may
 * deal ranks out to the hosts in turn. Costs one message of one number where they are neighbours already. */
static void make_neighbours(Comm *comm)
{
    int here, in_host, lowest = comm->rank;
    MPI_Comm_size(comm->host, &here);
    MPI_Comm_rank(comm->host, &in_host);
    if (here == comm->size) return;
    MPI_Bcast(&lowest, 1, MPI_INT, 0, comm->host);
    int apart = comm->rank != lowest + in_host;
    MPI_Allreduce(MPI_IN_PLACE, &apart, 1, MPI_INT, MPI_MAX, comm->world);
    if (!apart) return;
    MPI_Comm started = comm->world;
    MPI_Comm_split(started, 0, lowest, &comm->world);
    MPI_Comm_free(&started);
    MPI_Comm_rank(comm->world, &comm->rank);
}

static void begin_mpi(Comm *comm, int *argc, char ***argv)
{
    int level;
    look_for_no_network();
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &level);
    comm->mpi = true;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm->world);
    MPI_Comm_rank(comm->world, &comm->rank);
    MPI_Comm_size(comm->world, &comm->size);
    MPI_Comm_split_type(comm->world, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &comm->host);
    segments_take_names(comm);
    make_neighbours(comm);
    if (comm->watchdog) watchdog_join(comm->watchdog, comm);
}

Status comm_begin(int *argc, char ***argv, Comm **comm)
{
    int rank, size;
    const bool launched = comm_launched(&rank, &size);
    log_set_speaker(rank == 0);
    fault_set_rank(rank);
    Status st = memory_new(comm, 1, "the ranks");
    if (st == STATUS_OK && size > 1) st = watchdog_start(rank, size, &(*comm)->watchdog);
    if (st != STATUS_OK) {
        if (st == STATUS_INTERNAL) log_set_speaker(true); /* without MPI no other rank can tell of it */
        memory_free(*comm);
        *comm = NULL;
        return st;
    }
    (*comm)->size = 1;
    (*comm)->host = MPI_COMM_NULL;
    fault_raise_at("start", 0);
    if (launched) begin_mpi(*comm, argc, argv);
    log_set_speaker((*comm)->rank == 0);
    fault_set_rank((*comm)->rank);
    return STATUS_OK;
}

void comm_end(Comm *comm)
{
    if (!comm) return;
    fault_raise_at("end", 0);
    if (comm->mpi) {
        if (comm->watchdog) watchdog_part(comm->watchdog);
        segments_give_names(comm);
        MPI_Comm_free(&comm->host);
        MPI_Comm_free(&comm->world);
        MPI_Finalize();
    }
    watchdog_stop(comm->watchdog);
    memory_free(comm);
}

int comm_rank(const Comm *comm)
{
    return comm->rank;
}

int comm_size(const Comm *comm)
{
    return comm->size;
}

Watchdog *comm_watchdog(const Comm *comm)
{
    return comm->watchdog;
}

const char *comm_library(void)
{
    static char name[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(name, &length); /* allowed before MPI_Init: MPI-3.1, section 8.1.1 */
    name[strcspn(name, ",\n")] = '\0';
    return name;
}

/* The failure path of comm_agree: everyone learns what the lowest failing rank says. */
static Status agree_on_failure(Comm *comm, Status mine, int lowest)
{
    int failed = mine != STATUS_OK, total;
    MPI_Allreduce(&failed, &total, 1, MPI_INT, MPI_SUM, comm->world);
    struct {
        int status;
        char message[MESSAGE_SIZE];
    } told = {.status = (int)mine};
    snprintf(told.message, sizeof told.message, "%s", status_message());
    MPI_Bcast(&told, comm_int(sizeof told), MPI_BYTE, lowest, comm->world);
    if (comm->rank != 0) {
        status_clear();
        return (Status)told.status;
    }
    if (total == comm->size) return status_fail((Status)told.status, "%s", told.message);
    if (total == 1) return status_fail((Status)told.status, "%s (on rank %d)", told.message, lowest);
    return status_fail((Status)told.status, "%s (on %d of %d ranks, rank %d the first)", told.message, total,
                       comm->size, lowest);
}

Status comm_agree(Comm *comm, Status mine)
{
    if (comm->size == 1) return mine;
    int failing = mine == STATUS_OK ? INT_MAX : comm->rank, lowest;
    watchdog_wait(comm->watchdog, true);
    MPI_Allreduce(&failing, &lowest, 1, MPI_INT, MPI_MIN, comm->world);
    Status st = lowest == INT_MAX ? STATUS_OK : agree_on_failure(comm, mine, lowest);
    watchdog_wait(comm->watchdog, false);
    return st;
}

void comm_barrier(Comm *comm)
{
    if (comm->size == 1) return;
    watchdog_wait(comm->watchdog, true);
    MPI_Barrier(comm->world);
    watchdog_wait(comm->watchdog, false);
}

void comm_broadcast(Comm *comm, void *bytes, size_t size)
{
    enum { MOST = 1 << 30 };
    watchdog_wait(comm->watchdog, true);
    for (size_t done = 0; comm->size > 1 && done < size; done += MOST)
        MPI_Bcast((char *)bytes + done, comm_int(size - done < MOST ? size - done : MOST), MPI_BYTE, 0, comm->world);
    watchdog_wait(comm->watchdog, false);
}

void comm_sum_words(Comm *comm, uint64_t *word, size_t count)
{
    watchdog_wait(comm->watchdog, true);
    for (size_t done = 0; comm->size > 1 && done < count; done += COMM_MOST_WORDS) {
        const size_t words = count - done < COMM_MOST_WORDS ? count - done : COMM_MOST_WORDS;
        MPI_Allreduce(MPI_IN_PLACE, word + done, comm_int(words), MPI_UINT64_T, MPI_SUM, comm->world);
    }
    watchdog_wait(comm->watchdog, false);
}

void comm_gather_all(Comm *comm, const void *mine, size_t bytes, void *all)
{
    watchdog_wait(comm->watchdog, true);
    if (comm->size == 1)
        memcpy(all, mine, bytes);
    else
        MPI_Allgather(mine, comm_int(bytes), MPI_BYTE, all, comm_int(bytes), MPI_BYTE, comm->world);
    watchdog_wait(comm->watchdog, false);
}

void comm_take(Comm *comm, int from, const void *mine, size_t bytes, void *taken)
{
    enum { TAG = 1 };
    watchdog_wait(comm->watchdog, true);
    if (comm->rank == 0 && from == 0)
        memcpy(taken, mine, bytes);
    else if (comm->rank == 0)
        MPI_Recv(taken, comm_int(bytes), MPI_BYTE, from, TAG, comm->world, MPI_STATUS_IGNORE);
    else if (comm->rank == from)
        MPI_Send(mine, comm_int(bytes), MPI_BYTE, 0, TAG, comm->world);
    watchdog_wait(comm->watchdog, false);
}
