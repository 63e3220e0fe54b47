/* A whole network in double from the reference kernels: parameters in the order of files, batches without padding. */
#ifndef LOCKSTEP_TESTS_REFERENCE_NETWORK_H
#define LOCKSTEP_TESTS_REFERENCE_NETWORK_H

#include <stdlib.h>

#include "kernels/reference.h"
#include "model/network.h"

/* Mean loss of n samples; if gradient is not NULL, its derivative by every parameter too. */
static inline double reference_network(const Network *network, const double *parameter, size_t n, const double *x,
                                       const uint32_t *label, double *gradient)
{
    double *output[NETWORK_MAX_LAYERS], *e, *loss = calloc(n, sizeof *loss), mean = 0.0;
    size_t offset[NETWORK_MAX_LAYERS + 1] = {0};
    const size_t last = network->layers - 1, classes = network->layer[last].out;
    for (size_t i = 0; i <= last; i++) {
        const Layer *layer = &network->layer[i];
        const double *w = parameter + offset[i];
        offset[i + 1] = offset[i] + (layer->in + 1) * layer->out;
        output[i] = calloc(n * layer->out, sizeof(double));
        reference_forward_f64(n, layer->in, layer->out, i ? output[i - 1] : x, w, w + layer->in * layer->out,
                              layer->activation, output[i]);
    }
    e = calloc(n * classes, sizeof *e);
    reference_softmax_cross_entropy_f64(n, classes, output[last], label, e, loss);
    for (size_t s = 0; s < n; s++) mean += loss[s] / (double)n;
    for (size_t i = 0; i < n * classes; i++) e[i] /= (double)n;
    for (size_t i = last + 1; i-- > 0 && gradient;) {
        const Layer *layer = &network->layer[i];
        double *dw = gradient + offset[i], *below = calloc(n * layer->in, sizeof *below);
        reference_backward_weight_f64(n, layer->in, layer->out, i ? output[i - 1] : x, e, dw,
                                      dw + layer->in * layer->out);
        reference_backward_data_f64(n, layer->in, layer->out, e, parameter + offset[i], below);
        if (i) reference_activation_backward_f64(n * layer->in, output[i - 1], network->layer[i - 1].activation, below);
        free(e);
        e = below;
    }
    for (size_t i = 0; i <= last; i++) free(output[i]);
    free(e), free(loss);
    return mean;
}

#endif
