/* lockstep export: a checkpoint's network in other tools' formats. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/replacement.h"
#include "base/text.h"
#include "commands.h"
#include "output/onnx.h"
#include "output/safetensors.h"
#include "run_directory.h"

typedef struct {
    const char *name;
    Status (*encode)(const Checkpoint *checkpoint, Bytes *file);
    bool computes; /* in fp32; else there are weights alone */
} Format;

static const Format formats[] = {{"onnx", onnx_encode, true}, {"safetensors", safetensors_encode, false}};

static const Format *find_format(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0) return &formats[i];
    return NULL;
}

static void print_line(const char *path, const Format *format, const Checkpoint *checkpoint)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(checkpoint->model, hex);
    text_put(path, false, stdout);
    printf(": %s, %zu parameters, digest %s\n", format->name, checkpoint->network.parameters, hex);
}

static void warn_of_bf16(const char *path, const Checkpoint *checkpoint)
{
    Network network = checkpoint->network;
    network_set_compute(&network, checkpoint_compute(checkpoint));
    if (network.copies > 0)
        log_warning(
            "\"%s\": its run computed in bf16 (training.compute), the ONNX model computes in fp32: probabilities "
            "differ by some thousandths from those of \"lockstep predict\"",
            path);
}

static Status export(const Invocation *invocation)
{
    const char *path = invocation->operands[0], *out = invocation_value(invocation, "output", NULL),
               *name = invocation_value(invocation, "format", NULL);
    const Format *format = find_format(name);
    Checkpoint checkpoint;
    Bytes file = {0};
    if (!format) return status_fail(STATUS_USAGE, "export: --format %s: there are onnx and safetensors", name);
    Status st = run_directory_refuse(path);
    if (st == STATUS_OK) st = checkpoint_read(path, &checkpoint);
    if (st != STATUS_OK) return st;
    st = format->encode(&checkpoint, &file);
    if (st == STATUS_OK) st = replacement_write(out, file.at, file.size);
    if (st == STATUS_OK) print_line(out, format, &checkpoint);
    if (st == STATUS_OK && format->computes) warn_of_bf16(path, &checkpoint);
    bytes_free(&file);
    checkpoint_free(&checkpoint);
    return st;
}

static const Option options[] = {
    {"format", 0, "onnx|safetensors", "the format to write", true},
    {"output", 'o', "FILE", "the file to write; one that is there is replaced", true},
};

const Command command_export = {
    .name = "export",
    .operands = "CHECKPOINT",
    .least_operands = 1,
    .most_operands = 1,
    .summary = "Writes a checkpoint's network as an ONNX model or its weights as safetensors.",
    .note =
        "onnx: takes images as they are in the dataset (uint8 or float32, any number of them, not scaled), gives\n"
        "probabilities and prediction. safetensors: layer<i>.weight (out,in) and layer<i>.bias, as PyTorch has them.",
    .example = "lockstep export runs/first/best.h5 --format onnx -o digits.onnx",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .apart = true,
    .run = export,
};
