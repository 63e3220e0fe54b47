/* Whatever a config and a --set are, they are refused, or what they mean can be written and read back. */
#include <string.h>

#include "config/settings.h"
#include "target.h"

bool target_accepted;

enum { TEXT_SIZE = 1 << 20 };

static void reads_back(const Settings *settings)
{
    static char text[TEXT_SIZE];
    static Settings again;
    FILE *out = fmemopen(text, sizeof text, "w");
    ALWAYS(out);
    settings_print(settings, out);
    ALWAYS(fclose(out) == 0);
    ALWAYS(settings_parse(&again, "printed", text, strlen(text), NULL, 0) == STATUS_OK);
    ALWAYS(memcmp(settings, &again, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Settings settings;
    const size_t length = size ? strnlen((const char *)data, size) : 0;
    char *set = NULL;
    if (length < size) {
        set = calloc(1, size - length);
        ALWAYS(set);
        memcpy(set, data + length + 1, size - length - 1);
    }
    status_clear();
    const Status st =
        settings_parse(&settings, "fuzz.cfg", (const char *)data, length, (const char *const *)&set, set != NULL);
    free(set);
    target_accepted = st == STATUS_OK;
    if (st == STATUS_OK)
        reads_back(&settings);
    else
        ALWAYS(st == STATUS_CONFIG && *status_message());
    return 0;
}
