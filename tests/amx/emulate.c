/* AMX for processors without it: a program that this is linked into finds it supported (kernels/amx.h), and each of its
 * instructions, which raise SIGILL here, is carried out in plain C on the interrupted context. On a processor that has
 * them they run themselves, and nothing here does. What it shows is which data go where, and that the arithmetic that
 * the reference writes down is enough; not what a processor really computes.
 *
 * The instructions, all VEX-encoded in three bytes (c4, inverted R X B and map 2, W vvvv L pp), Intel SDM volume 2:
 *
 *   pp     opcode   modrm                 pp 0 none, 2 f3, 3 f2
 *   0      49       memory                LDTILECFG m512
 *   3      49       11 tmm 000            TILEZERO tmm
 *   3, 2   4b       memory, with SIB      TILELOADD tmm, [base + index]; TILESTORED
 *   2      5c       11 tmm rm             TDPBF16PS tmm, rm, vvvv
 *
 * In a signal handler: no library calls but memcpy, memset and those that say that it is over. */
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "kernels/amx.h"
#include "kernels/reference.h"

enum { TILES = 8, ROWS = 16, LINE = 64 };

/* Each thread's own. */
static __thread struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} config;

static __thread uint8_t tile[TILES][ROWS][LINE];

/* A decoded instruction. */
typedef struct {
    uint8_t prefix, opcode, mode, reg, rm, third;
    const uint8_t *base; /* of memory */
    int64_t stride;      /* the index register */
    size_t length;
} Instruction;

/* In the order of encodings. */
static int64_t *register_of(ucontext_t *context, unsigned number)
{
    static const int place[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return (int64_t *)&context->uc_mcontext.gregs[place[number]];
}

static void give_up(const char *why)
{
    if (write(STDERR_FILENO, why, strlen(why)) < 0) _exit(3);
    _exit(3);
}

static int32_t displacement(const uint8_t *at, size_t bytes)
{
    int32_t wide = 0;
    if (bytes == 1) return (int8_t)*at;
    memcpy(&wide, at, bytes);
    return wide;
}

/* The address of modrm at code[4], and what follows it. Intel SDM volume 2, section 2.1.5. */
static void decode_memory(ucontext_t *context, const uint8_t *code, Instruction *i)
{
    const unsigned base_high = code[1] & 0x20 ? 0 : 8, index_high = code[1] & 0x40 ? 0 : 8;
    const size_t bytes = i->mode == 0 ? 0 : i->mode == 1 ? 1 : 4;
    const bool sib = i->rm == 4;
    const unsigned base = (sib ? code[5] & 7u : i->rm), index = sib ? (code[5] >> 3 & 7u) | index_high : 4;
    const int scale = sib ? code[5] >> 6 : 0;
    const uint8_t *after = code + (sib ? 6 : 5);
    i->length = (size_t)(after - code) + bytes;
    if (i->mode == 0 && base == 5 && sib) give_up("an AMX instruction without a base\n");
    if (i->mode == 0 && base == 5) { /* relative to the next instruction */
        i->length += 4;
        i->base = code + i->length + displacement(after, 4);
        return;
    }
    i->base = (const uint8_t *)*register_of(context, base | base_high) + displacement(after, bytes);
    i->stride = index == 4 ? 0 : *register_of(context, index) * (1 << scale);
}

static Instruction decode(ucontext_t *context)
{
    const uint8_t *code = (const uint8_t *)context->uc_mcontext.gregs[REG_RIP];
    if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || code[2] & 0x84) give_up("an instruction that is none of AMX\n");
    Instruction i = {.prefix = code[2] & 3, .opcode = code[3], .mode = code[4] >> 6, .length = 5};
    i.reg = code[4] >> 3 & 7, i.rm = code[4] & 7, i.third = ~(code[2] >> 3) & 7;
    if (i.mode != 3) decode_memory(context, code, &i);
    return i;
}

/* Rows and bytes that are configured; a tile beyond 8 or one that is not would be #UD. */
static void load(const Instruction *i)
{
    memset(tile[i->reg], 0, sizeof tile[i->reg]);
    for (size_t row = 0; row < config.rows[i->reg]; row++)
        memcpy(tile[i->reg][row], i->base + (int64_t)row * i->stride, config.bytes[i->reg]);
}

static void store(const Instruction *i)
{
    for (size_t row = 0; row < config.rows[i->reg]; row++)
        memcpy((uint8_t *)(uintptr_t)(i->base + (int64_t)row * i->stride), tile[i->reg][row], config.bytes[i->reg]);
}

/* The tile reg += rm, rows of 32, times third, rows of pairs. */
static void multiply(const Instruction *i)
{
    enum { DEPTH = 32, COLUMNS = 16 };
    Bf16 left[ROWS][DEPTH], pairs[ROWS][COLUMNS][2], right[DEPTH][COLUMNS];
    float sum[ROWS][COLUMNS];
    memcpy(left, tile[i->rm], sizeof left);
    memcpy(pairs, tile[i->third], sizeof pairs);
    memcpy(sum, tile[i->reg], sizeof sum);
    for (size_t k = 0; k < DEPTH; k++)
        for (size_t j = 0; j < COLUMNS; j++) right[k][j] = pairs[k / 2][j][k % 2];
    reference_add_block_bf16(ROWS, COLUMNS, left[0], right[0], sum[0]);
    memcpy(tile[i->reg], sum, sizeof sum);
}

static void carry_out(const Instruction *i)
{
    const bool memory = i->mode != 3;
    if (i->opcode == 0x49 && i->prefix == 0 && memory)
        memcpy(&config, i->base, sizeof config);
    else if (i->opcode == 0x49 && i->prefix == 3 && !memory)
        memset(tile[i->reg], 0, sizeof tile[i->reg]);
    else if (i->opcode == 0x4b && i->prefix == 3 && memory)
        load(i);
    else if (i->opcode == 0x4b && i->prefix == 2 && memory)
        store(i);
    else if (i->opcode == 0x5c && i->prefix == 2 && !memory)
        multiply(i);
    else
        give_up("an AMX instruction that no kernel should use\n");
}

static void on_illegal_instruction(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    const Instruction i = decode(context);
    if (config.palette != 1 && i.opcode != 0x49) give_up("tiles are used before they are configured\n");
    carry_out(&i);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += (greg_t)i.length;
}

bool amx_supported(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    struct sigaction action = {.sa_sigaction = on_illegal_instruction, .sa_flags = SA_SIGINFO};
    (void)syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA); /* refused where there are none */
    return sigaction(SIGILL, &action, NULL) == 0;
}
