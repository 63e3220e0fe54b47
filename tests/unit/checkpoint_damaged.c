/* src/rundir: checkpoints that are cut, flipped, or contradict themselves. */
#include "checkpoint_sample.h"

static unsigned char *small_bytes(size_t *size)
{
    Checkpoint c = sample_small(5);
    unsigned char *bytes;
    CU_ASSERT_EQUAL_FATAL(checkpoint_encode(&c, &bytes, size), STATUS_OK);
    sample_free(&c);
    return bytes;
}

/* Decodes; true if refused as bad data, with nothing left in the struct. */
static bool refused(const unsigned char *bytes, size_t size)
{
    Checkpoint read;
    const Status st = checkpoint_decode("sample", bytes, size, &read);
    const bool empty = !read.slab && !read.config && !read.parameter;
    checkpoint_free(&read);
    return st == STATUS_DATA && empty;
}

/* Each length in memory of its own, so that a sanitizer sees a read past its end. */
static void every_truncation_is_refused(void)
{
    size_t size, accepted = 0;
    unsigned char *bytes = small_bytes(&size);
    for (size_t length = 0; length < size; length++) {
        unsigned char *part = malloc(length + !length);
        memcpy(part, bytes, length);
        accepted += !refused(part, length);
        free(part);
    }
    CU_ASSERT_EQUAL(accepted, 0);
    unsigned char *longer;
    CU_ASSERT_EQUAL_FATAL(memory_new(&longer, size + 1, "bytes"), STATUS_OK);
    memcpy(longer, bytes, size);
    CU_ASSERT(refused(longer, size + 1));
    CU_ASSERT_FALSE(refused(longer, size));
    memory_free(longer);
    memory_free(bytes);
}

static void every_flipped_byte_is_refused(void)
{
    size_t size, accepted = 0;
    unsigned char *bytes = small_bytes(&size);
    for (size_t i = 0; i < size; i++)
        for (int pattern = 0; pattern < 2; pattern++) {
            const unsigned char mask = (unsigned char)(pattern ? 0xffu : 1u << i % 8);
            bytes[i] ^= mask;
            accepted += !refused(bytes, size);
            bytes[i] ^= mask;
        }
    CU_ASSERT_EQUAL(accepted, 0);
    CU_ASSERT_FALSE(refused(bytes, size));
    memory_free(bytes);
}

static void header_says_what_is_wrong(void)
{
    size_t size;
    unsigned char *bytes = small_bytes(&size);
    bytes[0] = 'X';
    CU_ASSERT(refused(bytes, size));
    CU_ASSERT_MESSAGE_HAS("\"sample\" is not a checkpoint of Lockstep");
    CU_ASSERT(refused(bytes, 0));
    CU_ASSERT_MESSAGE_HAS("is empty");
    bytes[0] = 'L';
    CU_ASSERT(refused(bytes, 100));
    CU_ASSERT_MESSAGE_HAS("is truncated: it has 100 bytes");
    CU_ASSERT(refused(bytes, size - 1));
    CU_ASSERT_MESSAGE_HAS("is truncated or damaged");
    bytes[16] = CHECKPOINT_MAJOR + 1; /* not signed: damage, not a newer version */
    CU_ASSERT(refused(bytes, size));
    CU_ASSERT_MESSAGE_HAS("its header's digest is wrong");
    sample_sign(bytes, size);
    CU_ASSERT(refused(bytes, size));
    CU_ASSERT_MESSAGE_HAS("has format version 2.2; this program reads 1.x: use a newer version of Lockstep");
    bytes[16] = 0;
    sample_sign(bytes, size);
    CU_ASSERT(refused(bytes, size));
    CU_ASSERT_MESSAGE_HAS("use an older version");
    bytes[16] = CHECKPOINT_MAJOR;
    bytes[20] = CHECKPOINT_MINOR + 1;
    bytes[100] = 1; /* an item of the newer minor version, where this one has zeros */
    sample_sign(bytes, size);
    CU_ASSERT_FALSE(refused(bytes, size));
    bytes[size - 1] ^= 1;
    CU_ASSERT(refused(bytes, size));
    CU_ASSERT_MESSAGE_HAS("its content's digest is wrong");
    memory_free(bytes);
}

/* Puts `after` in the place of the only `before`. */
static void patch(unsigned char *bytes, size_t size, const void *before, const void *after, size_t length)
{
    unsigned char *at = memmem(bytes, size, before, length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    CU_ASSERT_PTR_NULL_FATAL(memmem(at + 1, size - (size_t)(at + 1 - bytes), before, length));
    memcpy(at, after, length);
}

/* Files that are whole, but whose content contradicts itself. */
static void contradictions_are_refused(void)
{
    Checkpoint c = sample_small(5);
    const size_t at = network_tensor_index(&c.network, 2, 1);
    const float not_finite = INFINITY, other = 1.0f;
    const double nan_loss = NAN;
    char hex[DIGEST_HEX_SIZE], optimizer_hex[DIGEST_HEX_SIZE];
    digest_hex(c.model, hex);
    digest_hex(c.optimizer, optimizer_hex);
    const struct {
        const void *before, *after;
        size_t length;
        const char *message;
    } patches[] = {
        {(uint64_t[]){7, 3, 2}, (uint64_t[]){7, 4, 2}, 24, "/model/layer0/weight"},
        {(uint64_t[]){7, 3, 2}, (uint64_t[]){8, 3, 2}, 24, "/state/image/shape"},
        {(uint64_t[]){7, 3, 2}, (uint64_t[]){7, 0, 2}, 24, "has a layer of 0"},
        {(uint64_t[]){7, 3, 2}, (uint64_t[]){7, 1ull << 40, 2}, 24, "has a layer of 1099511627776"},
        {"relu", "rely", 4, "is \"rely\""},
        {"relu", "none", 4, "and the activation contradict"},
        {"uint8", "uint9", 5, "is \"uint9\""},
        {"standard", "none\0\0\0\0", 8, "is none, but"},
        {(uint64_t[]){1000}, (uint64_t[]){0}, 8, "no steps in an epoch"},
        {(uint64_t[]){9000}, (uint64_t[]){10001}, 8, "/state/best contradicts"},
        {&c.epoch_loss, &nan_loss, 8, "not finite"},
        {hex, "wrong :(", 8, "is not a digest"},
        {optimizer_hex, hex, DIGEST_HEX_SIZE - 1, "is not the digest of the velocity in /optimizer"},
        {"1122334455667788", "1122334455667z88", 16, "/state/chain is not a digest"},
        {(uint64_t[]){4, 5}, (uint64_t[]){5, 4}, 16, "/state/unrecorded is not a list of gaps"},
        {(uint64_t[]){4, 5}, (uint64_t[]){0, 5}, 16, "/state/unrecorded is not a list of gaps"},
        {(uint64_t[]){4, 5}, (uint64_t[]){4, 6}, 16, "/state/unrecorded is not a list of gaps"},
        {c.parameter + at, &not_finite, 4, "/model/layer1/weight has a value that is not finite at 1"},
        {c.velocity + at, &not_finite, 4, "/optimizer/layer1/weight has a value"},
        {c.parameter + at, &other, 4, "is not the digest of the parameters"},
        {c.velocity + at, &other, 4, "is not the digest of the velocity"},
        {"epoch_loss", "epoch_lost", 10, "no dataset \"/state/epoch_loss\""},
    };
    for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
        size_t size;
        unsigned char *bytes;
        CU_ASSERT_EQUAL_FATAL(checkpoint_encode(&c, &bytes, &size), STATUS_OK);
        patch(bytes, size, patches[i].before, patches[i].after, patches[i].length);
        sample_sign(bytes, size);
        CU_ASSERT(refused(bytes, size));
        CU_ASSERT_MESSAGE_HAS(patches[i].message);
        memory_free(bytes);
    }
    sample_free(&c);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(every_truncation_is_refused),
        UNIT(every_flipped_byte_is_refused),
        UNIT(header_says_what_is_wrong),
        UNIT(contradictions_are_refused),
    };
    return UNIT_RUN("checkpoint_damaged", tests);
}
