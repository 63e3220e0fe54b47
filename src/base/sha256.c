#include "base/sha256.h"

#include <nettle/sha2.h>
#include <nettle/version.h>

void sha256_of(const void *bytes, size_t size, unsigned char digest[SHA256_SIZE])
{
    _Static_assert(SHA256_SIZE == SHA256_DIGEST_SIZE, "one size");
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, size, bytes);
#if NETTLE_VERSION_MAJOR >= 4
    sha256_digest(&context, digest);
#else
    sha256_digest(&context, SHA256_SIZE, digest);
#endif
}
