/* The ranks that share memory. A node is the ranks of one host, which are neighbours in number; each rank gives it
 * segments of memory that all of them see, and they wait for each other without a message. Where the memory is not to
 * be had every rank is a node of its own, and what is built on nodes goes by messages: the same results, slower.
 *
 * LOCKSTEP_NODES=k, for tests: the job's ranks are dealt into k runs and no node has ranks of two, as if one host were
 * k. */
#ifndef LOCKSTEP_COMM_NODE_H
#define LOCKSTEP_COMM_NODE_H

#include "comm/comm.h"

typedef struct Node Node;

/* Who is on a node with whom. Collective; agreed. STATUS_INTERNAL: out of memory. STATUS_USAGE: LOCKSTEP_NODES is no
 * number from 1 on. */
MUST_CHECK Status node_open(Comm *comm, Node **node);

/* bytes: what this rank will ask of node_share in all; before the first share and the first barrier. If on any host the
 * ranks' shares do not fit what is free where Open MPI puts shared memory, every rank of the job becomes a node of its
 * own, and rank 0 warns. Collective; agreed. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status node_reserve(Node *node, size_t bytes);
void node_close(Node *node); /* collective; accepts NULL; the shares end */

/* This rank's place among those of its node. Not collective. */
int node_rank(const Node *node);
int node_size(const Node *node);

/* The nodes of the job, and which one is this rank's. Node i has the ranks [node_begin(i), node_begin(i + 1)) of the
 * job. Not collective. */
int node_count(const Node *node);
int node_mine(const Node *node);
int node_begin(const Node *node, int i);

enum { NODE_MOST_SHARES = 8 };

/* bytes of this rank's, zeroed, aligned to a page where they are shared, until node_close. A rank alone on its node
 * gets private memory. segment (node_size) out: where each rank's are; NULL for those that asked for 0.
 * Collective; agreed. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status node_share(Node *node, size_t bytes, void **segment);

/* The barrier in two halves. node_wait returns when every rank of the node has arrived as often as this one; what a
 * rank wrote before it arrived can be read then. A rank may arrive again without having waited. Collective on the node.
 */
void node_arrive(Node *node);
void node_wait(Node *node);
void node_barrier(Node *node); /* both */

#endif
