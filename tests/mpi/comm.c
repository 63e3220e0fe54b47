/* Agreement between real ranks. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "comm/clocks.h"
#include "mpi_test.h"

static void all_ranks_agree_on_success(Comm *comm)
{
    CHECK(comm_agree(comm, STATUS_OK) == STATUS_OK);
}

static void one_rank_s_failure_becomes_everyone_s(Comm *comm)
{
    const int culprit = comm_size(comm) - 1;
    Status st = STATUS_OK;
    if (comm_rank(comm) == culprit) st = status_fail(STATUS_DATA, "the sky is green");
    CHECK(comm_agree(comm, st) == STATUS_DATA);
    if (comm_rank(comm) == 0) CHECK(strstr(status_message(), "the sky is green"));
    if (comm_rank(comm) == 0 && culprit > 0) CHECK(strstr(status_message(), "on rank"));
    if (comm_rank(comm) > 0) CHECK(*status_message() == '\0');
    status_clear();
}

static void the_lowest_failing_rank_is_heard(Comm *comm)
{
    Status st = comm_rank(comm) == 0 ? status_fail(STATUS_IO, "first") : status_fail(STATUS_CONFIG, "other");
    CHECK(comm_agree(comm, st) == STATUS_IO);
    if (comm_rank(comm) == 0) CHECK(strcmp(status_message(), "first") == 0 || comm_size(comm) == 1);
    status_clear();
}

static void words_are_added_and_passed_on(Comm *comm)
{
    uint64_t word[2] = {(uint64_t)comm_rank(comm), comm_rank(comm) == comm_size(comm) - 1 ? 0xfedcba9876543210u : 0};
    comm_sum_words(comm, word, 2);
    CHECK(word[0] == (uint64_t)(comm_size(comm) * (comm_size(comm) - 1) / 2));
    CHECK(word[1] == 0xfedcba9876543210u);
}

/* More than one message. */
static void many_words_are_added(Comm *comm)
{
    const size_t count = COMM_MOST_WORDS + 3;
    uint64_t *word;
    if (comm_agree(comm, memory_new(&word, count, "words")) != STATUS_OK) {
        CHECK(!"memory for the words");
        return;
    }
    word[0] = word[COMM_MOST_WORDS - 1] = 1;
    word[COMM_MOST_WORDS] = word[count - 1] = 2;
    comm_sum_words(comm, word, count);
    const uint64_t size = (uint64_t)comm_size(comm);
    CHECK(word[0] == size && word[COMM_MOST_WORDS - 1] == size && word[1] == 0);
    CHECK(word[COMM_MOST_WORDS] == 2 * size && word[count - 1] == 2 * size);
    memory_free(word);
}

static void rank_0_takes_what_each_rank_has(Comm *comm)
{
    for (int from = 0; from < comm_size(comm); from++) {
        const int mine = 10 * comm_rank(comm);
        int taken = -1;
        comm_take(comm, from, &mine, sizeof mine, &taken);
        CHECK(comm_rank(comm) > 0 || taken == 10 * from);
    }
}

static void ranks_of_one_host_have_one_clock(Comm *comm)
{
    const HostClock clock = clocks_compare(comm);
    CHECK(clock.host == 0 && clock.ahead == 0.0 && clock.error == 0.0);
}

/* Or MPI_Init takes longer than the rest of start-up. */
static void ranks_of_one_host_look_for_no_network(void)
{
    int rank, size;
    if (!comm_launched(&rank, &size)) return; /* a build without MPI */
    const char *layer = getenv("OMPI_MCA_pml");
    CHECK(layer && strcmp(layer, "ob1") == 0);
}

int main(int argc, char **argv)
{
    Comm *comm;
    if (comm_begin(&argc, &argv, &comm) != STATUS_OK) return 2;
    ranks_of_one_host_look_for_no_network();
    all_ranks_agree_on_success(comm);
    one_rank_s_failure_becomes_everyone_s(comm);
    the_lowest_failing_rank_is_heard(comm);
    words_are_added_and_passed_on(comm);
    many_words_are_added(comm);
    rank_0_takes_what_each_rank_has(comm);
    ranks_of_one_host_have_one_clock(comm);
    return mpi_test_end(comm);
}
