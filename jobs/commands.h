/* Every subcommand, one a file, and the table of them. */
#ifndef LOCKSTEP_JOBS_COMMANDS_H
#define LOCKSTEP_JOBS_COMMANDS_H

#include "command.h"

extern const Command command_bench;
extern const Command command_doctor;
extern const Command command_export;
extern const Command command_import_idx;
extern const Command command_import_safetensors;
extern const Command command_import_synth;
extern const Command command_inspect;
extern const Command command_launch;
extern const Command command_train;
extern const Command command_digest;
extern const Command command_evaluate;
extern const Command command_predict;
extern const Command command_report;
extern const Command command_status;
extern const Command command_verify;

extern const Command *const command_table[];
extern const size_t command_count;

#endif
