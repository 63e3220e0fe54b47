/* lockstep import safetensors: weights from elsewhere as a checkpoint. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "commands.h"
#include "config_file.h"
#include "output/safetensors.h"
#include "train/imported.h"

/* The words of --layers, one for each layer of the config's network. list is cut up; layer (NETWORK_MAX_LAYERS). */
static Status split_layers(char *list, size_t layers, const char **layer)
{
    size_t count = 0;
    char *rest = list;
    for (char *word; (word = strsep(&rest, ",")); count++) {
        if (!*word || strlen(word) >= SAFETENSORS_LAYER_NAME)
            return status_fail(STATUS_USAGE, "import safetensors: --layers: \"%.20s\" is no name of a layer", word);
        if (count < layers) layer[count] = word;
    }
    if (count == layers) return STATUS_OK;
    return status_fail(STATUS_USAGE, "import safetensors: --layers has %zu names, the config's network %zu layers",
                       count, layers);
}

static Status import(const char *file, const Settings *settings, const char *const *layer, const char *out)
{
    Checkpoint made;
    char hex[DIGEST_HEX_SIZE];
    const Status st = imported_write(settings, file, layer, out, &made);
    if (st != STATUS_OK) return st;
    digest_hex(made.model, hex);
    text_put(out, false, stdout);
    printf(": a checkpoint of step 0, %zu parameters, digest %s\n", made.network.parameters, hex);
    checkpoint_free(&made);
    return STATUS_OK;
}

static Status import_safetensors(const Invocation *invocation)
{
    static Settings settings;
    const char *names = invocation_value(invocation, "layers", NULL), *layer[NETWORK_MAX_LAYERS];
    char *list = NULL;
    Status st = config_file_read(invocation, invocation_value(invocation, "config", NULL), &settings);
    if (st == STATUS_OK && names) st = text_copy(&list, names);
    if (st == STATUS_OK && names) st = split_layers(list, settings.model.hidden.count + 1, layer);
    if (st == STATUS_OK)
        st = import(invocation->operands[0], &settings, names ? layer : NULL,
                    invocation_value(invocation, "output", NULL));
    memory_free(list);
    return st;
}

static const Option options[] = {
    {"config", 0, "CONFIG", "what the weights are for: network, dataset, scaling, optimizer", true},
    {"set", 0, "PATH=VALUE", "change one setting of the config; may be given many times", false},
    {"layers", 0, "NAME,NAME...", "what FILE calls the layers, the first one first (default: layer0,layer1,...)",
     false},
    {"output", 'o', "OUT.h5", "the checkpoint to write; one that is there is replaced", true},
};

const Command command_import_safetensors = {
    .name = "import safetensors",
    .operands = "FILE",
    .least_operands = 1,
    .most_operands = 1,
    .summary = "Writes weights from a safetensors file as a checkpoint.",
    .note =
        "FILE has <layer>.weight (out,in) and <layer>.bias of each layer in float32, as PyTorch's nn.Linear has them, "
        "and\nnothing else. The checkpoint is one of step 0: evaluate, predict and export take it, and a training goes "
        "on from\nit: lockstep train CONFIG --resume OUT.h5, in a run directory of its own.",
    .example = "lockstep import safetensors torch.safetensors --config configs/mnist.cfg --layers 1,3 -o torch.h5",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .apart = true,
    .run = import_safetensors,
};
