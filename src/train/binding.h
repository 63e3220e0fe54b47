/* Which processors the ranks of a host may use, and whether they are in each other's way. */
#ifndef LOCKSTEP_TRAIN_BINDING_H
#define LOCKSTEP_TRAIN_BINDING_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
    size_t ranks, free; /* free: that may use more than half of what all may */
    cpu_set_t all;
    bool overlap; /* two share a processor */
} Binding;

typedef enum {
    BINDING_GOOD,
    BINDING_CROWDED, /* more ranks than processors */
    BINDING_NONE,    /* of several ranks none is bound to a core */
    BINDING_OVERLAP  /* two or more are bound to the same processors, though there are enough */
} BindingKind;

/* Each rank of a host, with what it may use (sched_getaffinity(2)); when all were added, each again with the second,
 * before the judgement. */
void binding_add(Binding *binding, const cpu_set_t *own);
void binding_count_free(Binding *binding, const cpu_set_t *own);
BindingKind binding_judge(const Binding *binding);

#endif
