#include "inspect_checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "rundir/checkpoint.h"

bool inspect_is_checkpoint(const char *path)
{
    static const char magic[] = "LOCKSTEPCKPT";
    char begin[sizeof magic - 1] = "";
    FILE *file = fopen(path, "re");
    const bool is = file && fread(begin, sizeof begin, 1, file) == 1 && memcmp(begin, magic, sizeof begin) == 0;
    if (file) fclose(file);
    return is;
}

static void print_score(const char *what, const CheckpointScore *score)
{
    if (!score->count) return;
    printf("%s   step %" PRIu64 ": loss %.6f, %" PRIu64 " of %" PRIu64 " right (%.2f %%)\n", what, score->step,
           score->loss, score->correct, score->count, 100.0 * (double)score->correct / (double)score->count);
}

static void print_network(const Network *network)
{
    printf("tensor            shape\n");
    for (size_t t = 0; t < network_tensors(network); t++) {
        const Layer *layer = &network->layer[t / 2];
        char name[64];
        network_tensor_name(network, t, name);
        if (t % 2)
            printf("%-16s  (%zu)\n", name, layer->out);
        else
            printf("%-16s  (%zu, %zu)\n", name, layer->in, layer->out);
    }
    printf("parameters        %zu\n\n", network->parameters);
}

Status inspect_checkpoint(const char *path)
{
    Checkpoint checkpoint;
    Status st = checkpoint_read(path, &checkpoint);
    if (st != STATUS_OK) return st;
    const Checkpoint *c = &checkpoint;
    char model[DIGEST_HEX_SIZE], optimizer[DIGEST_HEX_SIZE], dataset[DIGEST_HEX_SIZE];
    digest_hex(c->model, model);
    digest_hex(c->optimizer, optimizer);
    digest_hex(c->dataset, dataset);
    text_put(path, false, stdout);
    printf(": a checkpoint, whole and undamaged\n\n");
    print_network(&c->network);
    printf("step              %" PRIu64 ", %" PRIu64 " of %" PRIu64 " of epoch %" PRIu64 "\n", c->step,
           c->step % c->steps_per_epoch, c->steps_per_epoch, c->step / c->steps_per_epoch + 1);
    print_score("last evaluation", &c->last);
    print_score("best evaluation", &c->best);
    printf("optimizer state   %s%s\n", c->velocity ? "momentum " : "none", c->velocity ? optimizer : "");
    printf("model             %s\n", model);
    printf("dataset           %s\n", dataset);
    if (c->chained) {
        char chain[DIGEST_HEX_SIZE];
        digest_hex(c->chain, chain);
        printf("chain of steps    %s\n", chain);
    }
    text_line("written by        Lockstep ", c->versions.lockstep, stdout);
    text_line("                  HDF5 ", c->versions.hdf5, stdout);
    text_line("                  MPI ", c->versions.mpi, stdout);
    text_line("                  compiler ", c->versions.compiler, stdout);
    printf("\n");
    text_put(c->config, true, stdout);
    checkpoint_free(&checkpoint);
    return STATUS_OK;
}
