/* TensorBoard's event files: check sums, messages, records, and what is left of them when the disk is full. */
#include "output/events.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "output/protobuf.h"
#include "scratch.h"
#include "unit.h"

/* RFC 3720, section B.4, and the check value of the catalogue of CRCs. */
static void check_sums_are_those_of_the_rfc(void)
{
    unsigned char bytes[32] = {0};
    CU_ASSERT_EQUAL(crc32c(bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, 32);
    CU_ASSERT_EQUAL(crc32c(bytes, 32), 0x62a8ab43);
    for (unsigned char i = 0; i < 32; i++) bytes[i] = i;
    CU_ASSERT_EQUAL(crc32c(bytes, 32), 0x46dd794e);
    for (unsigned char i = 0; i < 32; i++) bytes[i] = (unsigned char)(31 - i);
    CU_ASSERT_EQUAL(crc32c(bytes, 32), 0x113fdb5c);
    CU_ASSERT_EQUAL(crc32c("123456789", 9), 0xe3069283);
    CU_ASSERT_EQUAL(crc32c("", 0), 0);
}

/* 1.5 is 0x3fc00000 and 0x3ff8000000000000; a tag is field * 8 + type. */
static void members_of_fixed_size_are_little_endian(void)
{
    static const unsigned char expected[] = {0x15, 0,    0,    0xc0, 0x3f, 0x09, 0, 0, 0, 0, 0,    0,
                                             0xf8, 0x3f, 0x32, 8,    0,    0,    0, 0, 0, 0, 0xf8, 0x3f};
    const double one_and_a_half = 1.5;
    Bytes out = {0};
    protobuf_float(&out, 2, 1.5f);
    protobuf_double(&out, 1, 1.5);
    protobuf_doubles(&out, 6, 1, &one_and_a_half);
    CU_ASSERT_EQUAL_FATAL(out.size, sizeof expected);
    CU_ASSERT_EQUAL(memcmp(out.at, expected, sizeof expected), 0);
    bytes_free(&out);
}

/* Each value lies between the limit before its bucket and its own. */
static void a_value_lies_in_its_bucket(void)
{
    static const float value[] = {0.0f, -0.0f, 1.0f, -1.0f, 0.1f, -3e38f, 3e38f, 1e-42f, -1e-42f, 1.124f, 1.125f};
    for (size_t i = 0; i < sizeof value / sizeof *value; i++) {
        Histogram h = {.values = 0};
        size_t b = 0;
        histogram_add(&h, &value[i], 1);
        while (b < HISTOGRAM_BUCKETS && !h.count[b]) b++;
        CU_ASSERT_EQUAL_FATAL(h.count[b], 1);
        CU_ASSERT((double)value[i] <= histogram_limit(b));
        CU_ASSERT(b == 0 || (double)value[i] >= histogram_limit(b - 1));
    }
}

static void a_histogram_tells_sums_and_range(void)
{
    static const float value[] = {3.0f, -4.0f, 0.5f};
    Histogram h = {.values = 0};
    histogram_add(&h, value, 2);
    histogram_add(&h, value + 2, 1);
    CU_ASSERT_EQUAL(h.values, 3);
    CU_ASSERT(h.least == -4.0f && h.most == 3.0f);
    CU_ASSERT(h.sum == -0.5 && h.squares == 25.25);
}

static const char *directory(void)
{
    const char *path = scratch_path("events");
    mkdir(path, 0700);
    return path;
}

/* names (count) of the directory's event files, in order. Returns how many there are. */
static size_t take_files(char name[][256], size_t count)
{
    struct dirent **entries;
    size_t files = 0;
    const int all = scandir(directory(), &entries, NULL, alphasort);
    for (int i = 0; i < all; i++) {
        if (*entries[i]->d_name != '.' && files < count) snprintf(name[files++], 256, "%s", entries[i]->d_name);
        free(entries[i]);
    }
    if (all >= 0) free(entries);
    return files;
}

/* The bytes of the only file, which is removed; the caller frees them. */
static unsigned char *take_bytes(size_t *size)
{
    char name[2][256], path[4096];
    CU_ASSERT_EQUAL_FATAL(take_files(name, 2), 1);
    snprintf(path, sizeof path, "%s/%s", directory(), name[0]);
    unsigned char *bytes = scratch_read(path, size);
    unlink(path);
    return bytes;
}

static uint32_t unmasked(const unsigned char *at)
{
    uint32_t crc;
    memcpy(&crc, at, sizeof crc);
    crc -= 0xa282ead8u;
    return crc << 15 | crc >> 17;
}

/* The size of the record's data; 0: there is no whole record of good check sums. */
static size_t record_at(const unsigned char *at, size_t left)
{
    uint64_t size;
    if (left < 16) return 0;
    memcpy(&size, at, sizeof size);
    if (unmasked(at + 8) != crc32c(at, 8) || size > left - 16) return 0;
    return unmasked(at + 12 + size) == crc32c(at + 12, size) ? size : 0;
}

static size_t count_records(const unsigned char *bytes, size_t size)
{
    size_t records = 0;
    while (size > 0) {
        const size_t data = record_at(bytes, size);
        CU_ASSERT_FATAL(data > 0);
        bytes += data + 16, size -= data + 16;
        records++;
    }
    return records;
}

/* A record's message ends with these bytes; what stands before them is the wall time. */
static bool ends_with(const unsigned char *data, size_t size, const char *end, size_t end_size)
{
    return size >= end_size && memcmp(data + size - end_size, end, end_size) == 0;
}

static void records_are_events(void)
{
    /* step 7; session log { status: START }; summary { value { tag: "a", simple_value: 1.5 }, and "b" } */
    static const char version[] = "\x10\x00\x1a\rbrain.Event:2", start[] = "\x10\x07\x3a\x02\x08\x01",
                      scalar[] =
                          "\x10\x07\x2a\x14"
                          "\x0a\x08\x0a\x01"
                          "a\x15\x00\x00\xc0\x3f"
                          "\x0a\x08\x0a\x01"
                          "b\x15\x00\x00\xc0\x3f";
    static const struct {
        const char *end;
        size_t size;
    } expected[] = {{version, sizeof version - 1}, {start, sizeof start - 1}, {scalar, sizeof scalar - 1}};
    Events *events;
    size_t size, at = 0;
    CU_ASSERT_EQUAL_FATAL(events_open(directory(), 7, &events), STATUS_OK);
    events_scalars(events, 7, 2, (EventScalar[]){{"a", 1.5}, {"b", 1.5}});
    events_close(events);
    unsigned char *bytes = take_bytes(&size);
    CU_ASSERT_EQUAL(count_records(bytes, size), 3);
    for (size_t i = 0; i < 3; i++) {
        const size_t data = record_at(bytes + at, size - at);
        CU_ASSERT_EQUAL(data, expected[i].size + 9); /* the wall time: a tag and a double */
        CU_ASSERT_EQUAL(bytes[at + 12], 0x09);
        CU_ASSERT(ends_with(bytes + at + 12, data, expected[i].end, expected[i].size));
        at += data + 16;
    }
    free(bytes);
}

static void a_later_file_sorts_behind_in_the_same_second(void)
{
    char name[4][256];
    Events *events;
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL_FATAL(events_open(directory(), (uint64_t)i, &events), STATUS_OK);
        events_close(events);
        CU_ASSERT_EQUAL_FATAL(take_files(name, 4), (size_t)i + 1);
    }
    for (int i = 0; i < 3; i++) {
        char path[4096];
        size_t size;
        snprintf(path, sizeof path, "%s/%s", directory(), name[i]);
        unsigned char *bytes = scratch_read(path, &size);
        const size_t first = record_at(bytes, size) + 16;
        CU_ASSERT_EQUAL(bytes[first + 12 + 10], i); /* its step, behind the wall time and a tag */
        free(bytes);
        unlink(path);
    }
}

/* A file of whole records, though the limit lies within one; and what comes when there is room again is in it. */
static void a_full_disk_leaves_whole_records(void)
{
    Events *events;
    size_t size;
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CU_ASSERT_EQUAL_FATAL(events_open(directory(), 1, &events), STATUS_OK);
    events_flush(events);
    scratch_limit(1000);
    for (uint64_t step = 1; step < 4; step++) {
        events_text(events, step, "lost", text);
        events_flush(events);
    }
    scratch_limit(RLIM_INFINITY);
    events_scalars(events, 5, 1, &(EventScalar){"kept", 1.0});
    events_close(events);
    unsigned char *bytes = take_bytes(&size);
    CU_ASSERT_EQUAL(count_records(bytes, size), 3);
    CU_ASSERT_PTR_NOT_NULL(memmem(bytes, size, "kept", 4));
    free(bytes);
}

static void an_image_is_a_png(void)
{
    static const uint8_t pixel[2 * 3] = {0, 50, 100, 150, 200, 250};
    static const char begin[] = "\x08\x02\x10\x03\x18\x01\x22",
                      header[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\3\0\0\0\2\10\0"; /* 3 by 2, 8 bits, grey */
    Events *events;
    size_t size;
    CU_ASSERT_EQUAL_FATAL(events_open(directory(), 1, &events), STATUS_OK);
    events_image(events, 1, "image", 2, 3, pixel);
    events_close(events);
    unsigned char *bytes = take_bytes(&size);
    CU_ASSERT_EQUAL(count_records(bytes, size), 3);
    const unsigned char *image = memmem(bytes, size, begin, sizeof begin - 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    CU_ASSERT_EQUAL(memcmp(image + sizeof begin, header, sizeof header - 1), 0);
    free(bytes);
}

static void no_directory_is_told(void)
{
    Events *events;
    CU_ASSERT_EQUAL(events_open(scratch_path("absent"), 0, &events), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("absent/events.out.tfevents.");
    CU_ASSERT_PTR_NULL(events);
    events_scalars(events, 1, 1, &(EventScalar){"ranks other than 0 have none", 1.0});
    events_flush(events);
    events_close(events);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(check_sums_are_those_of_the_rfc),
        UNIT(members_of_fixed_size_are_little_endian),
        UNIT(a_value_lies_in_its_bucket),
        UNIT(a_histogram_tells_sums_and_range),
        UNIT(records_are_events),
        UNIT(a_later_file_sorts_behind_in_the_same_second),
        UNIT(a_full_disk_leaves_whole_records),
        UNIT(an_image_is_a_png),
        UNIT(no_directory_is_told),
    };
    return UNIT_RUN("events", tests);
}
