#include "config/value.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/sha256.h"

static bool is_whole(const config_setting_t *value)
{
    return config_setting_type(value) == CONFIG_TYPE_INT || config_setting_type(value) == CONFIG_TYPE_INT64;
}

static bool take_whole(const Setting *setting, const config_setting_t *value, int64_t *out)
{
    if (!is_whole(value)) return false;
    const int64_t number = config_setting_get_int64(value);
    if (number < setting->least || number > setting->most) return false;
    *out = number;
    return true;
}

static bool take_float(const Setting *setting, const config_setting_t *value, double *out)
{
    if (!config_setting_is_number(value)) return false;
    const double number = is_whole(value) ? (double)config_setting_get_int64(value) : config_setting_get_float(value);
    if (!isfinite(number) || number < setting->low || number > setting->high) return false;
    if ((setting->above_low && number == setting->low) || (setting->below_high && number == setting->high))
        return false;
    *out = number;
    return true;
}

static bool text_is_allowed(const Setting *setting, const char *text, size_t length)
{
    if (length >= SETTINGS_TEXT_SIZE) return false;
    if (setting->type == SETTING_NAME)
        return length > 0 && length <= SETTING_NAME_MOST && !strchr(text, '/') && strcmp(text, ".") != 0 &&
               strcmp(text, "..") != 0;
    if (setting->type == SETTING_TEXT) return length >= (size_t)setting->least;
    if (setting->type == SETTING_SHA256)
        return length == 0 || (length == SHA256_HEX_SIZE - 1 && strspn(text, "0123456789abcdef") == length);
    for (const char *const *word = setting->words; *word; word++)
        if (strcmp(*word, text) == 0) return true;
    return false;
}

static bool take_text(const Setting *setting, const config_setting_t *value, char *out)
{
    if (config_setting_type(value) != CONFIG_TYPE_STRING) return false;
    const char *text = config_setting_get_string(value);
    const size_t length = strlen(text);
    if (!text_is_allowed(setting, text, length)) return false;
    memset(out, 0, SETTINGS_TEXT_SIZE);
    memcpy(out, text, length + 1);
    return true;
}

static const config_setting_t *take_list(const Setting *setting, const config_setting_t *value, SettingList *out)
{
    if (!config_setting_is_array(value) || config_setting_length(value) > SETTINGS_MAX_HIDDEN) return value;
    SettingList list = {.count = (size_t)config_setting_length(value)};
    for (size_t i = 0; i < list.count; i++) {
        const config_setting_t *element = config_setting_get_elem(value, (unsigned)i);
        if (!take_whole(setting, element, &list.value[i])) return element;
    }
    *out = list;
    return NULL;
}

const config_setting_t *value_take(const Setting *setting, const config_setting_t *value, Settings *settings)
{
    void *member = (char *)settings + setting->offset;
    bool taken = false;
    switch (setting->type) {
        case SETTING_TEXT:
        case SETTING_NAME:
        case SETTING_SHA256:
        case SETTING_CHOICE: taken = take_text(setting, value, member); break;
        case SETTING_INTEGER: taken = take_whole(setting, value, member); break;
        case SETTING_FLOAT: taken = take_float(setting, value, member); break;
        case SETTING_BOOL:
            taken = config_setting_type(value) == CONFIG_TYPE_BOOL;
            if (taken) *(bool *)member = config_setting_get_bool(value);
            break;
        case SETTING_LIST: return take_list(setting, value, member);
    }
    return taken ? NULL : value;
}

/* 1.0 prints as 1, which is what would be right for a whole number. */
static void describe_float(const Setting *setting, double number, char *text, size_t size)
{
    const bool whole = setting->type == SETTING_INTEGER || setting->type == SETTING_LIST;
    snprintf(text, size, whole ? "%.15g, written as a float" : "%.15g", number);
}

void value_describe(const Setting *setting, const config_setting_t *value, char *text, size_t size)
{
    enum { SHOWN = 60 };
    switch (config_setting_type(value)) {
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64: snprintf(text, size, "%lld", config_setting_get_int64(value)); break;
        case CONFIG_TYPE_FLOAT: describe_float(setting, config_setting_get_float(value), text, size); break;
        case CONFIG_TYPE_BOOL: snprintf(text, size, config_setting_get_bool(value) ? "true" : "false"); break;
        case CONFIG_TYPE_STRING: {
            const char *string = config_setting_get_string(value);
            const size_t length = strlen(string);
            if (length <= SHOWN)
                snprintf(text, size, "\"%s\"", string);
            else
                snprintf(text, size, "\"%.*s...\" (%zu bytes)", SHOWN, string, length);
            break;
        }
        case CONFIG_TYPE_ARRAY: snprintf(text, size, "an array of %d values", config_setting_length(value)); break;
        case CONFIG_TYPE_LIST: snprintf(text, size, "a list in parentheses"); break;
        default: snprintf(text, size, "a group");
    }
}

static void describe_words(const Setting *setting, char *text, size_t size)
{
    size_t used = 0;
    for (const char *const *word = setting->words; *word && used < size; word++) {
        const char *between = word == setting->words ? "" : word[1] ? ", " : " or ";
        used += (size_t)snprintf(text + used, size - used, "%s\"%s\"", between, *word);
    }
}

void value_allowed(const Setting *setting, char *text, size_t size)
{
    switch (setting->type) {
        case SETTING_TEXT:
            snprintf(text, size, "text in quotes, %" PRId64 " to %d bytes,", setting->least, SETTINGS_TEXT_SIZE - 1);
            break;
        case SETTING_NAME:
            snprintf(text, size,
                     "text in quotes that can name a directory (1 to %d bytes, no \"/\", not \".\" or \"..\")",
                     SETTING_NAME_MOST);
            break;
        case SETTING_SHA256:
            snprintf(text, size,
                     "the 64 hex digits (0-9, a-f) that sha256sum and \"lockstep inspect\" print, or \"\",");
            break;
        case SETTING_CHOICE: describe_words(setting, text, size); break;
        case SETTING_INTEGER:
            snprintf(text, size, "a whole number from %" PRId64 " to %" PRId64, setting->least, setting->most);
            break;
        case SETTING_FLOAT:
            snprintf(text, size, "a number %s %.9g and %s %.9g", setting->above_low ? ">" : ">=", setting->low,
                     setting->below_high ? "<" : "<=", setting->high);
            break;
        case SETTING_BOOL: snprintf(text, size, "true or false"); break;
        case SETTING_LIST:
            snprintf(text, size,
                     "an array in brackets, [500, 100], of at most %d whole numbers from %" PRId64 " to %" PRId64,
                     SETTINGS_MAX_HIDDEN, setting->least, setting->most);
    }
}

size_t value_numerals(const config_setting_t *value)
{
    if (config_setting_is_number(value)) return 1;
    if (!config_setting_is_array(value) || config_setting_length(value) == 0) return 0;
    return config_setting_is_number(config_setting_get_elem(value, 0)) ? (size_t)config_setting_length(value) : 0;
}
