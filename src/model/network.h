/* A fully connected network, a softmax on its last layer, and its parameters.
 *
 * Layer i maps X (n,in) to Y = f(X' W'), where X' is X with a column of ones and W' has the bias as its last row. All
 * parameters lie in one vector, layer after layer, each in the panels of kernels.h; a gradient or an optimizer's state
 * is a vector of the same layout. In digests and files the order is another: layer by layer, weight (in,out) row-major,
 * then bias. */
#ifndef LOCKSTEP_MODEL_NETWORK_H
#define LOCKSTEP_MODEL_NETWORK_H

#include "base/digest.h"
#include "kernels/kernels.h"

enum { NETWORK_MAX_LAYERS = 65 };

typedef struct {
    size_t in, out;
    size_t offset; /* of its panels in a parameter vector, floats */
    Activation activation;
} Layer;

typedef struct {
    size_t layers;
    Layer layer[NETWORK_MAX_LAYERS];
    size_t floats;     /* length of a parameter vector in memory, padding included */
    size_t parameters; /* weights and biases in truth */
} Network;

/* hidden (count): neurons of the hidden layers, each with the activation; the last layer has `classes` outputs and
 * none. STATUS_CONFIG: more parameters than 2^40. */
MUST_CHECK Status network_init(Network *network, size_t features, const size_t *hidden, size_t count, size_t classes,
                               Activation activation);

/* The activation of this name ("relu", "tanh", "sigmoid"), one of them for certain. */
Activation network_activation(const char *name);

typedef enum {
    INIT_KAIMING, /* weights uniform in +-sqrt(6/in), biases 0: He et al., ICCV 2015 */
    INIT_XAVIER,  /* weights uniform in +-sqrt(6/(in+out)), biases 0: Glorot and Bengio, AISTATS 2010 */
    INIT_UNIFORM  /* weights and biases uniform in +-1/in */
} Initialisation;

Initialisation network_initialisation(const char *name);

/* Draws the parameters; each element is a function of (seed, layer, element) alone. */
void network_draw(const Network *network, Initialisation kind, uint64_t seed, float *parameter);

/* Tensors: 2i is the weight of layer i, 2i+1 its bias. */
size_t network_tensors(const Network *network);
size_t network_tensor_size(const Network *network, size_t tensor);
void network_tensor_name(const Network *network, size_t tensor, char name[64]); /* "layer0.weight" */

/* Where element i of a tensor, in the order of files, stands in a parameter vector. */
size_t network_tensor_index(const Network *network, size_t tensor, size_t i);

/* Adds a tensor's or all tensors' elements to a digest, as little-endian fp32 in the order of files. */
void network_digest_tensor(const Network *network, const float *parameter, size_t tensor, DigestState *state);
void network_digest(const Network *network, const float *parameter, DigestState *state);

/* The memory that passes over up to `capacity` samples need. */
typedef struct {
    size_t capacity;
    float *output[NETWORK_MAX_LAYERS]; /* of each layer (capacity, out); views into slab */
    float *error[2];                   /* backward, alternating between layers; views into slab */
    float *scratch;                    /* for backward_data; view into slab */
    float *loss;                       /* (capacity) of each sample; view into slab */
    float *slab;                       /* owned */
} Workspace;

/* The floats of such memory; backward as below. */
size_t workspace_floats(const Network *network, size_t capacity, bool backward);

/* backward: also what network_backward needs. */
MUST_CHECK Status workspace_init(Workspace *workspace, const Network *network, size_t capacity, bool backward);
void workspace_free(Workspace *workspace); /* accepts a zeroed struct */

/* Logits of x (n, features), in workspace->output[layers - 1]. */
void network_forward(const Network *network, const Kernels *kernels, const float *parameter, size_t n, const float *x,
                     Workspace *workspace);

/* After network_forward on the same x: the losses of all samples, and the gradient's sum over the samples of each
 * subtree of the run's fold (kernels.h) in gradient[output]. The logits are used up. */
void network_backward(const Network *network, const Kernels *kernels, const float *parameter, size_t n, const float *x,
                      const uint32_t *label, const Fold *fold, const size_t *first_row, Workspace *workspace,
                      float *const *gradient);

#endif
