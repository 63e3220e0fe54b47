/* Tests of the settings: parsing a text, and what a refusal must say. */
#ifndef LOCKSTEP_TESTS_CONFIG_PARSE_H
#define LOCKSTEP_TESTS_CONFIG_PARSE_H

#include <stdio.h>

#include "base/status.h"
#include "config/settings.h"
#include "unit.h"

#define DATA "data = { file = \"a.h5\"; };\n"

static Settings settings; /* of the last parse */

static inline Status parse(const char *text)
{
    status_clear();
    return settings_parse(&settings, "x.cfg", text, strlen(text), NULL, 0);
}

static inline Status parse_set(const char *text, const char *set)
{
    status_clear();
    return settings_parse(&settings, "x.cfg", text, strlen(text), &set, 1);
}

/* Every refusal names itself: the text is shown with the assertion's line when it fails. */
#define REFUSED(status, ...)                                                             \
    do {                                                                                 \
        static const char *const parts[] = {__VA_ARGS__};                                \
        CU_ASSERT_EQUAL(status, STATUS_CONFIG);                                          \
        for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)               \
            if (!strstr(status_message(), parts[part])) {                                \
                fprintf(stderr, "\nnot \"%s\" in: %s\n", parts[part], status_message()); \
                CU_FAIL("the message lacks a part");                                     \
            }                                                                            \
    } while (0)

#endif
