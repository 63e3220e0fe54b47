/* Floor 0. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/apart.h"
#include "base/digest.h"
#include "base/fpstate.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/philox.h"
#include "base/status.h"
#include "base/text.h"
#include "unit.h"

/* The known answers that come with Random123 (kat_vectors, philox4x32 10). */
static void philox_gives_the_published_numbers(void)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        philox4x32(known[i].counter, known[i].key, out);
        CU_ASSERT_EQUAL(memcmp(out, known[i].out, sizeof out), 0);
    }
}

static void bounded_numbers_are_uniform(void)
{
    enum { SIDES = 6, THROWS = 60000 };
    int seen[SIDES] = {0};
    Stream stream;
    stream_init(&stream, 1, PURPOSE_ORDER, 0, 0);
    for (int i = 0; i < THROWS; i++) seen[stream_below(&stream, SIDES)]++;
    /* Binomial: mean 10000, deviation 91; five deviations each way. */
    for (int i = 0; i < SIDES; i++) CU_ASSERT(abs(seen[i] - THROWS / SIDES) < 457);
}

static void streams_differ_in_every_part_of_their_key(void)
{
    Stream base, other;
    const struct {
        uint64_t seed;
        Purpose purpose;
        uint32_t a, b;
    } keys[] = {{2, PURPOSE_ORDER, 3, 4},
                {1ull << 32 | 1, PURPOSE_ORDER, 3, 4},
                {1, PURPOSE_SYNTHESIS, 3, 4},
                {1, PURPOSE_ORDER, 4, 4},
                {1, PURPOSE_ORDER, 3, 5}};
    stream_init(&base, 1, PURPOSE_ORDER, 3, 4);
    const uint32_t first = stream_next(&base);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        stream_init(&other, keys[i].seed, keys[i].purpose, keys[i].a, keys[i].b);
        CU_ASSERT_NOT_EQUAL(stream_next(&other), first);
    }
}

/* xxhsum -H2 of the empty input and of "abc" (xxHash 0.8.1). */
static void digests_are_those_of_xxhsum(void)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest_of("", 0), hex);
    CU_ASSERT_STRING_EQUAL(hex, "99aa06d3014798d86001c324468d497f");
    digest_hex(digest_of("abc", 3), hex);
    CU_ASSERT_STRING_EQUAL(hex, "06b05ab6733a618578af5f94892f3950");
    DigestState *state;
    CU_ASSERT_EQUAL_FATAL(digest_open(&state), STATUS_OK);
    digest_begin(state);
    digest_add(state, "a", 1);
    digest_add(state, "bc", 2);
    CU_ASSERT(digest_equal(digest_end(state), digest_of("abc", 3)));
    digest_close(state);
    Digest parsed;
    CU_ASSERT(digest_parse(hex, &parsed));
    CU_ASSERT(digest_equal(parsed, digest_of("abc", 3)));
    const char *const others[] = {"", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
                                  "0123456789ABCDEF0123456789abcdef", "0x23456789abcdef0123456789abcdef"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) CU_ASSERT_FALSE(digest_parse(others[i], &parsed));
}

static void a_sample_hash_depends_on_position_and_row(void)
{
    CU_ASSERT_NOT_EQUAL(digest_sample(1, 2), digest_sample(2, 1));
    CU_ASSERT_NOT_EQUAL(digest_sample(1, 2), digest_sample(1, 3));
    CU_ASSERT_EQUAL(digest_sample(1, 2), digest_sample(1, 2));
}

static void memory_is_zeroed_aligned_and_refuses_overflow(void)
{
    float *x;
    CU_ASSERT_EQUAL_FATAL(memory_new(&x, 1000, "x"), STATUS_OK);
    CU_ASSERT_EQUAL((uintptr_t)x % MEMORY_ALIGNMENT, 0);
    for (int i = 0; i < 1000; i++) CU_ASSERT_EQUAL(x[i], 0);
    memory_free(x);
    CU_ASSERT_EQUAL(memory_new(&x, SIZE_MAX / 2, "the moon"), STATUS_INTERNAL);
    CU_ASSERT_MESSAGE_HAS("the moon");
    status_clear();
}

/* The bytes of this process that are in memory (proc(5), statm). */
static size_t resident(void)
{
    size_t all = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fscanf(file, "%zu %zu", &all, &pages), 2);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* AddressSanitizer keeps a byte for every eight: hence the half, and not nothing. */
static void memory_that_is_not_used_takes_none(void)
{
    enum { SIZE = 64 << 20 };
    unsigned char *x;
    const size_t before = resident();
    CU_ASSERT_EQUAL_FATAL(memory_new(&x, SIZE, "x"), STATUS_OK);
    CU_ASSERT(resident() - before < SIZE / 2);
    CU_ASSERT_EQUAL((uintptr_t)x % MEMORY_ALIGNMENT, 0);
    for (size_t i = 0; i < SIZE; i += 4096) x[i]++;
    CU_ASSERT(resident() - before >= SIZE / 2);
    memory_free(x);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed, to see it used */
    CU_ASSERT(resident() - before < SIZE / 2);
#endif
}

static void the_nearest_name_is_a_slip_away_or_none(void)
{
    static const char *const names[] = {"learning_rate", "momentum", "nesterov"};
    CU_ASSERT_EQUAL(text_distance("ab", "ba"), 1);
    CU_ASSERT_EQUAL(text_distance("kitten", "sitting"), 3);
    CU_ASSERT_EQUAL(text_nearest("lerning_rate", names, 3), 0);
    CU_ASSERT_EQUAL(text_nearest("momentmu", names, 3), 1);
    CU_ASSERT_EQUAL(text_nearest("batch", names, 3), -1);
}

static void a_changed_rounding_is_seen(void)
{
    volatile float one = 1.0f, little = 0x1p-30f;
    fpstate_set();
    CU_ASSERT(fpstate_is_set());
    CU_ASSERT_EQUAL(one + little, 1.0f);
    fpstate_round_up();
    CU_ASSERT(one + little > 1.0f);
    CU_ASSERT_FALSE(fpstate_is_set());
    fpstate_set();
    CU_ASSERT(fpstate_is_set());
    CU_ASSERT_EQUAL(one + little, 1.0f);
}

static void flushing_of_denormals_is_seen(void)
{
    volatile float least = 0x1p-126f, half = 0.5f;
    fpstate_set();
    CU_ASSERT_EQUAL(least * half, 0x1p-127f);
    fpstate_flush();
    CU_ASSERT_EQUAL(least * half, 0.0f);
    CU_ASSERT_FALSE(fpstate_is_set());
    fpstate_set();
    CU_ASSERT_EQUAL(least * half, 0x1p-127f);
#ifdef __x86_64__
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x0040u); /* of operands alone */
    CU_ASSERT_FALSE(fpstate_is_set());
    fpstate_set();
    CU_ASSERT(fpstate_is_set());
#endif
}

static Status refuse_and_change(void *number)
{
    *(int *)number = 2;
    return status_fail(STATUS_IO, "a message of number %d", *(int *)number);
}

static Status end_by_signal(void *signal)
{
    return raise(*(int *)signal) == 0 ? STATUS_OK : STATUS_INTERNAL;
}

static Status never_end(void *number)
{
    while (*(volatile int *)number == 0) continue;
    return STATUS_OK;
}

static Status return_status(void *st)
{
    return *(Status *)st;
}

static void work_apart_gives_its_status_and_message(void)
{
    int number = 1;
    Status fine = STATUS_OK;
    CU_ASSERT_EQUAL(apart_run(return_status, &fine, APART_SECONDS, "the work"), STATUS_OK);
    CU_ASSERT_EQUAL(apart_run(refuse_and_change, &number, APART_SECONDS, "the work"), STATUS_IO);
    CU_ASSERT_STRING_EQUAL(status_message(), "a message of number 2");
    CU_ASSERT_EQUAL(number, 1);
    status_clear();
}

static void a_crash_of_work_apart_is_bad_data(void)
{
    int signal = SIGABRT, number = 0; /* AddressSanitizer takes SIGSEGV */
    CU_ASSERT_EQUAL(apart_run(end_by_signal, &signal, APART_SECONDS, "the work"), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("the work: ");
    CU_ASSERT_MESSAGE_HAS(strsignal(signal));
    CU_ASSERT_EQUAL(apart_run(never_end, &number, 1, "the work"), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("took too long, more than 1 s");
    status_clear();
}

static void work_apart_that_is_killed_is_no_bad_data(void)
{
    int signal = SIGKILL;
    CU_ASSERT_EQUAL(apart_run(end_by_signal, &signal, APART_SECONDS, "the work"), STATUS_INTERNAL);
    CU_ASSERT_MESSAGE_HAS("the work: ");
    CU_ASSERT_MESSAGE_HAS("out of memory");
    status_clear();
}

/* Two thirds of the machine's memory twice. Nothing of it is touched. */
static Status map_much(void *failed)
{
    bool *const has_failed = failed;
    const size_t size = (size_t)sysconf(_SC_PHYS_PAGES) / 3 * 2 * (size_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < 2; i++)
        *has_failed = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
    return *has_failed ? STATUS_INTERNAL : STATUS_OK;
}

/* qemu-user ignores a limit of the address space, which its own mappings would break. */
static bool are_limits_kept(void)
{
    struct rlimit before, now;
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit wide = {before.rlim_cur / 2, before.rlim_max};
    setrlimit(RLIMIT_AS, &wide);
    getrlimit(RLIMIT_AS, &now);
    setrlimit(RLIMIT_AS, &before);
    return now.rlim_cur == wide.rlim_cur;
}

static void work_apart_has_the_memory_of_the_machine_at_most(void)
{
    bool failed;
    if (!are_limits_kept()) {
        CU_PASS("no limits here");
        puts("SKIPPED: memory of work apart: this system keeps no limit of the address space");
        return;
    }
    CU_ASSERT_EQUAL(apart_run(map_much, &failed, APART_SECONDS, "the work"), STATUS_INTERNAL);
    status_clear();
}

/* In a child that may be ended so. */
static void other_signals_end_both(void)
{
    int signals[] = {SIGPIPE, SIGTERM, SIGUSR1};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        const pid_t child = fork();
        if (child == 0) {
            signal(signals[i], SIG_DFL); /* whatever this was started with */
            _exit((int)apart_run(end_by_signal, &signals[i], APART_SECONDS, "the work"));
        }
        int ended = 0;
        CU_ASSERT_EQUAL(waitpid(child, &ended, 0), child);
        CU_ASSERT(WIFSIGNALED(ended) && WTERMSIG(ended) == signals[i]);
    }
}

/* What text_put writes; valid until the next call. */
static const char *shown(const char *text, bool keep_lines)
{
    static char written[256];
    FILE *out = fmemopen(written, sizeof written, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    text_put(text, keep_lines, out);
    fclose(out);
    return written;
}

static void no_text_drives_a_terminal(void)
{
    const struct {
        const char *text, *shown;
    } cases[] = {
        {"plain", "plain"},
        {"r\xc3\xa9seau \xe6\x97\xa5 \xf0\x9f\x98\x80 \xc2\xa0",
         "r\xc3\xa9seau \xe6\x97\xa5 \xf0\x9f\x98\x80 \xc2\xa0"},
        {"\x1b[2J\x7f\t\r", "\\x1b[2J\\x7f\\x09\\x0d"},
        {"\x9b"
         "2J",
         "\\x9b2J"}, /* C1 in one byte */
        {"\xc2\x9b"
         "2J",
         "\\xc2\\x9b2J"},                                        /* and as UTF-8 */
        {"\xe2\x80\xae", "\\xe2\\x80\\xae"},                     /* from right to left */
        {"\xd8\x9c", "\\xd8\\x9c"},                              /* what follows is Arabic */
        {"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},                     /* a byte order mark */
        {"\xc0\x9b \xe0\x82\x9b", "\\xc0\\x9b \\xe0\\x82\\x9b"}, /* longer than needed */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                     /* a surrogate */
        {"\xf4\x90\x80\x80 \xc3", "\\xf4\\x90\\x80\\x80 \\xc3"}, /* too large, cut off */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_STRING_EQUAL(shown(cases[i].text, false), cases[i].shown);
    CU_ASSERT_STRING_EQUAL(shown("a\n\tb\r", true), "a\n\tb\\x0d");
    CU_ASSERT_STRING_EQUAL(shown("a\nb", false), "a\\x0ab");
}

static void a_quoted_line_is_no_message(void)
{
    char written[256];
    FILE *out = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    log_set_file(fileno(out), "the log");
    log_set_quiet(true);
    log_info("no \"%s\"\n  a line of ours", "x\nlockstep: error: y");
    log_set_quiet(false);
    log_set_file(-1, NULL);
    rewind(out);
    written[fread(written, 1, sizeof written - 1, out)] = '\0';
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(written, "Z no \"x\n  lockstep: error: y\"\n  a line of ours\n"));
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(philox_gives_the_published_numbers),
        UNIT(bounded_numbers_are_uniform),
        UNIT(streams_differ_in_every_part_of_their_key),
        UNIT(digests_are_those_of_xxhsum),
        UNIT(a_sample_hash_depends_on_position_and_row),
        UNIT(memory_is_zeroed_aligned_and_refuses_overflow),
        UNIT(memory_that_is_not_used_takes_none),
        UNIT(the_nearest_name_is_a_slip_away_or_none),
        UNIT(a_changed_rounding_is_seen),
        UNIT(flushing_of_denormals_is_seen),
        UNIT(work_apart_gives_its_status_and_message),
        UNIT(a_crash_of_work_apart_is_bad_data),
        UNIT(work_apart_that_is_killed_is_no_bad_data),
        UNIT(work_apart_has_the_memory_of_the_machine_at_most),
        UNIT(other_signals_end_both),
        UNIT(no_text_drives_a_terminal),
        UNIT(a_quoted_line_is_no_message),
    };
    return UNIT_RUN("base", tests);
}
