#include "output/onnx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lockstep/lockstep.h"
#include "output/foreign.h"
#include "output/protobuf.h"

enum { IR_VERSION = 7, OPSET = 13, NAME_SIZE = 64 };

/* Field numbers and values of onnx.proto, by message. */
enum {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER,
    MODEL_PRODUCER_VERSION,
    MODEL_GRAPH = 7,
    MODEL_OPSET,
    MODEL_METADATA = 14
};
enum { OPSET_VERSION = 2 };
enum { METADATA_KEY = 1, METADATA_VALUE };
enum { GRAPH_NODE = 1, GRAPH_NAME, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT };
enum { NODE_INPUT = 1, NODE_OUTPUT, NODE_NAME, NODE_OPERATOR, NODE_ATTRIBUTE };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_INTEGER = 3, ATTRIBUTE_TYPE = 20, ATTRIBUTE_IS_INTEGER = 2 };
enum { TENSOR_DIMENSION = 1, TENSOR_TYPE, TENSOR_NAME = 8, TENSOR_RAW };
enum { VALUE_NAME = 1, VALUE_TYPE };
enum { TYPE_TENSOR = 1 };
enum { TENSOR_TYPE_ELEMENT = 1, TENSOR_TYPE_SHAPE };
enum { SHAPE_DIMENSION = 1 };
enum { DIMENSION_NUMBER = 1, DIMENSION_NAME };
typedef enum { TYPE_FLOAT = 1, TYPE_UINT8 = 2, TYPE_INT64 = 7 } Type;

typedef struct {
    const char *name;
    uint64_t value;
} Attribute;

/* attributes end with one that has no name */
static void put_node(Bytes *out, const char *operator, const char * const * inputs, size_t count, const char *output,
                     const Attribute *attributes)
{
    const size_t node = protobuf_begin(out, GRAPH_NODE);
    for (size_t i = 0; i < count; i++) protobuf_text(out, NODE_INPUT, inputs[i]);
    protobuf_text(out, NODE_OUTPUT, output);
    protobuf_text(out, NODE_NAME, output);
    protobuf_text(out, NODE_OPERATOR, operator);
    for (; attributes->name; attributes++) {
        const size_t attribute = protobuf_begin(out, NODE_ATTRIBUTE);
        protobuf_text(out, ATTRIBUTE_NAME, attributes->name);
        protobuf_integer(out, ATTRIBUTE_INTEGER, attributes->value);
        protobuf_integer(out, ATTRIBUTE_TYPE, ATTRIBUTE_IS_INTEGER);
        protobuf_end(out, attribute);
    }
    protobuf_end(out, node);
}

static const Attribute none[] = {{NULL, 0}}, axis_1[] = {{"axis", 1}, {NULL, 0}};

/* The nodes are one chain: each takes the value of the one before it. */
typedef struct {
    Bytes *out;
    char value[NAME_SIZE];
} Chain;

/* more (count): what else it takes */
static void follow(Chain *chain, const char *operator, size_t count, const char *const *more, const char *output,
                   const Attribute *attributes)
{
    const char *inputs[3] = {chain->value};
    for (size_t i = 0; i < count; i++) inputs[i + 1] = more[i];
    put_node(chain->out, operator, inputs, count + 1, output, attributes);
    snprintf(chain->value, sizeof chain->value, "%s", output);
}

static void put_scaling(Chain *chain, const Checkpoint *c)
{
    const Attribute to_float[] = {{"to", TYPE_FLOAT}, {NULL, 0}};
    if (c->pixels == ELEMENT_UINT8) follow(chain, "Cast", 0, NULL, "pixels", to_float);
    if (c->scaling.shift != 0.0f) follow(chain, "Sub", 1, (const char *[]){"shift"}, "shifted", none);
    if (c->scaling.factor != 1.0f) follow(chain, "Mul", 1, (const char *[]){"factor"}, "scaled", none);
    follow(chain, "Flatten", 0, NULL, "features", axis_1);
}

static const char *operator_of(Activation activation)
{
    switch (activation) {
        case ACTIVATION_RELU: return "Relu";
        case ACTIVATION_TANH: return "Tanh";
        case ACTIVATION_SIGMOID: return "Sigmoid";
        case ACTIVATION_NONE: break;
    }
    return NULL;
}

static void put_layer(Chain *chain, const Network *network, size_t layer)
{
    const Attribute transposed[] = {{"transB", 1}, {NULL, 0}};
    const char *activation = operator_of(network->layer[layer].activation);
    char weight[NAME_SIZE], bias[NAME_SIZE], output[NAME_SIZE];
    network_tensor_name(network, 2 * layer, weight);
    network_tensor_name(network, 2 * layer + 1, bias);
    snprintf(output, sizeof output, "layer%zu.sum", layer);
    follow(chain, "Gemm", 2, (const char *[]){weight, bias}, output, transposed);
    snprintf(output, sizeof output, "layer%zu.out", layer);
    if (activation) follow(chain, activation, 0, NULL, output, none);
}

static void put_nodes(Bytes *out, const Checkpoint *c)
{
    const Attribute flat[] = {{"axis", 1}, {"keepdims", 0}, {NULL, 0}};
    Chain chain = {.out = out, .value = "images"};
    put_scaling(&chain, c);
    for (size_t i = 0; i < c->network.layers; i++) put_layer(&chain, &c->network, i);
    follow(&chain, "Softmax", 0, NULL, "probabilities", axis_1);
    follow(&chain, "ArgMax", 0, NULL, "prediction", flat);
}

/* A tensor of floats of this shape, but for its name, which comes last; returns where it begins. */
static size_t begin_tensor(Bytes *out, int dimensions, const uint64_t *extent)
{
    const size_t tensor = protobuf_begin(out, GRAPH_INITIALIZER);
    for (int d = 0; d < dimensions; d++) protobuf_integer(out, TENSOR_DIMENSION, extent[d]);
    protobuf_integer(out, TENSOR_TYPE, TYPE_FLOAT);
    return tensor;
}

static void put_scalar(Bytes *out, const char *name, float value)
{
    const size_t tensor = begin_tensor(out, 0, NULL);
    protobuf_text(out, TENSOR_NAME, name);
    unsigned char *raw = protobuf_bytes(out, TENSOR_RAW, sizeof value);
    if (raw) memcpy(raw, &value, sizeof value);
    protobuf_end(out, tensor);
}

static void put_parameter(Bytes *out, const Checkpoint *c, size_t which)
{
    uint64_t extent[2];
    char name[NAME_SIZE];
    const int dimensions = foreign_shape(&c->network, which, extent);
    const size_t tensor = begin_tensor(out, dimensions, extent);
    network_tensor_name(&c->network, which, name);
    protobuf_text(out, TENSOR_NAME, name);
    unsigned char *raw = protobuf_bytes(out, TENSOR_RAW, network_tensor_size(&c->network, which) * sizeof(float));
    if (raw) foreign_write(&c->network, c->parameter, which, raw);
    protobuf_end(out, tensor);
}

static void put_tensors(Bytes *out, const Checkpoint *c)
{
    if (c->scaling.shift != 0.0f) put_scalar(out, "shift", c->scaling.shift);
    if (c->scaling.factor != 1.0f) put_scalar(out, "factor", c->scaling.factor);
    for (size_t t = 0; t < network_tensors(&c->network); t++) put_parameter(out, c, t);
}

/* An input or output of the graph, (batch, extent...). */
static void put_value(Bytes *out, unsigned field, const char *name, Type type, int dimensions, const uint64_t *extent)
{
    const size_t value = protobuf_begin(out, field);
    protobuf_text(out, VALUE_NAME, name);
    const size_t of_value = protobuf_begin(out, VALUE_TYPE), tensor = protobuf_begin(out, TYPE_TENSOR);
    protobuf_integer(out, TENSOR_TYPE_ELEMENT, type);
    const size_t shape = protobuf_begin(out, TENSOR_TYPE_SHAPE), batch = protobuf_begin(out, SHAPE_DIMENSION);
    protobuf_text(out, DIMENSION_NAME, "batch");
    protobuf_end(out, batch);
    for (int d = 0; d < dimensions; d++) {
        const size_t dimension = protobuf_begin(out, SHAPE_DIMENSION);
        protobuf_integer(out, DIMENSION_NUMBER, extent[d]);
        protobuf_end(out, dimension);
    }
    protobuf_end(out, shape);
    protobuf_end(out, tensor);
    protobuf_end(out, of_value);
    protobuf_end(out, value);
}

static void put_graph(Bytes *out, const Checkpoint *c)
{
    const uint64_t classes = c->network.layer[c->network.layers - 1].out;
    const size_t graph = protobuf_begin(out, MODEL_GRAPH);
    put_nodes(out, c);
    protobuf_text(out, GRAPH_NAME, "classifier");
    put_tensors(out, c);
    put_value(out, GRAPH_INPUT, "images", c->pixels == ELEMENT_UINT8 ? TYPE_UINT8 : TYPE_FLOAT, c->image_dimensions,
              c->image_extent);
    put_value(out, GRAPH_OUTPUT, "probabilities", TYPE_FLOAT, 1, &classes);
    put_value(out, GRAPH_OUTPUT, "prediction", TYPE_INT64, 0, NULL);
    protobuf_end(out, graph);
}

static void put_fact(void *out, const char *key, const char *value)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "lockstep.%s", key);
    const size_t entry = protobuf_begin(out, MODEL_METADATA);
    protobuf_text(out, METADATA_KEY, name);
    protobuf_text(out, METADATA_VALUE, value);
    protobuf_end(out, entry);
}

/* An upper bound: what is beside the parameters and the config is short. */
static Status check_size(const Checkpoint *c)
{
    const size_t most = INT32_MAX, besides = 1 << 20;
    if (c->network.parameters < most / sizeof(float) &&
        c->network.parameters * sizeof(float) + TEXT_ESCAPED * strlen(c->config) + besides <= most)
        return STATUS_OK;
    return status_fail(STATUS_CANT_CREATE,
                       "a network of %zu parameters does not fit into an ONNX file, which has at most 2 GiB: export it "
                       "as safetensors",
                       c->network.parameters);
}

Status onnx_encode(const Checkpoint *c, Bytes *file)
{
    *file = (Bytes){0};
    Status st = check_size(c);
    if (st != STATUS_OK) return st;
    protobuf_integer(file, MODEL_IR_VERSION, IR_VERSION);
    protobuf_text(file, MODEL_PRODUCER, "lockstep");
    protobuf_text(file, MODEL_PRODUCER_VERSION, lockstep_version());
    put_graph(file, c);
    const size_t opset = protobuf_begin(file, MODEL_OPSET);
    protobuf_integer(file, OPSET_VERSION, OPSET);
    protobuf_end(file, opset);
    st = foreign_facts(c, put_fact, file);
    if (st == STATUS_OK) st = file->st;
    if (st != STATUS_OK) bytes_free(file);
    return st;
}
