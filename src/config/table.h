/* The table of every setting. */
#ifndef LOCKSTEP_CONFIG_TABLE_H
#define LOCKSTEP_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"

typedef enum {
    SETTING_TEXT,    /* SettingText of at least `least` bytes */
    SETTING_NAME,    /* SettingText that can name one directory */
    SETTING_SHA256,  /* SettingText, 64 hex digits or empty */
    SETTING_CHOICE,  /* SettingText, one of words */
    SETTING_INTEGER, /* int64_t in [least, most] */
    SETTING_FLOAT,   /* double in [low, high], the ends out where above_low or below_high */
    SETTING_BOOL,    /* bool */
    SETTING_LIST     /* SettingList, each value in [least, most] */
} SettingType;

enum {
    SETTING_MOST = 64,       /* rows of the table */
    SETTING_NAME_MOST = 255, /* bytes of a SETTING_NAME: NAME_MAX of Linux */
};

/* What may become of a setting when a run is resumed. */
typedef enum {
    RESUME_FIXED, /* part of the result */
    RESUME_FREE,
    RESUME_GROWS /* training.epochs */
} SettingResume;

typedef struct {
    const char *path; /* "group.member" */
    SettingType type;
    size_t offset;            /* in Settings */
    const char *const *words; /* ends with NULL */
    int64_t least, most;
    double low, high;
    bool above_low, below_high;
    const char *fallback; /* the default in libconfig's syntax; NULL: required */
    const char *text;     /* one line of help, with the unit */
    SettingResume resume;
    bool later; /* a choice that came when runs had their digest already: at its first word it is not in settings_digest
                 */
} Setting;

/* Members of one group stand together. */
extern const Setting setting_table[];
extern const size_t setting_count;

/* NULL if path is not a setting. */
const Setting *setting_find(const char *path);

/* Is path a group ("optimizer", "optimizer.schedule", and "", the whole)? */
bool setting_is_group(const char *path);

/* The bytes of path before its last component and its dot: 0 where it has only one. */
size_t setting_group_length(const char *path);

/* The known path (of a setting or group) that was probably meant by the unknown one, or NULL. Valid until the next
 * call. */
const char *setting_suggest(const char *path);

#endif
