/* A network's parameters as a safetensors file (Hugging Face, "Safetensors", section Format):
 *
 *   offset  bytes
 *        0      8  N, little-endian
 *        8      N  a JSON object, perhaps with spaces after it: for each tensor its dtype, shape and data_offsets, from
 *                  and to which byte it lies in what follows; "__metadata__": texts
 *    8 + N         the tensors, row-major, without holes
 *
 * Tensors are float32, in the order of their layers: layer<i>.weight (out,in), as in PyTorch's nn.Linear, then
 * layer<i>.bias (out). N is a multiple of 8. __metadata__ has the facts of foreign.h. */
#ifndef LOCKSTEP_OUTPUT_SAFETENSORS_H
#define LOCKSTEP_OUTPUT_SAFETENSORS_H

#include "output/bytes.h"
#include "rundir/checkpoint.h"

enum { SAFETENSORS_LENGTH_SIZE = 8, SAFETENSORS_HEADER_LIMIT = 1 << 20, SAFETENSORS_LAYER_NAME = 200 };

/* *file = the whole file; freed by the caller (bytes_free). Local. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status safetensors_encode(const Checkpoint *checkpoint, Bytes *file);

/* parameter (network->floats) = the parameters of the network in a file, and nothing else.
 *   layer  (network->layers) how the file calls each layer, of less than SAFETENSORS_LAYER_NAME bytes: its tensors are
 *          that name with ".weight" and ".bias" behind it; NULL: layer0, layer1 ...
 * The file may be anyone's, and is read strictly: a header of at most SAFETENSORS_HEADER_LIMIT bytes without members
 * that the format does not have or that are there twice; exactly these tensors, of dtype F32 and of the network's
 * shapes, side by side without holes, to the file's last byte; all values finite. Memory is taken by the network's
 * size, not by what the file says. Local. STATUS_NO_INPUT: no such file; STATUS_DATA, with what and where; STATUS_IO;
 * STATUS_INTERNAL: out of memory. */
MUST_CHECK Status safetensors_read(const char *path, const Network *network, const char *const *layer,
                                   float *parameter);

/* The same for the bytes of a whole file; name stands in messages. */
MUST_CHECK Status safetensors_decode(const char *name, const unsigned char *bytes, size_t size, const Network *network,
                                     const char *const *layer, float *parameter);

#endif
