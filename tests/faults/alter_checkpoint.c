/* alter_checkpoint FILE CONFIG: makes the text of the file CONFIG the config in a checkpoint, which stays whole and has
 * its right digests, for faults/resume. */
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "config/settings.h"
#include "rundir/checkpoint.h"

static Status alter(const char *path, const char *config_path)
{
    Checkpoint checkpoint;
    char *config = NULL;
    size_t size;
    Status st = checkpoint_read(path, &checkpoint);
    if (st == STATUS_OK) st = file_read(config_path, "config", SETTINGS_FILE_LIMIT, STATUS_CONFIG, &config, &size);
    checkpoint.config = config;
    if (st == STATUS_OK) st = checkpoint_write(&checkpoint, path);
    memory_free(config);
    checkpoint_free(&checkpoint);
    return st;
}

int main(int count, char **argument)
{
    const Status st = count == 3 ? alter(argument[1], argument[2]) : STATUS_USAGE;
    if (st != STATUS_OK) fprintf(stderr, "alter_checkpoint: %s\n", status_message());
    return st;
}
