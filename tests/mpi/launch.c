/* The ground that the other MPI tests stand on: this machine starts as many ranks as asked, more than it has cores too,
 * and carries messages large enough for Open MPI's single-copy path, which containers break. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1 << 18 };

int main(int argc, char **argv)
{
    static int sent[COUNT], received[COUNT];
    int rank, size, failures = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    const int left = (rank + size - 1) % size, right = (rank + 1) % size;
    for (int i = 0; i < COUNT; i++) sent[i] = rank ^ i;
    MPI_Sendrecv(sent, COUNT, MPI_INT, right, 0, received, COUNT, MPI_INT, left, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    for (int i = 0; i < COUNT; i++) failures += received[i] != (left ^ i);
    if (argc != 2 || size != atoi(argv[1])) failures++;
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) printf("%d ranks, %d failures\n", size, failures);
    MPI_Finalize();
    return failures ? 1 : 0;
}
