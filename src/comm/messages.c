#include "comm/messages.h"

#include <assert.h>

#include "base/memory.h"

Status messages_init(Messages *messages, size_t most)
{
    *messages = (Messages){.most = most};
    const Status st = memory_new(&messages->request, most, "messages");
    if (st != STATUS_OK || most == 0) return st;
    MPI_Type_contiguous(MESSAGES_LINE, MPI_BYTE, &messages->line);
    MPI_Type_commit(&messages->line);
    return STATUS_OK;
}

void messages_free(Messages *messages)
{
    for (size_t i = 0; i < messages->count; i++) MPI_Request_free(&messages->request[i]);
    if (messages->request && messages->most > 0) MPI_Type_free(&messages->line);
    memory_free(messages->request);
    *messages = (Messages){0};
}

static MPI_Request *next(Messages *messages)
{
    assert(messages->count < messages->most);
    return &messages->request[messages->count++];
}

void messages_add_send(Messages *messages, Comm *comm, size_t rank, int tag, size_t extents, const Extent *extent)
{
    for (size_t i = 0; i < extents; i++)
        MPI_Send_init(extent[i].at, comm_int(extent[i].lines), messages->line, comm_int(rank), tag + (int)i,
                      comm->world, next(messages));
}

void messages_add_receive(Messages *messages, Comm *comm, size_t rank, int tag, size_t extents, const Extent *extent)
{
    for (size_t i = 0; i < extents; i++)
        MPI_Recv_init(extent[i].at, comm_int(extent[i].lines), messages->line, comm_int(rank), tag + (int)i,
                      comm->world, next(messages));
}

void messages_start(Messages *messages)
{
    if (messages->count > 0) MPI_Startall(comm_int(messages->count), messages->request);
}

void messages_wait(Messages *messages)
{
    if (messages->count > 0) MPI_Waitall(comm_int(messages->count), messages->request, MPI_STATUSES_IGNORE);
}
