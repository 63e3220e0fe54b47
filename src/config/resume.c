/* Two configs of one run. */
#include <stdio.h>
#include <string.h>

#include "config/print.h"
#include "config/table.h"

static size_t size_of(const Setting *setting)
{
    switch (setting->type) {
        case SETTING_TEXT:
        case SETTING_NAME:
        case SETTING_SHA256:
        case SETTING_CHOICE: return sizeof(SettingText);
        case SETTING_INTEGER: return sizeof(int64_t);
        case SETTING_FLOAT: return sizeof(double);
        case SETTING_BOOL: return sizeof(bool);
        case SETTING_LIST: break;
    }
    return sizeof(SettingList);
}

static bool may_change(const Setting *setting, const Settings *before, const Settings *now)
{
    if (setting->resume != RESUME_GROWS) return setting->resume == RESUME_FREE;
    return now->training.epochs > before->training.epochs && strcmp(now->optimizer.schedule.name, "cosine") != 0;
}

static Status refuse(const Setting *setting, const Settings *before, const Settings *now)
{
    enum { VALUE_SIZE = 160 };
    char values[2][VALUE_SIZE];
    const Settings *both[2] = {before, now};
    for (int i = 0; i < 2; i++) {
        FILE *out = fmemopen(values[i], VALUE_SIZE, "w");
        if (!out) return status_fail(STATUS_INTERNAL, "out of memory for a message about %s", setting->path);
        print_value(setting, both[i], out);
        fclose(out);
        values[i][VALUE_SIZE - 1] = '\0';
    }
    const char *why = setting->resume == RESUME_GROWS
                          ? "epochs may only grow, and not under a schedule that depends on them"
                          : "it is part of the result";
    return status_fail(STATUS_CONFIG,
                       "%s was %s when this run began and is %s now: %s; change it back, or start a new run with --run",
                       setting->path, values[0], values[1], why);
}

/* Are the settings what they were when there was no such setting? */
static bool is_as_before(const Setting *setting, const Settings *settings)
{
    return setting->later && strcmp((const char *)settings + setting->offset, setting->words[0]) == 0;
}

Digest settings_digest(const Settings *settings)
{
    Digest digest = {0};
    for (const Setting *s = setting_table; s < setting_table + setting_count; s++) {
        if (s->resume != RESUME_FIXED || is_as_before(s, settings)) continue;
        const Digest link[] = {digest, digest_of(s->path, strlen(s->path)),
                               digest_of((const char *)settings + s->offset, size_of(s))};
        digest = digest_of(link, sizeof link);
    }
    return digest;
}

Status settings_check_resume(const Settings *before, const Settings *now)
{
    for (size_t i = 0; i < setting_count; i++) {
        const Setting *setting = &setting_table[i];
        const char *a = (const char *)before + setting->offset, *b = (const char *)now + setting->offset;
        if (memcmp(a, b, size_of(setting)) != 0 && !may_change(setting, before, now))
            return refuse(setting, before, now);
    }
    return STATUS_OK;
}
