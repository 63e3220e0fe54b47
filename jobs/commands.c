/* The table of subcommands. */
#include "commands.h"

const Command *const command_table[] = {
    &command_train,
    &command_launch,
    &command_evaluate,
    &command_predict,
    &command_export,
    &command_import_idx,
    &command_import_safetensors,
    &command_import_synth,
    &command_inspect,
    &command_digest,
    &command_verify,
    &command_status,
    &command_report,
    &command_bench,
    &command_doctor,
};
const size_t command_count = sizeof command_table / sizeof *command_table;
