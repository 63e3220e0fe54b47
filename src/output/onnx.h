/* A checkpoint's network as an ONNX model (onnx/onnx.proto; opset 13, IR version 7, which runtimes since 2020 read).
 *
 *     images         input, (batch, the shape of an image), batch any number; as in the dataset, uint8 or float32
 *     pixels         Cast to float32, where they are uint8
 *     shifted        Sub of the scaling's shift, where it is not 0
 *     scaled         Mul by the scaling's factor, where it is not 1
 *     features       Flatten
 *     layer<i>.sum   Gemm with transB: layer<i>.weight (out,in), layer<i>.bias (out)
 *     layer<i>.out   Relu, Tanh or Sigmoid, but for the last layer
 *     probabilities  output (batch, classes) float32: Softmax
 *     prediction     output (batch) int64: ArgMax, the lowest of equals
 *
 * All of it computes in float32, whatever the run computed in: of what ONNX can say of bf16 products nothing fixes the
 * arithmetic, and few runtimes have them.
 *
 * Images go in unscaled and of the dataset's own type, so that nobody has to know how they were scaled, and images that
 * were scaled already, which are of another type where the network was trained on uint8, are refused by the runtime and
 * not classified wrongly. metadata_props has the facts of foreign.h, each key behind "lockstep.". */
#ifndef LOCKSTEP_OUTPUT_ONNX_H
#define LOCKSTEP_OUTPUT_ONNX_H

#include "output/bytes.h"
#include "rundir/checkpoint.h"

/* *file = the whole model; freed by the caller (bytes_free). Local. STATUS_CANT_CREATE: the network is too large for a
 * message of Protocol Buffers, which ends at 2 GiB; STATUS_INTERNAL: out of memory. */
MUST_CHECK Status onnx_encode(const Checkpoint *checkpoint, Bytes *file);

#endif
