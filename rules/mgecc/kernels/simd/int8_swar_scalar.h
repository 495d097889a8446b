/* SIMD within a register (SWAR): two pixels in a word, high * 65536 + low, so that a multiplication by a weight makes two products, for
 * cores without products of halves (Cortex-M0, M3, M23).
 *
 * Each half of an accumulator has 16 bits. A chunk of inputs is as long as they hold its sums, which is known from the weights;
 * then these go to accumulators of 32 bits. Words begin with 0x8000, so that the low half needs no sign; accumulators of low
 * halves begin with as much less for every chunk. A unit is two inputs: of four pixels [input][pixels 0 and 1, 2 and 3] words, of
 * the weights of two outputs [input][output] bytes. */
#ifndef MG_INT8_SWAR_H
#define MG_INT8_SWAR_H
#include "int8_lanes.h"
#include "row_words.h"

/* Byte `i` of two words. */
MG_INLINE int32_t mg_swar_pack(int32_t low, int32_t high, int i)
{
    return (int8_t)((uint32_t)high >> 8 * i) * 65536 + (int8_t)((uint32_t)low >> 8 * i);
}

/* The words of four channels at a multiple of four bytes. */
MG_INLINE int32_t mg_block_word(const void *p) { return mg_word(__builtin_assume_aligned(p, 4)); }

/* A function that is assembly: sums of `count` units or inputs. */
#define MG_SWAR_NAKED(name) \
    static __attribute__((naked, noinline, unused)) void name( \
        const int32_t *x __attribute__((unused)), const int8_t *w __attribute__((unused)), int32_t count __attribute__((unused)), \
        const int32_t *b __attribute__((unused)), int32_t *sums __attribute__((unused)))
/* Of Armv6-M: all registers to the stack and back, with two words for its own. */
#define MG_SWAR_ENTER \
    ".syntax unified\n push {r4-r7, lr}\n mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r4-r7}\n sub sp, #8\n"
#define MG_SWAR_LEAVE "add sp, #8\n pop {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n pop {r4-r7, pc}\n"

/* Sums of four pixels times two outputs: first the four of output 0. `b`: both biases, what accumulators of low halves begin with
 * less, units of a chunk. units > 0. */
#if defined(__thumb2__)
#define MG_SWAR_INPUT(to, x01, x23) \
    "mla r0, " x01 ", r8, r0\n mla r1, " x23 ", r8, r1\n ldrsb r8, [r10, #" to "]\n" \
    "mla r2, " x01 ", r8, r2\n mla r3, " x23 ", r8, r3\n"
#define MG_SWAR_DRAIN(word, low, high) "uxth r8, " word "\n add " low ", " low ", r8\n add " high ", " high ", " word ", asr #16\n"
MG_SWAR_NAKED(mg_swar_4x2)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n sub sp, #4\n ldr r12, [sp, #40]\n"
        "mov r11, r0\n mov r10, r1\n mov lr, r2\n"
        "ldm r3, {r4-r7}\n cmp r7, #1\n it lt\n movlt r7, #1\n str r7, [sp]\n"
        "sub r2, r4, r6\n sub r3, r5, r6\n"
        "strd r2, r4, [r12]\n strd r2, r4, [r12, #8]\n strd r3, r5, [r12, #16]\n strd r3, r5, [r12, #24]\n"
        "1:\n ldr r9, [sp]\n cmp r9, lr\n it gt\n movgt r9, lr\n sub lr, lr, r9\n"
        "mov r0, #0x8000\n mov r1, r0\n mov r2, r0\n mov r3, r0\n"
        "2:\n ldm r11!, {r4-r7}\n"
        "ldrsb r8, [r10], #4\n" MG_SWAR_INPUT("-3", "r4", "r5")
        "ldrsb r8, [r10, #-2]\n" MG_SWAR_INPUT("-1", "r6", "r7")
        "subs r9, #1\n bne 2b\n"
        "ldm r12, {r4-r7}\n" MG_SWAR_DRAIN("r0", "r4", "r5") MG_SWAR_DRAIN("r1", "r6", "r7") "stm r12!, {r4-r7}\n"
        "ldm r12, {r4-r7}\n" MG_SWAR_DRAIN("r2", "r4", "r5") MG_SWAR_DRAIN("r3", "r6", "r7") "stm r12, {r4-r7}\n sub r12, r12, #16\n"
        "cmp lr, #0\n bne 1b\n"
        "add sp, #4\n pop {r4-r11, pc}\n");
}
#elif defined(__thumb__)
#define MG_SWAR_OUTPUT(at, low, high) \
    "ldrsb r4, [r1, " at "]\n mov r5, r4\n muls r5, r2\n add " low ", r5\n muls r4, r3\n add " high ", r4\n"
#define MG_SWAR_INPUT "ldmia r0!, {r2, r3}\n" MG_SWAR_OUTPUT("r7", "r8", "r9") MG_SWAR_OUTPUT("r6", "r10", "r11") "adds r1, #2\n"
#define MG_SWAR_DRAIN(word) \
    "mov r3, " word "\n uxth r4, r3\n asrs r3, r3, #16\n ldr r5, [r2]\n adds r4, r5\n ldr r5, [r2, #4]\n adds r5, r3\n stmia r2!, {r4, r5}\n"
MG_SWAR_NAKED(mg_swar_4x2)
{
    __asm__ volatile(
        MG_SWAR_ENTER
        "ldmia r3!, {r4-r7}\n cmp r7, #1\n bge 1f\n movs r7, #1\n"
        "1:\n cmp r7, r2\n ble 1f\n mov r7, r2\n"
        "1:\n lsls r7, r7, #2\n str r7, [sp, #4]\n"
        "lsls r2, r2, #2\n adds r2, r1\n str r2, [sp]\n" /* where the weights end */
        "ldr r2, [sp, #44]\n mov lr, r2\n" /* sums */
        "subs r3, r4, r6\n str r3, [r2]\n str r4, [r2, #4]\n str r3, [r2, #8]\n str r4, [r2, #12]\n"
        "subs r3, r5, r6\n str r3, [r2, #16]\n str r5, [r2, #20]\n str r3, [r2, #24]\n str r5, [r2, #28]\n"
        "movs r6, #1\n movs r7, #0\n"
        "2:\n ldr r2, [sp, #4]\n ldr r3, [sp]\n adds r2, r1\n cmp r2, r3\n bls 3f\n mov r2, r3\n"
        "3:\n mov r12, r2\n lsls r2, r6, #15\n mov r8, r2\n mov r9, r2\n mov r10, r2\n mov r11, r2\n"
        "4:\n" MG_SWAR_INPUT MG_SWAR_INPUT "cmp r1, r12\n bne 4b\n"
        "mov r2, lr\n" MG_SWAR_DRAIN("r8") MG_SWAR_DRAIN("r9") MG_SWAR_DRAIN("r10") MG_SWAR_DRAIN("r11")
        "ldr r3, [sp]\n cmp r1, r3\n bne 2b\n"
        MG_SWAR_LEAVE);
}
#else
static inline __attribute__((unused)) void mg_swar_4x2(const int32_t *x, const int8_t *w, int32_t units, const int32_t *b, int32_t *sums)
{
    const int32_t chunk = b[3] < 1 ? 1 : b[3];
    for (int i = 0; i < 8; i++) sums[i] = i % 2 ? b[i / 4] : mg_minus(b[i / 4], b[2]);
    for (int32_t end = 0, u = 0; end < units; u = end) {
        end = chunk < units - end ? end + chunk : units;
        for (int i = 0; i < 4; i++) { /* [output][pixels] */
            uint32_t word = 0x8000;
            for (int32_t k = 2 * u; k < 2 * end; k++) word += (uint32_t)x[2 * k + i % 2] * (uint32_t)(int32_t)w[2 * k + i / 2];
            sums[2 * i] = mg_plus(sums[2 * i], (int32_t)(word & 0xffff));
            sums[2 * i + 1] = mg_plus(sums[2 * i + 1], (int32_t)word >> 16);
        }
    }
}
#endif

/* A row of `w` pixels of four channels, or none, as one of three rows [channel][column][row]: `columns` columns from -left on, each
 * with the one `reach` behind it. */
static __attribute__((noinline, unused)) void mg_swar_row(int32_t *to, int32_t columns, const int8_t *from, int32_t w, int32_t left,
                                                       int32_t reach, int32_t pad, int flip)
{
    const uint32_t width = from ? (uint32_t)w : 0;
    const int32_t turned = (int32_t)((uint32_t)flip * 0x01010101u), outside = (int32_t)(((uint32_t)pad & 255) * 0x01010101u);
    const int32_t apart = 3 * columns;
    for (int32_t i = -left; i < columns - left; i++, to += 3) {
        __asm__ volatile("" : "+r"(i)); /* rows are too short to be unrolled */
        const int32_t j = i + reach;
        const int32_t low = (uint32_t)i < width ? mg_block_word(from + 4 * i) ^ turned : outside;
        const int32_t high = (uint32_t)j < width ? mg_block_word(from + 4 * j) ^ turned : outside;
        int32_t *at = to;
        *at = mg_swar_pack(low, high, 0), at += apart;
        *at = mg_swar_pack(low, high, 1), at += apart;
        *at = mg_swar_pack(low, high, 2), at += apart;
        *at = mg_swar_pack(low, high, 3);
    }
}

/* Adds both halves of a word of products to two sums. */
MG_INLINE void mg_swar_drain(uint32_t word, int32_t *sums)
{
    word += 0x8000;
    sums[0] = mg_plus(sums[0], (int32_t)(word & 0xffff) - 0x8000), sums[1] = mg_plus(sums[1], (int32_t)word >> 16);
}

/* Sums from `bias` of nine taps whose products fit 16 bits, [result][half]; `a`, `b`, `c`: taps of the first, second and third row of
 * words. mg_swar_3x3_s1: words move on by a column, mg_swar_3x3_s2: by two. */
#if defined(__thumb2__)
#define MG_SWAR_3X3(name, step, at1, at2, at3, at4, at5, at6, at7, at8) \
    static __attribute__((naked, noinline, unused)) void name( \
        const int32_t *p __attribute__((unused)), const int8_t *a __attribute__((unused)), const int8_t *b __attribute__((unused)), \
        const int8_t *c __attribute__((unused)), int32_t bias __attribute__((unused)), int32_t *sums __attribute__((unused)), \
        const int32_t *end __attribute__((unused))) \
    { \
        __asm__ volatile( \
            "push {r4-r11, lr}\n sub sp, #4\n ldr r10, [sp, #40]\n sub r10, r10, #0x8000\n str r10, [sp]\n ldr r12, [sp, #44]\n" \
            "ldrsb r4, [r1, #3]\n ldrsb r7, [r1, #6]\n ldrsb r1, [r1]\n ldrsb r5, [r2, #3]\n ldrsb r8, [r2, #6]\n ldrsb r2, [r2]\n" \
            "ldrsb r6, [r3, #3]\n ldrsb r9, [r3, #6]\n ldrsb r3, [r3]\n" \
            "1:\n mov r10, #0x8000\n ldr r11, [r0], #" step "\n mla r10, r11, r1, r10\n" \
            "ldr r11, [r0, #" at1 "]\n mla r10, r11, r2, r10\n ldr r11, [r0, #" at2 "]\n mla r10, r11, r3, r10\n" \
            "ldr r11, [r0, #" at3 "]\n mla r10, r11, r4, r10\n ldr r11, [r0, #" at4 "]\n mla r10, r11, r5, r10\n" \
            "ldr r11, [r0, #" at5 "]\n mla r10, r11, r6, r10\n ldr r11, [r0, #" at6 "]\n mla r10, r11, r7, r10\n" \
            "ldr r11, [r0, #" at7 "]\n mla r10, r11, r8, r10\n ldr r11, [r0, #" at8 "]\n mla r10, r11, r9, r10\n" \
            "ldr r11, [sp]\n uxth lr, r10\n add r11, r11, lr\n ldr lr, [sp, #40]\n add lr, lr, r10, asr #16\n" \
            "strd r11, lr, [r12], #8\n ldr r11, [sp, #48]\n cmp r12, r11\n bne 1b\n" \
            "add sp, #4\n pop {r4-r11, pc}\n"); \
    }
MG_SWAR_3X3(mg_swar_3x3_s1, "12", "-8", "-4", "0", "4", "8", "12", "16", "20")
MG_SWAR_3X3(mg_swar_3x3_s2, "24", "-20", "-16", "-12", "-8", "-4", "0", "4", "8")
#else
static __attribute__((noinline, unused)) void mg_swar_3x3(int step, const int32_t *p, const int8_t *a, const int8_t *b, const int8_t *c, int32_t bias, int32_t *sums,
                                const int32_t *end)
{
    const uint32_t a0 = (uint32_t)(int32_t)a[0], b0 = (uint32_t)(int32_t)b[0], c0 = (uint32_t)(int32_t)c[0];
    const uint32_t a1 = (uint32_t)(int32_t)a[3], b1 = (uint32_t)(int32_t)b[3], c1 = (uint32_t)(int32_t)c[3];
    const uint32_t a2 = (uint32_t)(int32_t)a[6], b2 = (uint32_t)(int32_t)b[6], c2 = (uint32_t)(int32_t)c[6];
    for (const uint32_t *at = (const uint32_t *)p; sums != end; sums += 2, at += step) {
        const uint32_t word = at[0] * a0 + at[1] * b0 + at[2] * c0 + at[3] * a1 + at[4] * b1 + at[5] * c1;
        sums[0] = sums[1] = bias;
        mg_swar_drain(word + at[6] * a2 + at[7] * b2 + at[8] * c2, sums);
    }
}
#define mg_swar_3x3_s1(...) mg_swar_3x3(3, __VA_ARGS__)
#define mg_swar_3x3_s2(...) mg_swar_3x3(6, __VA_ARGS__)
#endif

/* The same for any taps: products of two always fit. */
static __attribute__((noinline, unused)) void mg_swar_3x3_any(int step, const int32_t *p, const int8_t *a, const int8_t *b, const int8_t *c,
                                                       int32_t bias, int32_t *sums, const int32_t *end)
{
    const int8_t k[10] = {a[0], b[0], c[0], a[3], b[3], c[3], a[6], b[6], c[6], 0};
    for (; sums != end; sums += 2, p += step) {
        sums[0] = sums[1] = bias;
        for (int t = 0; t < 9; t += 2) {
            const uint32_t second = (uint32_t)p[t < 8 ? t + 1 : t] * (uint32_t)(int32_t)k[t + 1];
            mg_swar_drain((uint32_t)p[t] * (uint32_t)(int32_t)k[t] + second, sums);
        }
    }
}

/* Sums of 3 x 3 taps [column][row] to `count` results and as many half a row behind them, [result][half]. `stride` of a row;
 * `first` of the three rows of words is that of the first taps. taps[9]: whether products of all fit 16 bits. */
MG_INLINE void mg_swar_taps(int stride, const int32_t *p, const int8_t *taps, int32_t first, int32_t bias, int32_t *sums, int32_t count)
{
    const int8_t *a = taps + (first ? 3 - first : 0), *b = taps + (first > 1 ? 2 : 1 - first), *c = taps + 2 - first;
    const int32_t *end = sums + 2 * count;
    if (!taps[9])
        mg_swar_3x3_any(3 * stride, p, a, b, c, bias, sums, end);
    else if (stride == 1)
        mg_swar_3x3_s1(p, a, b, c, bias, sums, end);
    else
        mg_swar_3x3_s2(p, a, b, c, bias, sums, end);
}

/* Sums of one pixel, a word for every input, times eight outputs from their biases, one product at a time. `w`: [input][output]. A
 * multiple of four inputs. */
#if defined(__thumb2__)
#define MG_BYTES_OUTPUT(sum) "ldrsb r9, [r12], #1\n mla " sum ", r8, r9, " sum "\n"
#define MG_BYTES_INPUT \
    "ldr r8, [r10], #4\n" MG_BYTES_OUTPUT("r0") MG_BYTES_OUTPUT("r1") MG_BYTES_OUTPUT("r2") MG_BYTES_OUTPUT("r3") \
    MG_BYTES_OUTPUT("r4") MG_BYTES_OUTPUT("r5") MG_BYTES_OUTPUT("r6") MG_BYTES_OUTPUT("r7")
MG_SWAR_NAKED(mg_bytes_1x8)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n mov r10, r0\n mov r12, r1\n add lr, r0, r2, lsl #2\n ldm r3, {r0-r7}\n"
        "1:\n" MG_BYTES_INPUT MG_BYTES_INPUT MG_BYTES_INPUT MG_BYTES_INPUT "cmp r10, lr\n bne 1b\n"
        "ldr r8, [sp, #36]\n stm r8, {r0-r7}\n pop {r4-r11, pc}\n");
}
#elif defined(__thumb__)
#define MG_BYTES_OUTPUT(at, sum) "ldrsb r3, [r1, " at "]\n muls r3, r2\n add " sum ", r3\n"
#define MG_BYTES_INPUT \
    "ldmia r0!, {r2}\n" MG_BYTES_OUTPUT("r4", "r8") MG_BYTES_OUTPUT("r5", "r9") MG_BYTES_OUTPUT("r6", "r10") \
    MG_BYTES_OUTPUT("r7", "r11") "adds r1, #8\n"
#define MG_BYTES_EACH(text) text("r8") text("r9") text("r10") text("r11")
#define MG_BYTES_LOAD(sum) "ldmia r3!, {r2}\n mov " sum ", r2\n"
#define MG_BYTES_STORE(sum) "mov r2, " sum "\n stmia r3!, {r2}\n"
#define MG_BYTES_FOUR /* outputs */ \
    "ldr r3, [sp]\n" MG_BYTES_EACH(MG_BYTES_LOAD) "str r3, [sp]\n" \
    "1:\n" MG_BYTES_INPUT MG_BYTES_INPUT MG_BYTES_INPUT MG_BYTES_INPUT "cmp r0, r12\n bne 1b\n" \
    "ldr r3, [sp, #44]\n" MG_BYTES_EACH(MG_BYTES_STORE) "str r3, [sp, #44]\n"
MG_SWAR_NAKED(mg_bytes_1x8)
{
    __asm__ volatile(
        MG_SWAR_ENTER
        "str r3, [sp]\n str r1, [sp, #4]\n lsls r2, r2, #2\n adds r2, r0\n mov r12, r2\n mov lr, r0\n"
        "movs r4, #0\n movs r5, #1\n movs r6, #2\n movs r7, #3\n"
        MG_BYTES_FOUR "mov r0, lr\n ldr r1, [sp, #4]\n adds r1, #4\n" MG_BYTES_FOUR
        MG_SWAR_LEAVE);
}
#else
static inline __attribute__((unused)) void mg_bytes_1x8(const int32_t *x, const int8_t *w, int32_t inputs, const int32_t *b, int32_t *sums)
{
    for (int o = 0; o < 8; o++) {
        sums[o] = b[o];
        for (int32_t i = 0; i < inputs; i++) sums[o] = mg_plus(sums[o], x[i] * w[8 * i + o]);
    }
}
#endif
#endif
