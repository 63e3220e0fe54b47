#include "config/settings.h"

#include <assert.h>
#include <libconfig.h>
#include <stdarg.h>
#include <string.h>

#include "base/memory.h"
#include "config/scan.h"
#include "config/table.h"
#include "config/value.h"

enum { PATH_SIZE = 256, FOUND_SIZE = 160, ALLOWED_SIZE = 200, PLACE_SIZE = 300 };

/* Where a setting was last given; zeroed: nowhere, it has its default. */
typedef struct {
    int line;        /* in the file, or 0 */
    const char *set; /* the operand of --set (borrowed), or NULL */
} Origin;

typedef struct {
    const char *name;   /* the file's, borrowed */
    const char *set;    /* the operand of --set that is being read (borrowed), or NULL */
    Settings *settings; /* borrowed */

    bool given[SETTING_MOST];     /* by row of the table: has a value, if only the default */
    Origin origins[SETTING_MOST]; /* by row of the table */
    ScanNumeral unfit;            /* in the text being read */
    size_t numerals;              /* passed in libconfig's tree */
} Reader;

/* A text in libconfig's hands. */
typedef struct {
    config_t config;
    ScanNumeral unfit;   /* a view into the text */
    ScanProblem problem; /* why there is no tree */
} Parsed;

/* STATUS_INTERNAL: out of memory. Whether text is a config stands in parsed->problem. */
static Status parsed_init(Parsed *parsed, const char *text)
{
    enum { SCANNER = 256 << 10, COPIES = 4 }; /* libconfig 1.5 crashes where it cannot have its scanner's */
    const size_t room = scan_room(strlen(text));
    char *safe = NULL;
    parsed->config = (config_t){0};
    Status st = memory_check(SCANNER + COPIES * room, "libconfig");
    if (st == STATUS_OK) st = memory_new(&safe, room, "a config");
    if (st != STATUS_OK) return st;
    config_init(&parsed->config);
    if (scan_text(text, safe, &parsed->unfit, &parsed->problem) && !config_read_string(&parsed->config, safe)) {
        const char *why = config_error_text(&parsed->config);
        parsed->problem = (ScanProblem){config_error_line(&parsed->config), why ? why : "syntax error"};
    }
    memory_free(safe);
    return STATUS_OK;
}

static void parsed_free(Parsed *parsed)
{
    config_destroy(&parsed->config);
}

/* text = "train.cfg:7" or "--set path=value". */
static void describe_place(const Reader *reader, Origin origin, char text[PLACE_SIZE])
{
    if (origin.set)
        snprintf(text, PLACE_SIZE, "--set %.280s", origin.set);
    else if (origin.line)
        snprintf(text, PLACE_SIZE, "%.280s:%d", reader->name, origin.line);
    else
        snprintf(text, PLACE_SIZE, "%.280s", reader->name);
}

/* Refuses the config because of what stands on this line, or in the --set that is being read. */
MUST_CHECK PRINTF_LIKE(3, 4) static Status refuse(const Reader *reader, int line, const char *format, ...)
{
    char place[PLACE_SIZE], why[1000];
    describe_place(reader, (Origin){line, reader->set}, place);
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return status_fail(STATUS_CONFIG, "%s: %s", place, why);
}

static Status refuse_unknown(const Reader *reader, int line, const char *path)
{
    const char *meant = setting_suggest(path);
    if (meant) return refuse(reader, line, "%s is not a setting; did you mean %s?", path, meant);
    return refuse(reader, line, "%s is not a setting; \"lockstep --help settings\" lists them", path);
}

/* The numeral that does not fit its type, if it is in value: libconfig's reading of it is wrong. */
static bool is_unfit(Reader *reader, const config_setting_t *value)
{
    const size_t before = reader->numerals;
    reader->numerals += value_numerals(value);
    return before < reader->unfit.index && reader->unfit.index <= reader->numerals;
}

static Status read_value(Reader *reader, const Setting *setting, const config_setting_t *value)
{
    const bool unfit = is_unfit(reader, value);
    const config_setting_t *wrong = unfit ? value : value_take(setting, value, reader->settings);
    const int line = (int)config_setting_source_line(value);
    if (!wrong) {
        const size_t row = (size_t)(setting - setting_table);
        reader->given[row] = true;
        reader->origins[row] = (Origin){line, reader->set};
        return STATUS_OK;
    }
    char found[FOUND_SIZE], allowed[ALLOWED_SIZE];
    if (unfit)
        snprintf(found, sizeof found, "%.*s, which %s", (int)(reader->unfit.length < 60 ? reader->unfit.length : 60),
                 reader->unfit.text, reader->unfit.number ? "64 bits cannot hold" : "is not a number");
    else
        value_describe(setting, wrong, found, sizeof found);
    value_allowed(setting, allowed, sizeof allowed);
    return refuse(reader, unfit ? reader->unfit.line : (int)config_setting_source_line(wrong),
                  "%s: found %s; %s is needed", setting->path, found, allowed);
}

static Status read_group(Reader *reader, const config_setting_t *group, const char *path);

static Status read_member(Reader *reader, const config_setting_t *member, const char *path)
{
    const int line = (int)config_setting_source_line(member);
    const Setting *setting = setting_find(path);
    if (setting) return read_value(reader, setting, member);
    if (!setting_is_group(path)) return refuse_unknown(reader, line, path);
    if (config_setting_is_group(member)) return read_group(reader, member, path);
    return refuse(reader, line, "%s: found a value; it is a group of settings: %s = { ... }", path, path);
}

static Status read_group(Reader *reader, const config_setting_t *group, const char *path)
{
    Status st = STATUS_OK;
    for (int i = 0; i < config_setting_length(group) && st == STATUS_OK; i++) {
        const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        char below[PATH_SIZE]; /* a name too long for it is unknown, cut or not */
        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", config_setting_name(member));
        st = read_member(reader, member, below);
    }
    return st;
}

/* The line of text, without its indentation, for a message; empty if there is no such line. */
static int quote_line(const char *text, int line, const char **start)
{
    enum { SHOWN = 60 };
    for (; line > 1 && *text; line--) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    *start = text + strspn(text, " \t");
    const size_t length = strcspn(*start, "\r\n");
    return length < SHOWN ? (int)length : SHOWN;
}

static Status read_tree(Reader *reader, const Parsed *parsed, const char *text)
{
    const ScanProblem *problem = &parsed->problem;
    if (problem->text) {
        const char *start;
        const int length = quote_line(text, problem->line, &start);
        return refuse(reader, problem->line, length ? "%s: %.*s" : "%s at the end%.*s", problem->text, length, start);
    }
    reader->unfit = parsed->unfit;
    reader->numerals = 0;
    return read_group(reader, config_root_setting(&parsed->config), "");
}

static Status read_file_text(Reader *reader, const char *text, size_t size)
{
    const size_t length = strnlen(text, size);
    char *line; /* text and the newline without which libconfig refuses a comment in the last line */
    Status st = memory_new(&line, length + 2, "a config");
    if (st != STATUS_OK) return st;
    memcpy(line, text, length);
    line[length] = '\n';
    int lines = 1;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    if (length < size)
        st = refuse(reader, lines, "a zero byte: this is not a config in text form");
    else {
        Parsed parsed = {0};
        st = parsed_init(&parsed, line);
        if (st == STATUS_OK) st = read_tree(reader, &parsed, line);
        parsed_free(&parsed);
    }
    memory_free(line);
    return st;
}

/* text is "x = " and a value: in libconfig's syntax, or else a string. */
static Status read_assignment(Reader *reader, const Setting *setting, const char *text, const char *value)
{
    Parsed parsed = {0};
    Status st = parsed_init(&parsed, text);
    if (st == STATUS_OK) {
        reader->unfit = parsed.unfit;
        if (parsed.problem.text) {
            /* libconfig keeps what it read before the error: start anew. */
            parsed_free(&parsed);
            config_init(&parsed.config);
            config_setting_t *root = config_root_setting(&parsed.config);
            config_setting_set_string(config_setting_add(root, "x", CONFIG_TYPE_STRING), value);
            reader->unfit = (ScanNumeral){0};
        }
        reader->numerals = 0;
        const config_setting_t *root = config_root_setting(&parsed.config);
        if (config_setting_length(root) == 1)
            st = read_value(reader, setting, config_setting_get_elem(root, 0));
        else
            st = refuse(reader, 0, "%s: found more than one value", setting->path);
    }
    parsed_free(&parsed);
    return st;
}

static Status assign(Reader *reader, const Setting *setting, const char *value)
{
    static const char before[] = "x = ";
    char *text;
    const size_t size = sizeof before + strlen(value) + 1;
    Status st = memory_new(&text, size, "a setting");
    if (st != STATUS_OK) return st;
    snprintf(text, size, "%s%s\n", before, value);
    st = read_assignment(reader, setting, text, value);
    memory_free(text);
    return st;
}

static Status read_set(Reader *reader, const char *operand)
{
    reader->set = operand;
    const char *equals = strchr(operand, '=');
    if (!equals || equals == operand) return refuse(reader, 0, "path=value is needed, such as training.epochs=5");
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%.*s", (int)(equals - operand < PATH_SIZE ? equals - operand : PATH_SIZE), operand);
    const Setting *setting = setting_find(path);
    if (setting) return assign(reader, setting, equals + 1);
    if (setting_is_group(path)) return refuse(reader, 0, "%s is a group: set its members, %s.NAME=VALUE", path, path);
    return refuse_unknown(reader, 0, path);
}

/* The same for every config, so libconfig reads them for the first alone. */
static Status read_defaults(Reader *reader)
{
    static Settings settings;
    static Reader defaults = {.name = "the defaults", .settings = &settings};
    static bool known;
    Status st = STATUS_OK;
    for (size_t i = 0; i < setting_count && st == STATUS_OK && !known; i++) {
        if (!setting_table[i].fallback) continue;
        st = assign(&defaults, &setting_table[i], setting_table[i].fallback);
        assert(st != STATUS_CONFIG);
    }
    known = st == STATUS_OK;
    *reader->settings = settings;
    memcpy(reader->given, defaults.given, sizeof reader->given);
    return st;
}

static Origin origin_of(const Reader *reader, const char *path)
{
    return reader->origins[setting_find(path) - setting_table];
}

/* What a single row of the table cannot say. */
static Status check_together(Reader *reader)
{
    for (size_t i = 0; i < setting_count; i++)
        if (!reader->given[i])
            return refuse(reader, 0, "%s is missing (%s): it has no default", setting_table[i].path,
                          setting_table[i].text);
    const Settings *s = reader->settings;
    if (s->optimizer.nesterov && s->optimizer.momentum == 0) {
        const Origin origin = origin_of(reader, "optimizer.nesterov");
        reader->set = origin.set;
        return refuse(reader, origin.line, "optimizer.nesterov: true needs optimizer.momentum > 0, which is 0");
    }
    if (s->training.target_accuracy > 0 && s->evaluation.every_epochs == 0) {
        const Origin origin = origin_of(reader, "training.target_accuracy");
        reader->set = origin.set;
        return refuse(reader, origin.line,
                      "training.target_accuracy: it needs evaluation.every_epochs > 0, which is 0");
    }
    if (s->optimizer.schedule.min_learning_rate > s->optimizer.learning_rate) {
        const Origin origin = origin_of(reader, "optimizer.schedule.min_learning_rate");
        reader->set = origin.set;
        return refuse(reader, origin.line,
                      "optimizer.schedule.min_learning_rate: found %.15g; at most optimizer.learning_rate, %.15g, "
                      "is needed",
                      s->optimizer.schedule.min_learning_rate, s->optimizer.learning_rate);
    }
    return STATUS_OK;
}

Status settings_parse(Settings *settings, const char *name, const char *text, size_t size, const char *const *sets,
                      size_t set_count)
{
    memset(settings, 0, sizeof *settings);
    Reader reader = {.name = name, .settings = settings};
    Status st = read_defaults(&reader);
    if (st == STATUS_OK) st = read_file_text(&reader, text, size);
    for (size_t i = 0; i < set_count && st == STATUS_OK; i++) st = read_set(&reader, sets[i]);
    reader.set = NULL;
    if (st == STATUS_OK) st = check_together(&reader);
    return st;
}
