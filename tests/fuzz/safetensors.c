/* Whatever a safetensors file is, it is refused as bad data, or fills the parameters with finite values and has no byte
 * too many. The network is 2-3. */
#include <math.h>
#include <string.h>

#include "output/safetensors.h"
#include "target.h"

bool target_accepted;

static void is_whole(const Network *network, const uint8_t *data, size_t size, const float *parameter)
{
    uint64_t header;
    memcpy(&header, data, sizeof header);
    ALWAYS(size == sizeof header + header + network->parameters * sizeof(float));
    for (size_t t = 0; t < network_tensors(network); t++)
        for (size_t i = 0; i < network_tensor_size(network, t); i++)
            ALWAYS(isfinite(parameter[network_tensor_index(network, t, i)]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Network network;
    ALWAYS(network_init(&network, 2, NULL, 0, 3, ACTIVATION_RELU) == STATUS_OK);
    float *parameter = malloc(network.floats * sizeof *parameter);
    uint8_t *bytes = malloc(size); /* of its own, so that a read behind it is seen */
    ALWAYS(parameter && (bytes || size == 0));
    for (size_t i = 0; i < network.floats; i++) parameter[i] = NAN;
    if (size) memcpy(bytes, data, size);
    status_clear();
    const Status st = safetensors_decode("fuzz", bytes, size, &network, NULL, parameter);
    target_accepted = st == STATUS_OK;
    if (st == STATUS_OK)
        is_whole(&network, data, size, parameter);
    else
        ALWAYS(st == STATUS_DATA && *status_message());
    free(bytes);
    free(parameter);
    return 0;
}
