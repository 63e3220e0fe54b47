#include "topics.h"

/* clang-format off */

const char topic_program[] = "Trains neural-network classifiers on any number of MPI ranks, with the same bits.";

const ExitCode topic_exit_codes[] = {
    {STATUS_OK, "done"},
    {STATUS_DIVERGED, "diverged: a parameter or loss is not finite"},
    {STATUS_USAGE, "wrong usage"},
    {STATUS_DATA, "bad data: labels out of range, shapes that disagree, truncated or damaged files"},
    {STATUS_NO_INPUT, "no such config, dataset or checkpoint"},
    {STATUS_INTERNAL, "internal: out of memory, replicas differ, ranks waited too long; a problem found by doctor"},
    {STATUS_CANT_CREATE, "output cannot be created; run directory held by another job, or not empty"},
    {STATUS_IO, "input/output failed"},
    {STATUS_STOPPED, "stopped with a checkpoint: run again to go on"},
    {STATUS_CONFIG, "bad config, more ranks than shards, or settings changed at resume"},
};
const size_t topic_exit_code_count = sizeof topic_exit_codes / sizeof *topic_exit_codes;

const Topic topic_environment[] = {
    {"LOCKSTEP_ISA", "the kernel set: portable, avx2, avx512, amx or neon (default: the fastest here); the same bits"},
    {"LOCKSTEP_ZEROS", "skip or multiply the zeros of the images (default: by their share); the same bits"},
    {"LOCKSTEP_EXCHANGE", "gradient, operands or split: what ranks of a node exchange (default: by cost); the same bits"},
    {"LOCKSTEP_START_SECONDS", "how long ranks wait for each other until training begins (default 300; 0: for ever)"},
};
const size_t topic_environment_count = sizeof topic_environment / sizeof *topic_environment;

const Topic topic_files[] = {
    {"config.cfg", "the whole config, defaults included"},
    {"metrics.jsonl", "records: one JSON object a line, each with the digest of the line before it"},
    {"log.txt", "messages, with the time of each"},
    {"checkpoints/step-*.h5", "checkpoints, the newest checkpoint.keep of them"},
    {"best.h5", "the checkpoint of the best test accuracy"},
    {"predictions.csv", "what each test image was taken for, at the final evaluation"},
};
const size_t topic_file_count = sizeof topic_files / sizeof *topic_files;

/* clang-format on */

void topics_print(FILE *out)
{
    fputs("\nExit codes:\n", out);
    for (size_t i = 0; i < topic_exit_code_count; i++)
        fprintf(out, "  %-4d %s\n", (int)topic_exit_codes[i].code, topic_exit_codes[i].text);
    fputs("\nEnvironment:\n", out);
    for (size_t i = 0; i < topic_environment_count; i++)
        fprintf(out, "  %s\n      %s\n", topic_environment[i].name, topic_environment[i].text);
}
