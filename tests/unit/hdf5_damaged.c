/* src/hdf5: damaged files are refused, and those of a newer HDF5. */
#include "hdf5_file.h"

/* At every length the file is refused with bad data, never read and never a crash. */
static void a_truncated_file_is_refused_at_every_length(void)
{
    size_t size;
    unsigned char *bytes = scratch_read(write_small("whole.h5"), &size);
    const char *path = scratch_path("cut.h5");
    size_t named = 0;
    for (size_t length = 1; length < size; length += 13) {
        H5Info info;
        scratch_write(path, bytes, length);
        CU_ASSERT_EQUAL(look(path, "/a/b/images", &info), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS("cut.h5");
        named += strstr(status_message(), "truncated") != NULL;
    }
    CU_ASSERT(named > size / 13 / 2);
    free(bytes);
}

/* Any damage to a byte is either harmless or refused; a sanitizer sees the rest. */
static void a_flipped_byte_never_ends_the_process(void)
{
    size_t size;
    unsigned char *bytes = scratch_read(write_small("whole.h5"), &size);
    const char *path = scratch_path("flipped.h5");
    for (size_t i = 0; i < size; i += 3) {
        bytes[i] ^= 0xff;
        scratch_write(path, bytes, size);
        bytes[i] ^= 0xff;
        H5Info info;
        const Status st = look(path, "/a/b/images", &info);
        CU_ASSERT(st == STATUS_OK || st == STATUS_DATA);
    }
    free(bytes);
}

/* The version of each data layout message (type 8, 24 bytes long; its header has 8 bytes), as if one of a later HDF5.
 */
static void make_layouts_newer(const char *path)
{
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t i = 0; i + 8 < size; i++)
        if (memcmp(bytes + i, "\x08\x00\x18\x00", 4) == 0 && bytes[i + 8] == 3) bytes[i + 8] = 5;
    scratch_write(path, bytes, size);
    free(bytes);
}

static void a_form_of_a_newer_library_is_not_only_called_damage(void)
{
    const char *path = write_small("newer.h5");
    H5Info info;
    make_layouts_newer(path);
    CU_ASSERT_EQUAL(look(path, "/labels", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("form of a newer HDF5 than the 1.");
}

static void no_handle_stays_open(void)
{
    void (*const tests[])(void) = {
        a_truncated_file_is_refused_at_every_length,
        a_flipped_byte_never_ends_the_process,
        a_form_of_a_newer_library_is_not_only_called_damage,
    };
    leave_no_handle(tests, sizeof tests / sizeof *tests);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_truncated_file_is_refused_at_every_length),
        UNIT(a_flipped_byte_never_ends_the_process),
        UNIT(a_form_of_a_newer_library_is_not_only_called_damage),
        UNIT(no_handle_stays_open),
    };
    return UNIT_RUN("hdf5_damaged", tests);
}
