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

enum { NETWORK_LEAST_BF16 = PANEL };

typedef struct {
    size_t in, out;
    size_t offset; /* of its panels in a parameter vector, floats */
    Activation activation;
    bool bf16;              /* its products have bf16 operands; then of its copies, behind the floats: */
    size_t copy, transpose; /* of W, and, but for the first layer, of W^T (kernels/bf16.h) */
} Layer;

typedef struct {
    size_t layers;
    Layer layer[NETWORK_MAX_LAYERS];
    size_t width;      /* of the images that are its inputs (kernels/patches.h) */
    size_t floats;     /* length of a gradient in memory, padding included; a parameter vector has these, and */
    size_t copies;     /* elements behind them: weights rounded to bf16 */
    size_t parameters; /* weights and biases in truth */
} Network;

/* hidden (count): neurons of the hidden layers, each with the activation; the last layer has `classes` outputs and
 * none. STATUS_CONFIG: more parameters than 2^40. */
MUST_CHECK Status network_init(Network *network, size_t features, const size_t *hidden, size_t count, size_t classes,
                               Activation activation);

/* The inputs are images of this shape, of as many values as the network has features; without it they have none. */
void network_set_image(Network *network, int dimensions, const uint64_t *extent);

/* The first layer whose inputs, outputs or activation differ in the two; the number of layers if none do. If one
 * network has more layers, the last of the other differs: it alone has no activation. */
size_t network_difference(const Network *a, const Network *b);

/* Layers of at least NETWORK_LEAST_BF16 inputs and outputs multiply in bf16: which ones is part of the result, and so
 * a matter of shapes alone. Narrower ones, as the last layer often is, would fill no tile, and cost little. */
void network_set_bf16(Network *network);

/* How a network computes of which training.compute says this ("fp32", "bf16"), one of them for certain. */
void network_set_compute(Network *network, const char *compute);

/* Length of a parameter vector in floats. */
size_t network_vector(const Network *network);

/* The copies of a parameter vector; and what stands in them from element `at` on. */
Bf16 *network_copies(const Network *network, float *parameter);
const Bf16 *network_copy(const Network *network, const float *parameter, size_t at);

/* Rounds the floats [begin, end) of a parameter vector, multiples of PANEL / 2, into its copies. Others may round
 * others beside it. */
void network_round(const Network *network, const Kernels *kernels, float *parameter, size_t begin, size_t end);

/* The first layer with a weight that has another copy than what it is rounded to; the number of layers: none has. */
size_t network_wrong_copy(const Network *network, const Kernels *kernels, const float *parameter);

/* The activation of this name ("relu", "tanh", "sigmoid"), one of them for certain. */
Activation network_activation(const char *name);

typedef enum {
    INIT_KAIMING, /* weights uniform in +-sqrt(6/in), biases 0: He et al., ICCV 2015 */
    INIT_XAVIER,  /* weights uniform in +-sqrt(6/(in+out)), biases 0: Glorot and Bengio, AISTATS 2010 */
    INIT_UNIFORM  /* weights and biases uniform in +-1/in */
} Initialisation;

Initialisation network_initialisation(const char *name);

/* Draws the parameters; each element is a function of (seed, layer, element) alone. The copies are made too. */
void network_draw(const Network *network, const Kernels *kernels, Initialisation kind, uint64_t seed, float *parameter);

/* Tensors: 2i is the weight of layer i, 2i+1 its bias. */
size_t network_tensors(const Network *network);
size_t network_tensor_size(const Network *network, size_t tensor);
void network_tensor_name(const Network *network, size_t tensor, char name[64]); /* "layer0.weight" */

/* Where the weight of a layer's input `row`, counted as in files, and output `column` stands in a parameter vector; row
 * in is the bias. */
size_t network_weight_index(const Network *network, size_t layer, size_t row, size_t column);

/* Where element i of a tensor, in the order of files, stands in a parameter vector. */
size_t network_tensor_index(const Network *network, size_t tensor, size_t i);

/* Gives `run` the elements of a tensor in the order of files, as many at a time as are neighbours in memory. */
typedef void NetworkRun(void *context, const float *value, size_t count);
void network_each_run(const Network *network, const float *parameter, size_t tensor, NetworkRun *run, void *context);

/* Adds a tensor's or all tensors' elements to a digest, as little-endian fp32 in the order of files. */
void network_digest_tensor(const Network *network, const float *parameter, size_t tensor, DigestState *state);
void network_digest(const Network *network, const float *parameter, DigestState *state);

/* The digest of all tensors alone. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status network_digest_vector(const Network *network, const float *parameter, Digest *digest);

/* The memory that passes over up to `capacity` samples need; all pointers are views into it. Another rank's, which
 * lies in memory that both share, is placed in the same way. */
typedef struct {
    size_t capacity;
    float *output[NETWORK_MAX_LAYERS]; /* of each layer (capacity, out) */
    float *error[NETWORK_MAX_LAYERS];  /* in each layer's output, before its activation (capacity, out) */
    float *scratch;                    /* for backward_data */
    float *loss;                       /* (capacity) of each sample */

    /* Of bf16 layers. */
    Bf16 *rounded[NETWORK_MAX_LAYERS]; /* rows of the input; the first layer's are in the BatchInput */
    Bf16 *inputs[NETWORK_MAX_LAYERS];  /* blocks of the shares' inputs and errors, one after the other, as */
    Bf16 *errors[NETWORK_MAX_LAYERS];  /* network_lay made them */
    Bf16 *rounded_error;               /* rows, for backward_data */
} Workspace;

/* The floats of such memory. shares: into how many the samples are cut for the weight gradient (Share); 0: they go
 * forward alone. */
size_t workspace_floats(const Network *network, size_t capacity, size_t shares);

/* memory: workspace_floats(), zeroed (kernels.h: errors are 0 past the last column), aligned to a cache line. */
void workspace_place(Workspace *workspace, const Network *network, size_t capacity, size_t shares, float *memory);

/* Logits of the input, in workspace->output[layers - 1]. */
void network_forward(const Network *network, const Kernels *kernels, const float *parameter, const BatchInput *input,
                     Workspace *workspace);

/* The samples of one rank. */
typedef struct {
    const BatchInput *input;
    Workspace *workspace;
} Pass;

/* Its two parts: some panels of the first layer's output, for each of the passes; and all from layer `first` on, whose
 * input is in the workspace. */
void network_forward_first(const Network *network, const Kernels *kernels, const float *parameter, size_t panel,
                           size_t panel_end, size_t passes, const Pass *pass);
void network_forward_from(const Network *network, const Kernels *kernels, const float *parameter, size_t first,
                          size_t n, Workspace *workspace);

/* After network_forward of n samples: their losses, and the errors of all layers. The logits are used up. */
void network_errors(const Network *network, const Kernels *kernels, const float *parameter, size_t n,
                    const uint32_t *label, Workspace *workspace);

/* The part of it that takes a layer's errors back to the layer before; layer > 0. */
void network_backward(const Network *network, const Kernels *kernels, const float *parameter, size_t layer, size_t n,
                      Workspace *workspace);

/* One item of a gradient's fold: the samples [first, end) of an input and a workspace after network_errors. The shares
 * of a workspace follow each other, from its first sample on. */
typedef struct {
    const BatchInput *input; /* borrowed */
    Workspace *workspace;    /* borrowed */
    size_t first, end;
} Share;

/* All shares of a workspace, as the weight gradients of bf16 layers read them; nothing without such layers. */
void network_lay(const Network *network, const Kernels *kernels, size_t shares, const Share *share);

/* All of a layer's W', as the panels and rows of *slice. */
void network_whole(const Network *network, size_t layer, WeightGradient *slice);

/* The same of piece `piece`, from 0, of part `part` of so many; false: the part has no such piece. Where there are
 * enough panels a part is some of them, in one piece. Else it is some quads of rows of all panels; or of a bf16 layer,
 * whose gradient is computed by blocks of PANEL rows of a panel, as many blocks as the others have or one less, which
 * follow each other in memory, in at most two pieces: so nothing is computed twice. */
bool network_slice(const Network *network, size_t layer, size_t parts, size_t part, size_t piece,
                   WeightGradient *slice);

/* What becomes of a layer's weight gradient that updates these vectors at once; velocity NULL without momentum. */
WeightGradient network_update(const Network *network, size_t layer, const SgdStep *step, float *parameter,
                              float *velocity);

/* The weight gradient of one layer over the shares (fold->items). The caller has filled in of *target which panels and
 * rows, and what becomes of the sums (kernels.h), addresses being of the layer's own panels. Returns whether a new
 * parameter is infinite or NaN. */
bool network_gradient(const Network *network, const Kernels *kernels, size_t layer, const Fold *fold,
                      const Share *share, WeightGradient *target);

#endif
