/* The program: a table of subcommands. */
#include "commands.h"

int main(int argc, char **argv)
{
    static const Command *const commands[] = {
        &command_train,        &command_launch,  &command_evaluate, &command_predict, &command_import_idx,
        &command_import_synth, &command_inspect, &command_digest,   &command_verify,  &command_status,
        &command_report,       &command_bench,   &command_doctor,
    };
    return command_main(commands, sizeof commands / sizeof *commands, &argc, &argv);
}
