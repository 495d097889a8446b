/* Integer division of the Arm EABI, for links without the compiler's own library. Weak: such a library wins. */
#include <stdint.h>

#if defined(__arm__)
#define EABI __attribute__((weak, used))

/* Quotient in the low word or words, remainder in the high ones, as the EABI returns them in r0 to r3. */
struct pair64 {
    uint64_t quotient, remainder;
};

static struct pair64 divide64(uint64_t n, uint64_t d)
{
    struct pair64 r = {0, 0};
    for (int i = 63; d && i >= 0; i--) {
        r.remainder = r.remainder << 1 | (n >> i & 1);
        if (r.remainder >= d) {
            r.remainder -= d;
            r.quotient |= (uint64_t)1 << i;
        }
    }
    return r;
}

static uint64_t divide32(uint32_t n, uint32_t d)
{
    uint32_t quotient = 0, remainder = 0;
    for (int i = 31; d && i >= 0; i--) {
        uint32_t carry = remainder >> 31;
        remainder = remainder << 1 | (n >> i & 1);
        if (carry || remainder >= d) {
            remainder -= d;
            quotient |= (uint32_t)1 << i;
        }
    }
    return (uint64_t)remainder << 32 | quotient;
}

static uint32_t size_of(int32_t n) { return n < 0 ? 0u - (uint32_t)n : (uint32_t)n; }

uint32_t __aeabi_uidiv(uint32_t n, uint32_t d);
uint64_t __aeabi_uidivmod(uint32_t n, uint32_t d);
int32_t __aeabi_idiv(int32_t n, int32_t d);
uint64_t __aeabi_idivmod(int32_t n, int32_t d);
void mg_uldivmod(uint64_t n, uint64_t d, uint64_t *result);
void mg_ldivmod(int64_t n, int64_t d, uint64_t *result);

EABI uint32_t __aeabi_uidiv(uint32_t n, uint32_t d) { return (uint32_t)divide32(n, d); }
EABI uint64_t __aeabi_uidivmod(uint32_t n, uint32_t d) { return divide32(n, d); }

EABI uint64_t __aeabi_idivmod(int32_t n, int32_t d)
{
    uint64_t r = divide32(size_of(n), size_of(d));
    uint32_t quotient = (uint32_t)r, remainder = (uint32_t)(r >> 32);
    if ((n < 0) != (d < 0))
        quotient = 0u - quotient;
    if (n < 0)
        remainder = 0u - remainder;
    return (uint64_t)remainder << 32 | quotient;
}

EABI int32_t __aeabi_idiv(int32_t n, int32_t d) { return (int32_t)__aeabi_idivmod(n, d); }

__attribute__((used)) void mg_uldivmod(uint64_t n, uint64_t d, uint64_t *result)
{
    struct pair64 r = divide64(n, d);
    result[0] = r.quotient;
    result[1] = r.remainder;
}

__attribute__((used)) void mg_ldivmod(int64_t n, int64_t d, uint64_t *result)
{
    mg_uldivmod(n < 0 ? 0u - (uint64_t)n : (uint64_t)n, d < 0 ? 0u - (uint64_t)d : (uint64_t)d, result);
    if ((n < 0) != (d < 0))
        result[0] = 0u - result[0];
    if (n < 0)
        result[1] = 0u - result[1];
}

/* Four registers of result cannot be said in C. */
#define FOUR_REGISTERS(name, to)                                                                                     \
    __asm__(".text\n.weak " #name "\n.type " #name ", %function\n.thumb_func\n" #name ":\n"                          \
            "push {r4, lr}\nsub sp, #24\nadd r4, sp, #8\nstr r4, [sp]\nbl " #to "\n"                                 \
            "ldr r0, [sp, #8]\nldr r1, [sp, #12]\nldr r2, [sp, #16]\nldr r3, [sp, #20]\nadd sp, #24\npop {r4, pc}\n" \
            ".size " #name ", . - " #name "\n")

#if defined(__thumb__)
FOUR_REGISTERS(__aeabi_uldivmod, mg_uldivmod);
FOUR_REGISTERS(__aeabi_ldivmod, mg_ldivmod);
#endif
#endif
