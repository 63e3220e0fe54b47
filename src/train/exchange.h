/* How the ranks share the work of a step. All ways give the same bits.
 *
 *   EXCHANGE_GRADIENT   every rank computes the gradient of its own samples; the reduction adds these, and each rank
 *                       updates its replica (training.plan "replica"), or its share of the node's copy ("node")
 *   EXCHANGE_OPERANDS   on one node with one copy of the parameters: the ranks lay their inputs and errors open, and
 *                       each computes its slice of the gradient over the samples of all, updating it at once; so no
 *                       gradient is ever written. Also a rank alone, whose slice is everything
 *   EXCHANGE_SPLIT      the same, and each rank also computes its columns of the first layer's output for the samples
 *                       of all: the first layer's weights never leave their owner's cache */
#ifndef LOCKSTEP_TRAIN_EXCHANGE_H
#define LOCKSTEP_TRAIN_EXCHANGE_H

#include "comm/reduction.h"
#include "data/loader.h"
#include "model/network.h"

typedef enum { EXCHANGE_GRADIENT, EXCHANGE_OPERANDS, EXCHANGE_SPLIT, EXCHANGE_KINDS } ExchangeKind;

/* What LOCKSTEP_EXCHANGE and the records call them. */
extern const char *const exchange_name[EXCHANGE_KINDS];

/* What a rank lays open of a step: its inputs, of even and of odd steps so that it can pack ahead, and what follows
 * from them. */
typedef struct {
    Inputs inputs[2];
    Workspace workspace;
} Operand;

typedef struct {
    ExchangeKind kind;
    bool one_copy;         /* each node has one copy of the parameters (training.plan), and */
    bool shared;           /* this one has several ranks */
    size_t operands, mine; /* of how many ranks operands are seen, and which are this rank's */
    Operand *operand;      /* (operands); owned, views into memory of the node */
    char *memory;          /* of the operand, if it is the only one; owned */
    Pass *pass;            /* (operands) of EXCHANGE_SPLIT; owned */
    const Fold *fold;      /* over the shares; borrowed */
    Share *share;          /* (fold->items) the samples of a step; owned */
    float *before;         /* shared: a copy of the parameters, and velocity, to check the update on; owned */
    bool wrong;            /* another rank's slice of an update was not what it must be */
} Exchange;

/* Where a summed gradient is applied. */
typedef struct {
    const Network *network;
    const Kernels *kernels;
    const SgdStep *step;
    float *w, *v; /* w with its copies, which are made anew; v NULL without momentum */
    bool bad;     /* out, false at first: a new w is infinite or NaN */
} GradientUpdate;

/* A ReductionConsumer. context: a GradientUpdate. */
void gradient_update(void *context, size_t begin, size_t count, const float *gradient);

struct Trainer;

/* Chooses the kind, by what would move between caches (rank 0's LOCKSTEP_EXCHANGE=gradient, operands or split decides
 * otherwise where that is possible), reserves the node's memory for it and the reduction, and takes that of parameters
 * and operands: sets trainer->parameter and velocity. Collective; agreed. STATUS_USAGE: LOCKSTEP_EXCHANGE is none of
 * these. */
MUST_CHECK Status exchange_open(struct Trainer *trainer);
void exchange_close(Exchange *exchange); /* accepts a zeroed struct */

/* The inputs of the step that comes. */
Inputs *exchange_inputs(struct Trainer *trainer);

/* The batch [begin, end) of positions is packed: forward, losses, errors, and what the others need of it. Collective on
 * the node. */
void exchange_compute(struct Trainer *trainer, uint32_t begin, uint32_t end);

/* After exchange_compute: the gradients of this rank's shards, added as a fold over its run asks.
 *   gradient (fold->outputs): vectors of network.floats, out */
void exchange_gradient(struct Trainer *trainer, const Fold *fold, float *const *gradient);

/* After the words were read: the gradient's sum and the update. check: in the node's one copy, every rank also
 * recomputes the slice of the next. Returns whether a new parameter that this rank made is infinite or NaN. Collective.
 */
bool exchange_update(struct Trainer *trainer, bool check);

/* Every rank of the node has finished what it wrote into the node's copy: the parameters may be read. Collective on the
 * node. */
void exchange_finish(struct Trainer *trainer);

#endif
