/* A network at work: its memory, forward, back, and the weight gradients. */
#include <assert.h>

#include "base/memory.h"
#include "model/network.h"

/* Of bf16 layers: rounded rows of inputs and errors. */
static void place_rows(Workspace *w, const Network *network, size_t shares, void *memory, size_t *bytes)
{
    size_t error = 0;
    for (size_t i = 1; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        if (!layer->bf16) continue;
        w->rounded[i] = memory_take(memory, bytes, bf16_rows(w->capacity, layer->in), sizeof(Bf16));
        if (bf16_rows(w->capacity, layer->out) > error) error = bf16_rows(w->capacity, layer->out);
    }
    w->rounded_error = memory_take(memory, bytes, shares ? error : 0, sizeof(Bf16));
}

/* And as many blocks as there may be in so many shares of capacity samples. */
static void place_blocks(Workspace *w, const Network *network, size_t shares, void *memory, size_t *bytes)
{
    const size_t blocks = w->capacity / PANEL + shares;
    for (size_t i = 0; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        if (!layer->bf16) continue;
        w->inputs[i] = memory_take(memory, bytes, blocks * bf16_block(layer->in), sizeof(Bf16));
        w->errors[i] = memory_take(memory, bytes, blocks * bf16_block(layer->out), sizeof(Bf16));
    }
}

static size_t place(Workspace *w, const Network *network, size_t capacity, size_t shares, float *memory)
{
    size_t bytes = 0, scratch = 0;
    const size_t last = network->layers - 1;
    *w = (Workspace){.capacity = capacity};
    for (size_t i = 0; i <= last; i++) {
        const Layer *layer = &network->layer[i];
        const size_t size = capacity * kernel_leading(layer->out);
        w->output[i] = memory_take(memory, &bytes, size, sizeof(float));
        w->error[i] = i == last ? w->output[i] : shares ? memory_take(memory, &bytes, size, sizeof(float)) : NULL;
        if (i > 0 && kernel_scratch(layer->out) > scratch) scratch = kernel_scratch(layer->out);
    }
    place_rows(w, network, shares, memory, &bytes);
    if (shares) place_blocks(w, network, shares, memory, &bytes);
    w->loss = memory_take(memory, &bytes, capacity, sizeof(float));
    w->scratch = memory_take(memory, &bytes, shares ? scratch : 0, sizeof(float));
    return bytes / sizeof(float);
}

size_t workspace_floats(const Network *network, size_t capacity, size_t shares)
{
    Workspace unused;
    return place(&unused, network, capacity, shares, NULL);
}

void workspace_place(Workspace *workspace, const Network *network, size_t capacity, size_t shares, float *memory)
{
    place(workspace, network, capacity, shares, memory);
}

/* Some panels of a bf16 layer's output; x: rounded rows. */
static void forward_bf16(const Network *network, const Kernels *kernels, const float *parameter, size_t layer,
                         size_t panel, size_t panel_end, size_t n, const Bf16 *x, float *y)
{
    const Layer *l = &network->layer[layer];
    kernels->forward_bf16(kernels->multiply_bf16, n, l->in, l->out, panel, panel_end, x, parameter + l->offset,
                          network_copy(network, parameter, l->copy), l->activation, y);
}

void network_forward_from(const Network *network, const Kernels *kernels, const float *parameter, size_t first,
                          size_t n, Workspace *workspace)
{
    for (size_t i = first; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        const float *x = workspace->output[i - 1];
        float *y = workspace->output[i];
        const size_t panels = kernel_panels(layer->out);
        if (layer->bf16) {
            kernels->round_rows(n, layer->in, x, workspace->rounded[i]);
            forward_bf16(network, kernels, parameter, i, 0, panels, n, workspace->rounded[i], y);
        } else
            kernels->forward(n, layer->in, layer->out, 0, panels, x, parameter + layer->offset, layer->activation, y);
    }
}

void network_forward_first(const Network *network, const Kernels *kernels, const float *parameter, size_t panel,
                           size_t panel_end, size_t passes, const Pass *pass)
{
    const Layer *layer = &network->layer[0];
    const float *w = parameter + layer->offset;
    ForwardItem item[FORWARD_ITEMS];
    size_t items = 0;
    for (size_t i = 0; i < passes; i++) {
        const BatchInput *input = pass[i].input;
        float *y = pass[i].workspace->output[0];
        assert(input->n <= pass[i].workspace->capacity);
        if (layer->bf16)
            forward_bf16(network, kernels, parameter, 0, panel, panel_end, input->n, input->rounded, y);
        else if (input->nonzeros)
            item[items++] = (ForwardItem){input->n, input->nonzeros, y};
        else
            kernels->forward(input->n, layer->in, layer->out, panel, panel_end, input->x, w, layer->activation, y);
        if (items < FORWARD_ITEMS && i + 1 < passes) continue;
        kernels->forward_nonzeros(items, item, layer->out, panel, panel_end, w, layer->activation);
        items = 0;
    }
}

void network_forward(const Network *network, const Kernels *kernels, const float *parameter, const BatchInput *input,
                     Workspace *workspace)
{
    const Pass pass = {input, workspace};
    network_forward_first(network, kernels, parameter, 0, kernel_panels(network->layer[0].out), 1, &pass);
    network_forward_from(network, kernels, parameter, 1, input->n, workspace);
}

void network_backward(const Network *network, const Kernels *kernels, const float *parameter, size_t layer, size_t n,
                      Workspace *workspace)
{
    const Layer *l = &network->layer[layer];
    const Activation activation = network->layer[layer - 1].activation;
    const float *e = workspace->error[layer], *x = workspace->output[layer - 1];
    float *dx = workspace->error[layer - 1];
    if (!l->bf16) {
        kernels->backward_data(n, l->in, l->out, e, parameter + l->offset, x, activation, dx, workspace->scratch);
        return;
    }
    kernels->round_rows(n, l->out, e, workspace->rounded_error);
    kernels->backward_data_bf16(kernels->multiply_bf16, n, l->in, l->out, workspace->rounded_error,
                                network_copy(network, parameter, l->transpose), x, activation, dx);
}

void network_errors(const Network *network, const Kernels *kernels, const float *parameter, size_t n,
                    const uint32_t *label, Workspace *workspace)
{
    const size_t last = network->layers - 1;
    kernels->softmax_cross_entropy(n, network->layer[last].out, label, true, workspace->error[last], workspace->loss);
    for (size_t i = last; i > 0; i--) network_backward(network, kernels, parameter, i, n, workspace);
}

/* The first block of the share after this one, whose first is `block`. */
static size_t next_block(size_t block, const Share *share)
{
    return block + kernel_panels(share->end - share->first);
}

void network_lay(const Network *network, const Kernels *kernels, size_t shares, const Share *share)
{
    for (size_t i = 0; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        if (!layer->bf16) continue;
        size_t block = 0;
        for (const Share *s = share; s < share + shares; block = next_block(block, s), s++) {
            const Workspace *w = s->workspace;
            const Bf16 *rows = i > 0 ? w->rounded[i] : s->input->rounded;
            const size_t count = s->end - s->first;
            kernels->lay_inputs(count, layer->in, rows + s->first * bf16_leading(layer->in),
                                w->inputs[i] + block * bf16_block(layer->in));
            kernels->lay_errors(count, layer->out, w->error[i] + s->first * kernel_leading(layer->out),
                                w->errors[i] + block * bf16_block(layer->out));
        }
    }
}

void network_whole(const Network *network, size_t layer, WeightGradient *slice)
{
    slice->panel = 0, slice->panel_end = kernel_panels(network->layer[layer].out);
    slice->row = 0, slice->row_end = network->layer[layer].in + 1;
}

/* Some quads of rows of all panels. */
static bool slice_quads(size_t parts, size_t part, WeightGradient *slice)
{
    const size_t quads = nonzeros_quads(slice->row_end);
    slice->row = QUAD * (part * quads / parts);
    if (part + 1 < parts) slice->row_end = QUAD * ((part + 1) * quads / parts);
    return slice->row < slice->row_end;
}

/* Some blocks of fewer than a panel has, with which it ends or begins: pieces 0 and 1. The bias is in a panel's last.
 */
static bool slice_blocks(const Layer *layer, size_t parts, size_t part, size_t piece, WeightGradient *slice)
{
    const size_t in_panel = kernel_panels(layer->in), blocks = in_panel * slice->panel_end;
    const size_t begin = part * blocks / parts, end = (part + 1) * blocks / parts;
    const size_t panel = begin / in_panel + piece, first = piece ? 0 : begin % in_panel;
    if (panel * in_panel + first >= end) return false;
    slice->panel = panel, slice->panel_end = panel + 1;
    slice->row = first * PANEL;
    if (end < (panel + 1) * in_panel) slice->row_end = (end - panel * in_panel) * PANEL;
    return true;
}

bool network_slice(const Network *network, size_t layer, size_t parts, size_t part, size_t piece, WeightGradient *slice)
{
    const Layer *l = &network->layer[layer];
    network_whole(network, layer, slice);
    const size_t panels = slice->panel_end;
    if (panels < parts && l->bf16) return slice_blocks(l, parts, part, piece, slice);
    if (piece > 0) return false;
    if (panels < parts) return slice_quads(parts, part, slice);
    slice->panel = part * panels / parts;
    slice->panel_end = (part + 1) * panels / parts;
    return true;
}

WeightGradient network_update(const Network *network, size_t layer, const SgdStep *step, float *parameter,
                              float *velocity)
{
    const Layer *l = &network->layer[layer];
    WeightGradient target = {.step = step, .w = parameter + l->offset, .v = velocity ? velocity + l->offset : NULL};
    if (!l->bf16) return target;
    target.copy = network_copies(network, parameter) + l->copy;
    if (layer > 0) target.transpose = network_copies(network, parameter) + l->transpose;
    return target;
}

/* What a layer's gradient reads of the shares. */
static void find_operands(const Network *network, size_t layer, size_t shares, const Share *share, Operands *item)
{
    const Layer *l = &network->layer[layer];
    size_t block = 0;
    for (size_t i = 0; i < shares; i++) {
        const Share *s = &share[i];
        const Workspace *w = s->workspace;
        item[i] = (Operands){.e = w->error[layer], .first = s->first, .end = s->end};
        if (l->bf16) {
            block = i > 0 && share[i - 1].workspace == w ? next_block(block, &share[i - 1]) : 0;
            item[i].inputs = w->inputs[layer] + block * bf16_block(l->in);
            item[i].errors = w->errors[layer] + block * bf16_block(l->out);
        } else if (layer > 0)
            item[i].x = w->output[layer - 1];
        else if (s->input->nonzeros)
            item[i].nonzeros = s->input->nonzeros;
        else
            item[i].x = s->input->x;
    }
}

bool network_gradient(const Network *network, const Kernels *kernels, size_t layer, const Fold *fold,
                      const Share *share, WeightGradient *target)
{
    Operands item[FOLD_MAX_SHARDS];
    find_operands(network, layer, fold->items, share, item);
    target->in = network->layer[layer].in;
    target->out = network->layer[layer].out;
    target->fold = fold;
    target->item = item;
    target->multiply = kernels->multiply_bf16;
    const bool bad = kernels->backward_weight(target);
    target->item = NULL;
    return bad;
}
