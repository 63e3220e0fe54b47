/* The table of one kernel set. */
#include "kernels/set.h"

extern const Kernels KERNEL(kernels);

#define TEXT(x)  TEXT_(x)
#define TEXT_(x) #x

const Kernels KERNEL(kernels) = {
    .name = TEXT(KERNEL_SET_NAME),
    .forward = KERNEL(forward),
    .forward_nonzeros = KERNEL(forward_nonzeros),
    .backward_data = KERNEL(backward_data),
    .backward_weight = KERNEL(backward_weight),
    .multiply_bf16 = KERNEL(multiply_bf16),
    .forward_bf16 = KERNEL(forward_bf16),
    .backward_data_bf16 = KERNEL(backward_data_bf16),
    .round_rows = KERNEL(round_rows),
    .round_weights = KERNEL(round_weights),
    .lay_inputs = KERNEL(lay_inputs),
    .lay_errors = KERNEL(lay_errors),
    .nonzeros_add_uint8 = KERNEL(nonzeros_add_uint8),
    .nonzeros_add = KERNEL(nonzeros_add),
    .nonzeros_end = KERNEL(nonzeros_end),
    .softmax_cross_entropy = KERNEL(softmax_cross_entropy),
    .sgd = KERNEL(sgd),
    .add = KERNEL(add),
    .expand = KERNEL(expand),
    .spin = KERNEL(spin),
    .scan = KERNEL(scan),
};
