/* lockstep_pages DATE COMPLETION DIRECTORY: writes the manual pages and the completion into DIRECTORY/man1, man5 and
 * completions, which exist. COMPLETION is the part of the completion that is no table. */
#include "pages.h"

#include <string.h>

#include "commands.h"

typedef struct {
    const char *directory;
    bool failed;
} Output;

static FILE *begin(Output *output, const char *folder, const char *name, const char *suffix)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/%s%s", output->directory, folder, name, suffix);
    FILE *file = fopen(path, "w");
    if (!file) perror(path);
    output->failed |= !file;
    return file;
}

static void end(Output *output, FILE *file)
{
    if (!file) return;
    output->failed |= ferror(file) != 0;
    output->failed |= fclose(file) != 0;
}

static void write_pages(Output *output, const char *date)
{
    FILE *file = begin(output, "man1", "lockstep", ".1");
    if (file) page_program(date, file);
    end(output, file);
    file = begin(output, "man5", "lockstep-settings", ".5");
    if (file) page_settings(date, file);
    end(output, file);
    for (size_t i = 0; i < command_count; i++) {
        char name[64];
        page_name(command_table[i], name, sizeof name);
        file = begin(output, "man1", name, ".1");
        if (file) page_command(command_table[i], date, file);
        end(output, file);
    }
}

static void write_completion(Output *output, const char *rest)
{
    char bytes[4096];
    FILE *in = fopen(rest, "r"), *file = begin(output, "completions", "lockstep", "");
    output->failed |= !in;
    if (!in) perror(rest);
    if (file) completion_tables(file);
    for (size_t size; in && file && (size = fread(bytes, 1, sizeof bytes, in)) > 0;) fwrite(bytes, 1, size, file);
    end(output, in);
    end(output, file);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s DATE COMPLETION DIRECTORY\n", argv[0]);
        return STATUS_USAGE;
    }
    Output output = {.directory = argv[3]};
    write_pages(&output, argv[1]);
    write_completion(&output, argv[2]);
    return output.failed ? STATUS_CANT_CREATE : STATUS_OK;
}
