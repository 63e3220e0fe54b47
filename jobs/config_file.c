#include "config_file.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"

Status config_file_parse(const Invocation *invocation, const char *name, const char *text, size_t size,
                         Settings *settings)
{
    const char **sets = NULL;
    size_t set_count = 0;
    Status st = memory_new(&sets, invocation->given_count, "the command line");
    if (st != STATUS_OK) return st;
    for (size_t i = 0; i < invocation->given_count; i++)
        if (strcmp(invocation->given[i].option->name, "set") == 0) sets[set_count++] = invocation->given[i].value;
    st = settings_parse(settings, name, text, size, sets, set_count);
    memory_free(sets);
    return st;
}

Status config_file_read(const Invocation *invocation, const char *path, Settings *settings)
{
    char *text = NULL;
    size_t size;
    Status st = file_read(path, "config", SETTINGS_FILE_LIMIT, STATUS_CONFIG, &text, &size);
    if (st == STATUS_OK) st = config_file_parse(invocation, path, text, size, settings);
    memory_free(text);
    return st;
}

Status config_file_run(const Invocation *invocation, const Settings *settings, char *path, size_t size)
{
    const char *given = invocation_value(invocation, "run", settings->run.dir);
    const int length = *given ? snprintf(path, size, "%s", given) : snprintf(path, size, "runs/%s", settings->run.name);
    if (length >= 0 && (size_t)length < size) return STATUS_OK;
    return status_fail(STATUS_CANT_CREATE, "the run directory's name is too long: \"%.100s...\"", path);
}
