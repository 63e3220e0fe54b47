/* src/output/safetensors_read: a file that is anyone's is read strictly. */
#include <math.h>

#include "checkpoint_sample.h"
#include "output/safetensors.h"

/* 2-3: a weight of 24 bytes, a bias of 12. */
enum { IN = 2, OUT = 3, FLOATS = 1024, DATA = 36 };

#define WEIGHT "\"layer0.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]}"
#define BIAS   "\"layer0.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]}"

static Network network_small(void)
{
    Network network;
    CU_ASSERT_EQUAL_FATAL(network_init(&network, IN, NULL, 0, OUT, ACTIVATION_RELU), STATUS_OK);
    CU_ASSERT_FATAL(network.floats <= FLOATS);
    return network;
}

/* What is said of a file with this header and so many of the 36 bytes of data and more, the floats 1, 2, 3 ... */
static Status decode(const char *header, size_t data, const char *const *layer, float parameter[FLOATS])
{
    static unsigned char bytes[4096];
    const Network network = network_small();
    const size_t length = strlen(header);
    CU_ASSERT_FATAL(8 + length + data <= sizeof bytes);
    memset(bytes, 0, sizeof bytes);
    bytes[0] = (unsigned char)length;
    bytes[1] = (unsigned char)(length >> 8);
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < data / sizeof(float); i++)
        memcpy(bytes + 8 + length + i * sizeof(float), &(float){(float)(i + 1)}, sizeof(float));
    status_clear();
    return safetensors_decode("x.safetensors", bytes, 8 + length + data, &network, layer, parameter);
}

static void check_parameters(const float parameter[FLOATS])
{
    const Network network = network_small();
    for (size_t j = 0; j < OUT; j++) {
        for (size_t i = 0; i < IN; i++)
            CU_ASSERT_EQUAL(parameter[network_weight_index(&network, 0, i, j)], (float)(j * IN + i + 1));
        CU_ASSERT_EQUAL(parameter[network_weight_index(&network, 0, IN, j)], (float)(OUT * IN + j + 1));
    }
}

static void weights_are_read_by_their_names_and_places(void)
{
    float parameter[FLOATS] = {0};
    CU_ASSERT_EQUAL(decode("{" WEIGHT "," BIAS "}", DATA, NULL, parameter), STATUS_OK);
    check_parameters(parameter);
    memset(parameter, 0, sizeof parameter);
    CU_ASSERT_EQUAL(decode("{" BIAS ",\"__metadata__\":{\"format\":\"pt\"}," WEIGHT "}     ", DATA, NULL, parameter),
                    STATUS_OK);
    check_parameters(parameter);
}

static void layers_may_have_other_names(void)
{
    float parameter[FLOATS] = {0};
    const char *const layer[] = {"fc.1"};
    CU_ASSERT_EQUAL(decode("{\"fc.1.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]},"
                           "\"fc.1.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]}}",
                           DATA, layer, parameter),
                    STATUS_OK);
    check_parameters(parameter);
    CU_ASSERT_EQUAL(decode("{" WEIGHT "," BIAS "}", DATA, layer, parameter), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("\"layer0.weight\" is none of the network's");
}

static void a_header_that_is_wrong_is_refused(void)
{
    const struct {
        const char *header, *message;
    } cases[] = {
        {"", "no JSON object"},
        {"{", "no JSON object"},
        {"[]", "no JSON object"},
        {" {" WEIGHT "," BIAS "}", "no JSON object"},
        {"{" WEIGHT "," BIAS "} x", "no JSON object"},
        {"{" WEIGHT "," BIAS "," BIAS "}", "duplicate object key"},
        {"{}", "\"layer0.weight\" is missing"},
        {"{" WEIGHT "}", "\"layer0.bias\" is missing"},
        {"{" WEIGHT "," BIAS ",\"layer1.bias\":{}}", "\"layer1.bias\" is none of the network's, which has 1 layers"},
        {"{" WEIGHT "," BIAS ",\"__metadata__\":[]}", "__metadata__"},
        {"{" WEIGHT "," BIAS ",\"__metadata__\":{\"a\":1}}", "__metadata__"},
    };
    float parameter[FLOATS];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CU_ASSERT_EQUAL(decode(cases[i].header, DATA, NULL, parameter), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS("x.safetensors");
        CU_ASSERT_MESSAGE_HAS(cases[i].message);
    }
}

/* The bias's entry, beside the right one of the weight. */
static void a_tensor_that_is_wrong_is_refused(void)
{
    const struct {
        const char *bias, *message;
    } cases[] = {
        {"1", "described otherwise"},
        {"{}", "described otherwise"},
        {"{\"shape\":[3],\"data_offsets\":[24,36]}", "described otherwise"},
        {"{\"dtype\":1,\"shape\":[3],\"data_offsets\":[24,36]}", "described otherwise"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36],\"more\":1}", "described otherwise"},
        {"{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[24,30]}", "dtype F16; F32"},
        {"{\"dtype\":\"F32\",\"shape\":3,\"data_offsets\":[24,36]}", "shape 3; the network needs [3]"},
        {"{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[24,36]}", "shape []; the network needs [3]"},
        {"{\"dtype\":\"F32\",\"shape\":[3.0],\"data_offsets\":[24,36]}", "the network needs [3]"},
        {"{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[24,36]}", "the network needs [3]"},
        {"{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[24,36]}", "the network needs [3]"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":24}", "no two whole numbers"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24]}", "no two whole numbers"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36,48]}", "no two whole numbers"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[-12,0]}", "no two whole numbers"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24.0,36]}", "no two whole numbers"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,99999999999999999999]}", "no JSON object"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[28,40]}", "from byte 28 to 40 of data of 36"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[36,24]}", "from byte 36 to 24 of data of 36"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[9223372036854775807,9223372036854775807]}",
         "of data of 36"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,32]}", "8 bytes of data; its shape needs 12"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[12,24]}", "overlap"},
        {"{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}", "overlap"},
    };
    char header[512];
    float parameter[FLOATS];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(header, sizeof header, "{" WEIGHT ",\"layer0.bias\":%s}", cases[i].bias);
        CU_ASSERT_EQUAL(decode(header, DATA, NULL, parameter), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS(cases[i].message);
    }
}

/* Two tensors of one size in one place, and a chain of places that ends too early. */
static void tensors_in_one_place_are_refused(void)
{
    static const char header[] =
        "{\"layer0.weight\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
        "\"layer0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    unsigned char bytes[8 + sizeof header - 1 + 8] = {sizeof header - 1};
    float parameter[FLOATS];
    Network network;
    CU_ASSERT_EQUAL_FATAL(network_init(&network, 1, NULL, 0, 2, ACTIVATION_RELU), STATUS_OK);
    memcpy(bytes + 8, header, sizeof header - 1);
    CU_ASSERT_EQUAL(safetensors_decode("x", bytes, sizeof bytes, &network, NULL, parameter), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("side by side lie 1 of 2");
}

static void data_are_neither_more_nor_less(void)
{
    float parameter[FLOATS];
    CU_ASSERT_EQUAL(decode("{" WEIGHT "," BIAS "}", DATA - 1, NULL, parameter), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("\"layer0.bias\" lies from byte 24 to 36 of data of 35 bytes");
    CU_ASSERT_EQUAL(decode("{" WEIGHT "," BIAS "}", DATA + 1, NULL, parameter), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("side by side lie 2 of 2, up to byte 36 of 37");
}

static void a_header_lies_in_the_file_and_is_not_large(void)
{
    static unsigned char bytes[8 + SAFETENSORS_HEADER_LIMIT + 1];
    const Network network = network_small();
    float parameter[FLOATS];
    for (size_t size = 0; size < 8; size++) {
        CU_ASSERT_EQUAL(safetensors_decode("x", bytes, size, &network, NULL, parameter), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS("no safetensors file: it has");
    }
    bytes[0] = 9;
    CU_ASSERT_EQUAL(safetensors_decode("x", bytes, 16, &network, NULL, parameter), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("truncated: of 16 bytes its header is to be 9");
    memset(bytes, 0xff, 8);
    CU_ASSERT_EQUAL(safetensors_decode("x", bytes, sizeof bytes, &network, NULL, parameter), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("18446744073709551615");
    memcpy(bytes, "\x01\0\x10\0\0\0\0\0", 8);
    CU_ASSERT_EQUAL(safetensors_decode("x", bytes, sizeof bytes, &network, NULL, parameter), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("1048577 (at most 1048576 are read)");
}

static void a_value_that_is_not_finite_is_refused(void)
{
    Checkpoint c = sample_small(0);
    Bytes file;
    float parameter[FLOATS];
    CU_ASSERT_EQUAL_FATAL(safetensors_encode(&c, &file), STATUS_OK);
    CU_ASSERT_EQUAL(safetensors_decode("x", file.at, file.size, &c.network, NULL, parameter), STATUS_OK);
    CU_ASSERT(digest_equal(sample_digest(&c.network, parameter), c.model));
    memcpy(file.at + file.size - sizeof(float), &(float){NAN}, sizeof(float));
    CU_ASSERT_EQUAL(safetensors_decode("x", file.at, file.size, &c.network, NULL, parameter), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("\"layer1.bias\" has a value that is not finite at element 1");
    bytes_free(&file);
    sample_free(&c);
}

static void a_file_that_is_larger_than_the_network_is_not_read(void)
{
    const Network network = network_small();
    const char *path = scratch_path("large.safetensors");
    static const char bytes[8 + SAFETENSORS_HEADER_LIMIT + DATA + 1];
    float parameter[FLOATS];
    scratch_write(path, bytes, sizeof bytes);
    CU_ASSERT_EQUAL(safetensors_read(path, &network, NULL, parameter), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("more than the");
    scratch_write(path, bytes, sizeof bytes - 1);
    CU_ASSERT_EQUAL(safetensors_read(path, &network, NULL, parameter), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("no JSON object");
    CU_ASSERT_EQUAL(safetensors_read(scratch_path("absent"), &network, NULL, parameter), STATUS_NO_INPUT);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(weights_are_read_by_their_names_and_places),
        UNIT(layers_may_have_other_names),
        UNIT(a_header_that_is_wrong_is_refused),
        UNIT(a_tensor_that_is_wrong_is_refused),
        UNIT(tensors_in_one_place_are_refused),
        UNIT(data_are_neither_more_nor_less),
        UNIT(a_header_lies_in_the_file_and_is_not_large),
        UNIT(a_value_that_is_not_finite_is_refused),
        UNIT(a_file_that_is_larger_than_the_network_is_not_read),
    };
    return UNIT_RUN("safetensors", tests);
}
