/* Writes dataset files that mean harm, for hostile.sh: make_hostile VARIANT FILE. "list" instead of a variant prints
 * their names, each with the words that the message about it has to have, separated by |. */
#include <hdf5.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ROWS = 40, PIXELS = 16, CHUNK_ROWS = 8, CHUNK_BYTES = CHUNK_ROWS * PIXELS, DEEP = 10000, MANY = 5000 };

static hid_t file;

static void fail(const char *what)
{
    fprintf(stderr, "make_hostile: %s\n", what);
    exit(1);
}

/* One of the four datasets; values NULL: never written. A chunked one may grow, and so have chunks of any size. */
static hid_t put(const char *name, hid_t type, int dimensions, const hsize_t *extent, hid_t creation,
                 const void *values)
{
    const hsize_t most[] = {H5S_UNLIMITED, H5S_UNLIMITED, H5S_UNLIMITED};
    const bool may_grow = creation != H5P_DEFAULT && H5Pget_layout(creation) == H5D_CHUNKED;
    const hid_t space = H5Screate_simple(dimensions, extent, may_grow ? most : NULL),
                links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t id = H5Dcreate2(file, name, type, space, links, creation, H5P_DEFAULT);
    if (id < 0 || (values && H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)) fail("cannot write");
    H5Sclose(space);
    H5Pclose(links);
    return id;
}

static const hsize_t images_extent[] = {ROWS, PIXELS}, labels_extent[] = {ROWS};
static uint8_t pixels[ROWS * PIXELS];
static uint8_t labels[ROWS];

/* The three that are as they should be; the variant adds the fourth, /train/images or /train/labels. */
static void put_rest(bool labels_too)
{
    for (int i = 0; i < ROWS * PIXELS; i++) pixels[i] = (uint8_t)(i * 7);
    for (int i = 0; i < ROWS; i++) labels[i] = (uint8_t)(i % 10);
    H5Dclose(put("/test/images", H5T_STD_U8LE, 2, images_extent, H5P_DEFAULT, pixels));
    H5Dclose(put("/test/labels", H5T_STD_U8LE, 1, labels_extent, H5P_DEFAULT, labels));
    if (labels_too)
        H5Dclose(put("/train/labels", H5T_STD_U8LE, 1, labels_extent, H5P_DEFAULT, labels));
    else
        H5Dclose(put("/train/images", H5T_STD_U8LE, 2, images_extent, H5P_DEFAULT, pixels));
}

static hid_t chunked(hsize_t rows)
{
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk[] = {rows, PIXELS};
    H5Pset_chunk(creation, 2, chunk);
    return creation;
}

static hid_t train_group(void)
{
    put_rest(true);
    return H5Gopen2(file, "/train", H5P_DEFAULT);
}

static void put_images(hid_t type, hid_t creation, const void *values)
{
    put_rest(true);
    H5Dclose(put("/train/images", type, 2, images_extent, creation, values));
}

static void external_link(void)
{
    H5Lcreate_external("/etc/passwd", "/images", train_group(), "images", H5P_DEFAULT, H5P_DEFAULT);
}

static void soft_link(void)
{
    H5Lcreate_soft("/test/images", train_group(), "images", H5P_DEFAULT, H5P_DEFAULT);
}

static void dangling_link(void)
{
    H5Lcreate_soft("/train/images", train_group(), "images", H5P_DEFAULT, H5P_DEFAULT);
}

static void external_storage(void)
{
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, "/etc/passwd", 0, ROWS * PIXELS);
    put_images(H5T_STD_U8LE, creation, NULL);
}

static void virtual_dataset(void)
{
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, images_extent, NULL);
    H5Pset_virtual(creation, space, "/etc/passwd", "/images", space);
    put_images(H5T_STD_U8LE, creation, NULL);
}

static void huge_extent(void)
{
    put_rest(true);
    H5Dclose(put("/train/images", H5T_STD_U8LE, 2, (hsize_t[]){1ull << 40, 1 << 20}, chunked(1), NULL));
}

static void huge_chunk(void)
{
    put_images(H5T_STD_U8LE, chunked((1u << 31) / PIXELS), NULL);
}

/* /train/images in chunks of 8 rows, none of them written yet. */
static hid_t chunks_of_images(bool deflated)
{
    const hid_t creation = chunked(CHUNK_ROWS);
    if (deflated) H5Pset_deflate(creation, 9);
    put_rest(true);
    return put("/train/images", H5T_STD_U8LE, 2, images_extent, creation, NULL);
}

static void put_chunk(hid_t id, hsize_t row, uint32_t skipped, const void *bytes, size_t size)
{
    if (H5Dwrite_chunk(id, H5P_DEFAULT, skipped, (hsize_t[]){row, 0}, size, bytes) < 0) fail("cannot write a chunk");
}

/* A gigabyte to unpack, of a megabyte stored. */
static void chunk_bomb(void)
{
    const hid_t creation = chunked((1u << 30) / PIXELS);
    H5Pset_deflate(creation, 9);
    put_rest(true);
    const hid_t id = put("/train/images", H5T_STD_U8LE, 2, images_extent, creation, NULL);
    static const uint8_t little[64];
    put_chunk(id, 0, 0, little, sizeof little);
}

/* All chunks, the last one of so many bytes before it is deflated, or not (skipped). */
static void put_last_chunk(hid_t id, uint32_t skipped, size_t last)
{
    static uint8_t packed[2 * CHUNK_BYTES + 64];
    static const uint8_t zeros[2 * CHUNK_BYTES];
    for (hsize_t row = 0; row < ROWS; row += CHUNK_ROWS) {
        const size_t size = row + CHUNK_ROWS < ROWS ? (size_t)CHUNK_BYTES : last;
        uLongf made = sizeof packed;
        if (compress(packed, &made, zeros, size) != Z_OK) fail("cannot deflate");
        put_chunk(id, row, skipped, skipped ? zeros : packed, skipped ? size : made);
    }
}

static void short_chunk(void)
{
    put_last_chunk(chunks_of_images(true), 0, CHUNK_BYTES - PIXELS);
}

static void long_chunk(void)
{
    put_last_chunk(chunks_of_images(true), 0, 2 * CHUNK_BYTES);
}

static void short_plain_chunk(void)
{
    put_last_chunk(chunks_of_images(true), 1, CHUNK_BYTES - PIXELS);
}

/* No filter: what the last chunk lacks, the one before has too much. */
static void uneven_chunks(void)
{
    const hid_t id = chunks_of_images(false);
    for (hsize_t row = 0; row < ROWS - 2 * CHUNK_ROWS; row += CHUNK_ROWS) put_chunk(id, row, 0, pixels, CHUNK_BYTES);
    put_chunk(id, ROWS - 2 * CHUNK_ROWS, 0, pixels, CHUNK_BYTES + PIXELS);
    put_chunk(id, ROWS - CHUNK_ROWS, 0, pixels, CHUNK_BYTES - PIXELS);
}

static void missing_chunks(void)
{
    put_chunk(chunks_of_images(false), 0, 0, pixels, CHUNK_BYTES);
}

static void missing_deflated_chunks(void)
{
    put_chunk(chunks_of_images(true), 0, 1, pixels, CHUNK_BYTES);
}

/* The second filter would unpack what the first has unpacked a thousandfold a thousandfold. */
static void filter_twice(void)
{
    const hid_t creation = chunked(CHUNK_ROWS);
    H5Pset_deflate(creation, 9);
    H5Pset_deflate(creation, 9);
    put_images(H5T_STD_U8LE, creation, pixels);
}

static void never_written(void)
{
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_fill_value(creation, H5T_STD_U8LE, "x");
    put_images(H5T_STD_U8LE, creation, NULL);
}

static void nbit(void)
{
    const hid_t creation = chunked(8);
    H5Pset_nbit(creation);
    put_images(H5T_STD_U8LE, creation, NULL);
}

static void szip(void)
{
    const hid_t creation = chunked(8);
    if (H5Pset_szip(creation, H5_SZIP_NN_OPTION_MASK, 8) < 0)
        H5Pset_filter(creation, H5Z_FILTER_SZIP, H5Z_FLAG_OPTIONAL, 0, NULL);
    put_images(H5T_STD_U8LE, creation, NULL);
}

static void unknown_filter(void)
{
    const hid_t creation = chunked(8);
    H5Pset_filter(creation, 40000, H5Z_FLAG_OPTIONAL, 0, NULL);
    put_images(H5T_STD_U8LE, creation, NULL);
}

static void long_strings(void)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    static const char *words[ROWS * PIXELS];
    for (int i = 0; i < ROWS * PIXELS; i++) words[i] = "word";
    put_images(type, H5P_DEFAULT, words);
}

static void compound(void)
{
    const hid_t type = H5Tcreate(H5T_COMPOUND, 1);
    H5Tinsert(type, "a", 0, H5T_STD_U8LE);
    put_images(type, H5P_DEFAULT, pixels);
}

static void opaque(void)
{
    put_images(H5Tcreate(H5T_OPAQUE, 1), H5P_DEFAULT, pixels);
}

static void references(void)
{
    static hobj_ref_t none[ROWS * PIXELS];
    put_images(H5T_STD_REF_OBJ, H5P_DEFAULT, none);
}

static void no_rows(void)
{
    put_rest(true);
    H5Dclose(put("/train/images", H5T_STD_U8LE, 2, (hsize_t[]){0, PIXELS}, H5P_DEFAULT, NULL));
}

static void no_pixels(void)
{
    put_rest(true);
    H5Dclose(put("/train/images", H5T_STD_U8LE, 3, (hsize_t[]){ROWS, 0, 4}, H5P_DEFAULT, NULL));
}

static void last_label(void)
{
    put_rest(false);
    labels[ROWS - 1] = 10;
    H5Dclose(put("/train/labels", H5T_STD_U8LE, 1, labels_extent, H5P_DEFAULT, labels));
}

/* The other byte order is fine, but not a label that is one only in ours. */
static void byte_order(void)
{
    uint16_t wide[ROWS];
    put_rest(false);
    for (int i = 0; i < ROWS; i++) wide[i] = (uint16_t)(i % 10);
    H5Dclose(put("/train/labels", H5T_STD_U16BE, 1, labels_extent, H5P_DEFAULT, wide));
}

static void not_a_number(void)
{
    static float values[ROWS * PIXELS];
    put_rest(true);
    const uint32_t quiet = 0x7fc00000;
    memcpy(&values[ROWS * PIXELS - 1], &quiet, sizeof quiet);
    H5Dclose(put("/train/images", H5T_IEEE_F32LE, 2, images_extent, H5P_DEFAULT, values));
    H5Ldelete(file, "/test/images", H5P_DEFAULT);
    values[ROWS * PIXELS - 1] = 1.0f;
    H5Dclose(put("/test/images", H5T_IEEE_F32LE, 2, images_extent, H5P_DEFAULT, values));
}

/* No dataset at the end of 10^4 groups, each in the one before: libhdf5 descends until its stack is at its end. */
static void deep_groups(void)
{
    hid_t group = train_group();
    for (int i = 0; i < DEEP; i++) group = H5Gcreate2(group, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

/* Groups that hold each other, by many names: more paths than could be walked. */
static void cycle(void)
{
    const hid_t train = train_group();
    char name[16];
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "loop%d", i);
        H5Lcreate_hard(file, "/", train, name, H5P_DEFAULT, H5P_DEFAULT);
        H5Lcreate_hard(file, "/train", file, name, H5P_DEFAULT, H5P_DEFAULT);
    }
}

static void many_attributes(void)
{
    const hid_t train = train_group(), one = H5Screate(H5S_SCALAR);
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "a%d", i);
        H5Aclose(H5Acreate2(train, name, H5T_STD_U8LE, one, H5P_DEFAULT, H5P_DEFAULT));
    }
}

/* A name that would draw on a terminal and look like a message. */
static void control_characters(void)
{
    put_rest(true);
    H5Dclose(put("/\x1b[2J\nlockstep: error: nothing", H5T_STD_U8LE, 1, labels_extent, H5P_DEFAULT, labels));
}

static const struct {
    const char *name;
    void (*make)(void);
    const char *words;
} variants[] = {
    {"external-link", external_link, "/train/images|an external link|name the dataset itself"},
    {"soft-link", soft_link, "/train/images|a soft link|name the dataset itself"},
    {"dangling-link", dangling_link, "/train/images|a soft link"},
    {"external-storage", external_storage, "/train/images|external storage|h5repack"},
    {"virtual", virtual_dataset, "/train/images|is virtual|h5repack"},
    {"huge-extent", huge_extent, "/train/images|never written"},
    {"huge-chunk", huge_chunk, "/train/images|chunks of 2147483648 bytes|smaller"},
    {"chunk-bomb", chunk_bomb, "/train/images|claims 1 chunks of 1073741824 bytes|stores only 64"},
    {"short-chunk", short_chunk, "/train/images|the chunk at row 32|does not unpack to its size"},
    {"long-chunk", long_chunk, "/train/images|the chunk at row 32|does not unpack to its size"},
    {"short-plain-chunk", short_plain_chunk, "/train/images|the chunk at row 32|does not unpack to its size"},
    {"uneven-chunks", uneven_chunks, "/train/images|the chunk at row 24|more bytes than it has"},
    {"missing-chunks", missing_chunks, "/train/images|1 of its 5 chunks|make it again"},
    {"missing-deflated-chunks", missing_deflated_chunks, "/train/images|1 of its 5 chunks|make it again"},
    {"filter-twice", filter_twice, "/train/images|(deflate) twice|gzip"},
    {"never-written", never_written, "/train/images|never written"},
    {"nbit", nbit, "/train/images|filter 5|gzip"},
    {"szip", szip, "/train/images|filter 4|gzip"},
    {"unknown-filter", unknown_filter, "/train/images|filter 40000|gzip"},
    {"long-strings", long_strings, "/train/images|string|uint8 or float32"},
    {"compound", compound, "/train/images|compound|uint8 or float32"},
    {"opaque", opaque, "/train/images|opaque|uint8 or float32"},
    {"references", references, "/train/images|reference|uint8 or float32"},
    {"no-rows", no_rows, "/train/images|0 rows|1 to"},
    {"no-pixels", no_pixels, "/train/images|0x4|1 to"},
    {"last-label", last_label, "/train/labels|label 10|row 39|data.classes"},
    {"byte-order", byte_order, "/train/labels|label 256|row 1 |data.classes"},
    {"not-a-number", not_a_number, "/train/images|row 39|value 15|nan"},
    {"deep-groups", deep_groups, "ended by a signal|copy it again"},
    {"cycle", cycle, "/train/images|it has |/test/images"},
    {"many-attributes", many_attributes, "/train/images|it has /test/images"},
    {"control-characters", control_characters, "/train/images|\\x1b[2J"},
};

int main(int argc, char **argv)
{
    const size_t count = sizeof variants / sizeof *variants;
    for (size_t i = 0; argc == 2 && i < count; i++) printf("%s %s\n", variants[i].name, variants[i].words);
    if (argc == 2) return 0;
    if (argc != 3) return 64;
    size_t which = 0;
    while (which < count && strcmp(variants[which].name, argv[1]) != 0) which++;
    if (which == count) fail("no such variant");
    file = H5Fcreate(argv[2], H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) fail("cannot create the file");
    variants[which].make();
    /* It closes what is open in it too. */
    return H5close() < 0;
}
