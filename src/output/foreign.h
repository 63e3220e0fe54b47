/* A network as other tools have it: the weight of a layer is (out,in), as PyTorch's nn.Linear and ONNX's Gemm with
 * transB want it, and what it was trained on and for is told beside the tensors. Local. */
#ifndef LOCKSTEP_OUTPUT_FOREIGN_H
#define LOCKSTEP_OUTPUT_FOREIGN_H

#include "rundir/checkpoint.h"

/* The dimensions of a tensor (network.h) there: (out,in) of a weight, (out) of a bias. Returns how many. */
int foreign_shape(const Network *network, size_t tensor, uint64_t extent[2]);

/* Between a parameter vector and little-endian float32, row-major (4 bytes an element, aligned or not). */
void foreign_write(const Network *network, const float *parameter, size_t tensor, unsigned char *values);
void foreign_read(const Network *network, const unsigned char *values, size_t tensor, float *parameter);

/* Calls put for each fact about a checkpoint: digest, step, dataset_digest, activation, image_shape ("28x28"), pixels
 * ("uint8"), scaling, scaling_shift and scaling_factor (a pixel x becomes (x - shift) * factor), training_compute (what
 * its run computed in: "fp32" or "bf16"), config.
 * Values are UTF-8: in the config's text, bytes that are none, and control characters but newlines and tabs, are
 * written as \xNN. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status foreign_facts(const Checkpoint *checkpoint,
                                void (*put)(void *context, const char *key, const char *value), void *context);

#endif
