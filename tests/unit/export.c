/* src/output: the bytes of ONNX models and safetensors files. (tests/jobs/readers.sh has them read by others.) */
#include "checkpoint_sample.h"
#include "output/foreign.h"
#include "output/onnx.h"
#include "output/protobuf.h"
#include "output/safetensors.h"

/* Protocol Buffers Documentation, "Encoding". */
static void protobuf_writes_what_its_documentation_shows(void)
{
    Bytes out = {0};
    protobuf_integer(&out, 1, 150);
    protobuf_text(&out, 2, "testing");
    const size_t message = protobuf_begin(&out, 3);
    protobuf_integer(&out, 1, 150);
    protobuf_end(&out, message);
    static const unsigned char due[] = {0x08, 0x96, 0x01, 0x12, 0x07, 't',  'e',  's', 't',
                                        'i',  'n',  'g',  0x1a, 0x03, 0x08, 0x96, 0x01};
    CU_ASSERT_EQUAL_FATAL(out.st, STATUS_OK);
    CU_ASSERT(out.size == sizeof due && memcmp(out.at, due, sizeof due) == 0);
    bytes_free(&out);
}

/* A length of several bytes, put before what is there, moves it. */
static void a_message_has_room_for_its_length(void)
{
    const size_t size = 20000;
    Bytes out = {0};
    const size_t outer = protobuf_begin(&out, 1), inner = protobuf_begin(&out, 1);
    unsigned char *bytes = protobuf_bytes(&out, 16, size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)(i % 251);
    protobuf_end(&out, inner);
    protobuf_end(&out, outer);
    static const unsigned char begin[] = {0x0a, 0xa9, 0x9c, 0x01, 0x0a, 0xa5, 0x9c, 0x01, 0x82, 0x01, 0xa0, 0x9c, 0x01};
    CU_ASSERT_EQUAL_FATAL(out.size, sizeof begin + size);
    CU_ASSERT(memcmp(out.at, begin, sizeof begin) == 0);
    bool same = true;
    for (size_t i = 0; i < size; i++) same &= out.at[sizeof begin + i] == (unsigned char)(i % 251);
    CU_ASSERT(same);
    bytes_free(&out);
}

static void what_is_written_is_read_back(void)
{
    Checkpoint c = sample_small(5);
    float parameter[1024] = {0};
    unsigned char values[7 * 3 * 4 + 1];
    CU_ASSERT_FATAL(c.network.floats <= 1024);
    for (size_t t = 0; t < network_tensors(&c.network); t++) {
        foreign_write(&c.network, c.parameter, t, values + 1); /* not aligned */
        foreign_read(&c.network, values + 1, t, parameter);
    }
    CU_ASSERT(digest_equal(sample_digest(&c.network, parameter), c.model));
    sample_free(&c);
}

/* Are these bytes, a tensor as other tools have it, that of the checkpoint? */
static bool is_tensor(const Checkpoint *c, size_t tensor, const unsigned char *bytes)
{
    const Layer *layer = &c->network.layer[tensor / 2];
    const size_t columns = tensor % 2 ? 1 : layer->in;
    bool same = true;
    for (size_t j = 0; j < layer->out; j++)
        for (size_t i = 0; i < columns; i++) {
            const size_t in_file = tensor % 2 ? j : i * layer->out + j;
            same &= memcmp(bytes + (j * columns + i) * sizeof(float),
                           c->parameter + network_tensor_index(&c->network, tensor, in_file), sizeof(float)) == 0;
        }
    return same;
}

/* The place behind these bytes in a file, NULL if they are not there. */
static const unsigned char *behind(const Bytes *file, const void *bytes, size_t size)
{
    const unsigned char *found = memmem(file->at, file->size, bytes, size);
    return found ? found + size : NULL;
}

/* By the tags of TensorProto's name and raw_data, and their lengths. */
static void onnx_holds_the_tensors_transposed(void)
{
    Checkpoint c = sample_small(5);
    Bytes file;
    CU_ASSERT_EQUAL_FATAL(onnx_encode(&c, &file), STATUS_OK);
    const struct {
        const char *name;
        size_t size;
    } tensors[] = {{"\x42\x0dlayer0.weight\x4a\x54", 17},
                   {"\x42\x0blayer0.bias\x4a\x0c", 15},
                   {"\x42\x0dlayer1.weight\x4a\x18", 17},
                   {"\x42\x0blayer1.bias\x4a\x08", 15}};
    for (size_t t = 0; t < 4; t++) {
        const unsigned char *bytes = behind(&file, tensors[t].name, tensors[t].size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
        CU_ASSERT(is_tensor(&c, t, bytes));
    }
    bytes_free(&file);
    sample_free(&c);
}

/* Has the graph a node of this operator? */
static bool has_operator(const Bytes *file, const char *operator)
{
    char member[64];
    const int size = snprintf(member, sizeof member, "\x22%c%s", (int)strlen(operator), operator);
    return behind(file, member, (size_t)size) != NULL;
}

static void check_scaling(const Checkpoint *c, bool cast, bool sub, bool mul)
{
    Bytes file;
    CU_ASSERT_EQUAL_FATAL(onnx_encode(c, &file), STATUS_OK);
    CU_ASSERT_EQUAL(has_operator(&file, "Cast"), cast);
    CU_ASSERT_EQUAL(has_operator(&file, "Sub"), sub);
    CU_ASSERT_EQUAL(has_operator(&file, "Mul"), mul);
    CU_ASSERT(has_operator(&file, "Flatten") && has_operator(&file, "Softmax") && has_operator(&file, "ArgMax"));
    bytes_free(&file);
}

static void onnx_scales_as_the_training_did(void)
{
    Checkpoint c = sample_small(5);
    check_scaling(&c, true, true, true);
    c.scaling = (Scaling){.kind = SCALING_UNIT, .factor = 1.0f / 255.0f};
    check_scaling(&c, true, false, true);
    c.scaling = (Scaling){.kind = SCALING_NONE, .factor = 1.0f};
    c.pixels = ELEMENT_FLOAT32;
    check_scaling(&c, false, false, false);
    sample_free(&c);
}

/* By the tags of StringStringEntryProto, and their lengths. */
static void onnx_tells_what_the_training_computed_in(void)
{
    static const char *const config[] = {"training =\n{\n  compute = \"bf16\";\n};\n", ""};
    static const char *const told[] = {"\x0a\x19lockstep.training_compute\x12\004bf16",
                                       "\x0a\x19lockstep.training_compute\x12\004fp32"};
    Checkpoint c = sample_small(5);
    for (int i = 0; i < 2; i++) {
        Bytes file;
        c.config = config[i];
        CU_ASSERT_EQUAL_FATAL(onnx_encode(&c, &file), STATUS_OK);
        CU_ASSERT_PTR_NOT_NULL(behind(&file, told[i], strlen(told[i])));
        bytes_free(&file);
    }
    sample_free(&c);
}

static void onnx_has_the_activation_between_layers(void)
{
    static const char *const operator[] = {
        [ACTIVATION_RELU] = "Relu", [ACTIVATION_TANH] = "Tanh", [ACTIVATION_SIGMOID] = "Sigmoid"};
    for (Activation a = ACTIVATION_RELU; a <= ACTIVATION_SIGMOID; a++) {
        Checkpoint c = sample_make((const size_t[]){7, 3, 2}, 3, a, false, 5);
        Bytes file;
        CU_ASSERT_EQUAL_FATAL(onnx_encode(&c, &file), STATUS_OK);
        for (Activation b = ACTIVATION_RELU; b <= ACTIVATION_SIGMOID; b++)
            CU_ASSERT_EQUAL(has_operator(&file, operator[b]), a == b);
        bytes_free(&file);
        sample_free(&c);
    }
}

/* Of the parameters nothing is read before. */
static void a_network_too_large_for_onnx_is_refused(void)
{
    Checkpoint c = {.config = ""};
    Bytes file;
    CU_ASSERT_EQUAL_FATAL(network_init(&c.network, 1 << 20, NULL, 0, 1 << 9, ACTIVATION_RELU), STATUS_OK);
    CU_ASSERT_EQUAL(onnx_encode(&c, &file), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("export it as safetensors");
    CU_ASSERT_PTR_NULL(file.at);
}

static void safetensors_has_header_and_tensors_in_their_places(void)
{
    static const char tensors[] =
        "\"layer0.weight\":{\"dtype\":\"F32\",\"shape\":[3,7],\"data_offsets\":[0,84]},"
        "\"layer0.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[84,96]},"
        "\"layer1.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[96,120]},"
        "\"layer1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[120,128]}}";
    static const size_t offset[] = {0, 84, 96, 120};
    Checkpoint c = sample_small(5);
    Bytes file;
    CU_ASSERT_EQUAL_FATAL(safetensors_encode(&c, &file), STATUS_OK);
    const size_t header = (size_t)file.at[0] | (size_t)file.at[1] << 8;
    CU_ASSERT(file.at[2] == 0 && file.at[7] == 0 && header % 8 == 0);
    CU_ASSERT_EQUAL_FATAL(file.size, 8 + header + 128);
    CU_ASSERT(memcmp(file.at + 8, "{\"__metadata__\":{\"digest\":\"", 27) == 0);
    const unsigned char *end = behind(&file, tensors, sizeof tensors - 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    for (; end < file.at + 8 + header; end++) CU_ASSERT_EQUAL(*end, ' ');
    for (size_t t = 0; t < 4; t++) CU_ASSERT(is_tensor(&c, t, file.at + 8 + header + offset[t]));
    bytes_free(&file);
    sample_free(&c);
}

static void a_config_that_is_no_utf8_is_told_as_text(void)
{
    Checkpoint c = sample_small(5);
    Bytes file;
    c.config = "name = \"\xff\";\n";
    CU_ASSERT_EQUAL_FATAL(safetensors_encode(&c, &file), STATUS_OK);
    static const char due[] = "\"config\":\"name = \\\"\\\\xff\\\";\\n\"";
    CU_ASSERT_PTR_NOT_NULL(behind(&file, due, sizeof due - 1));
    bytes_free(&file);
    CU_ASSERT_EQUAL_FATAL(onnx_encode(&c, &file), STATUS_OK);
    CU_ASSERT_PTR_NOT_NULL(behind(&file, "name = \"\\xff\";\n", 15));
    bytes_free(&file);
    sample_free(&c);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(protobuf_writes_what_its_documentation_shows),
        UNIT(a_message_has_room_for_its_length),
        UNIT(what_is_written_is_read_back),
        UNIT(onnx_holds_the_tensors_transposed),
        UNIT(onnx_scales_as_the_training_did),
        UNIT(onnx_tells_what_the_training_computed_in),
        UNIT(onnx_has_the_activation_between_layers),
        UNIT(a_network_too_large_for_onnx_is_refused),
        UNIT(safetensors_has_header_and_tensors_in_their_places),
        UNIT(a_config_that_is_no_utf8_is_told_as_text),
    };
    return UNIT_RUN("export", tests);
}
