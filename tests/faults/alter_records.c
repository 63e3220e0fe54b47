/* Spoils records of a run, line by line on stdin, for faults/verify.
 *
 *   alter_records members LINE            prints the names of the members of that line, in their order
 *   alter_records remove LINE MEMBER      the records without the member
 *   alter_records alter LINE MEMBER       with another value of the same form
 *   alter_records link                    with every line linked to the one before it as that is now
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rundir/record_link.h"

static void fail(const char *why)
{
    fprintf(stderr, "alter_records: %s\n", why);
    exit(2);
}

/* Another text of the same length and alphabet; a digit where there is one. */
static json_t *other_text(const char *text)
{
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", text);
    char *at = copy + strcspn(copy, "0123456789");
    if (!*at) at = copy;
    *at = *at == '1' ? '2' : '1';
    return json_string(copy);
}

static json_t *other(json_t *value)
{
    switch (json_typeof(value)) {
        case JSON_INTEGER: return json_integer(json_integer_value(value) + 1);
        case JSON_REAL: return json_real(json_real_value(value) * 1.5 + 1.0);
        case JSON_STRING: return other_text(json_string_value(value));
        case JSON_NULL: return json_real(0.5);
        default: break;
    }
    json_t *list = json_deep_copy(value); /* its last element is another */
    json_array_set_new(list, json_array_size(list) - 1, other(json_array_get(list, json_array_size(list) - 1)));
    return list;
}

/* A float and its twin go together, so that they still agree. */
static void alter(json_t *record, const char *member)
{
    char twin[64], text[64];
    snprintf(twin, sizeof twin, "%s_hex", member);
    json_object_set_new(record, member, other(json_object_get(record, member)));
    if (!json_object_get(record, twin)) return;
    json_t *number = json_object_get(record, member);
    if (!json_is_real(number)) json_object_set_new(record, member, number = json_real(json_number_value(number)));
    snprintf(text, sizeof text, "%a", json_real_value(number));
    json_object_set_new(record, twin, json_string(text));
}

static void change(char *line, size_t length, const char *what, const char *member)
{
    const char *key;
    json_t *value, *record = json_loadb(line, length, 0, NULL);
    if (!record) fail("no JSON");
    if (strcmp(what, "members") == 0) {
        json_object_foreach(record, key, value) puts(key);
    } else {
        if (!json_object_get(record, member)) fail("no such member");
        if (strcmp(what, "remove") == 0)
            json_object_del(record, member);
        else
            alter(record, member);
        json_dumpf(record, stdout, JSON_COMPACT);
        putchar('\n');
    }
    json_decref(record);
}

static void link_line(char *line, size_t length)
{
    static uint64_t last;
    if (length >= RECORD_LINK_SIZE) record_link_put(last, line + length - RECORD_LINK_SIZE);
    last = record_link_of(line, length);
    printf("%s\n", line);
}

int main(int count, char **argument)
{
    if (count < 2) fail("what?");
    const bool link = strcmp(argument[1], "link") == 0, only = strcmp(argument[1], "members") == 0;
    const size_t number = link || count < 3 ? 0 : strtoul(argument[2], NULL, 10);
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    for (size_t i = 1; (length = getline(&line, &size, stdin)) > 0; i++) {
        line[--length] = '\0';
        if (link)
            link_line(line, (size_t)length);
        else if (i == number)
            change(line, (size_t)length, argument[1], count > 3 ? argument[3] : "");
        else if (!only)
            printf("%s\n", line);
    }
    free(line);
    return fflush(stdout) == 0 ? 0 : 2;
}
