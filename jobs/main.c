/* The program. */
#include "commands.h"

int main(int argc, char **argv)
{
    return command_main(command_table, command_count, &argc, &argv);
}
