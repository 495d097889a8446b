/* Two accumulators of 16-bit halves in a word of weights, for cores whose one instruction adds two products of halves (SMLAD).
 *
 * A step is four inputs. Of a pixel they are two words: inputs 0 and 2, inputs 1 and 3, as halves. Of two outputs, a and b, the
 * weights of inputs 0 and 2 are the halves 256 * b + a of one word, those of 1 and 3 likewise: products with the word itself
 * give 256 * B + A, products with SXTB16 of it A. B is exact below 2^23, which is known from the weights. */
#ifndef MG_INT8_PAIRS_H
#define MG_INT8_PAIRS_H
#include "int8_lanes.h"
#include "row_words.h"

#if defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
#define mg_bytes_even(w) (int32_t)__sxtb16(w)
#define mg_bytes_odd(w) (int32_t)__sxtb16((int32_t)((uint32_t)(w) >> 8 | (uint32_t)(w) << 24))
#define mg_smlad(a, b, acc) __smlad(a, b, acc)
#else
MG_INLINE int32_t mg_halves(int32_t low, int32_t high) { return (int32_t)(((uint32_t)low & 0xffff) | (uint32_t)high << 16); }
MG_INLINE int32_t mg_bytes_even(int32_t w) { return mg_halves((int8_t)w, (int8_t)(w >> 16)); }
MG_INLINE int32_t mg_bytes_odd(int32_t w) { return mg_halves((int8_t)(w >> 8), (int8_t)(w >> 24)); }
MG_INLINE int32_t mg_smlad(int32_t a, int32_t b, int32_t acc)
{
    return mg_plus(mg_plus(acc, (int16_t)a * (int16_t)b), (a >> 16) * (b >> 16));
}
#endif

/* As mg_fixed_within makes bytes. */
MG_INLINE int8_t mg_pairs_byte(int32_t least, int32_t sum, int32_t factor, int32_t half, int32_t shift)
{
    const int32_t units = mg_plus((int32_t)((int64_t)sum * factor >> 32), half) >> shift;
    return (int8_t)(units < least ? least : units > 127 ? 127 : units);
}

/* Two neighbouring pixels of four channels as a word of halves for each channel, `apart` words from one to the next. */
MG_INLINE void mg_pair_pixels(int32_t *to, int32_t apart, int32_t a, int32_t b)
{
    const int32_t ae = mg_bytes_even(a), ao = mg_bytes_odd(a), be = mg_bytes_even(b), bo = mg_bytes_odd(b);
    to[0] = (int32_t)(((uint32_t)ae & 0xffff) | (uint32_t)be << 16);
    to[apart] = (int32_t)(((uint32_t)ao & 0xffff) | (uint32_t)bo << 16);
    to[2 * apart] = (int32_t)((uint32_t)ae >> 16 | ((uint32_t)be & 0xffff0000u));
    to[3 * apart] = (int32_t)((uint32_t)ao >> 16 | ((uint32_t)bo & 0xffff0000u));
}

/* A row of `w` pixels of four channels, or none, as `words` pairs of columns from -left on, every third word of a plane for
 * each channel. */
static __attribute__((noinline, unused)) void mg_row_halves(int32_t *to, int32_t apart, const int8_t *from, int32_t w, int32_t left,
                                                         int32_t words, int32_t pad, int flip)
{
    const int32_t turned = (int32_t)((uint32_t)flip * 0x01010101u), outside = (int32_t)(((uint32_t)pad & 255) * 0x01010101u);
    int32_t i = from ? -left : w;
    for (const int32_t *end = to + 3 * words; to != end; i += 2, to += 3) {
        int32_t a = outside, b = outside;
        if ((uint32_t)i < (uint32_t)w) a = mg_word(from + 4 * i) ^ turned;
        if ((uint32_t)i + 1 < (uint32_t)w) b = mg_word(from + 4 * i + 4) ^ turned;
        mg_pair_pixels(to, apart, a, b);
        __asm__ volatile("" : "+r"(i)); /* rows are too short to be unrolled */
    }
}

/* Sums of 3 x 3 taps in a row of a channel, from `bias`, to `count` pairs of neighbouring results; mg_taps_row2: of every second
 * pixel. `p`: words of a ring of three rows, [pair of columns][row]. t0, t1, t2: bytes of taps 0, 1, 1, 2 of the three rows. */
#if defined(__ARM_FEATURE_SIMD32) && defined(__thumb2__)
#define MG_TAPS_BEGIN \
    "push {r4-r11, lr}\n" \
    "sxtb16 r6, r3, ror #8\n sxtb16 r5, r3\n sxtb16 r4, r2, ror #8\n sxtb16 r3, r2\n sxtb16 r2, r1, ror #8\n sxtb16 r1, r1\n" \
    "ldrd r11, r12, [sp, #36]\n ldr lr, [sp, #44]\n add lr, r12, lr, lsl #3\n" \
    "1:\n ldrd r7, r8, [r0]\n"
#define MG_TAPS_END "strd r9, r10, [r12], #8\n cmp r12, lr\n bne 1b\n pop {r4-r11, pc}\n"
/* To bytes within limits that the code knows, as mg_fixed_within makes them, of which the last pair may have but one. */
#define MG_TAPS_BYTES_BEGIN \
    "push {r4-r11, lr}\n" \
    "sxtb16 r6, r3, ror #8\n sxtb16 r5, r3\n sxtb16 r4, r2, ror #8\n sxtb16 r3, r2\n sxtb16 r2, r1, ror #8\n sxtb16 r1, r1\n" \
    "ldrd r11, r12, [sp, #36]\n ldr lr, [sp, #44]\n" \
    "1:\n ldrd r7, r8, [r0]\n"
#define MG_TAPS_BYTES_END(saturate) \
    "ldrd r7, r8, [sp, #48]\n smmla r9, r9, r7, r8\n smmla r10, r10, r7, r8\n ldr r7, [sp, #56]\n asr r9, r9, r7\n asr r10, r10, r7\n" \
    saturate("r9") saturate("r10") \
    "strb r9, [r12], #4\n subs lr, lr, #2\n it ge\n strbge r10, [r12], #4\n bgt 1b\n pop {r4-r11, pc}\n"
#define MG_POS(r) "usat " r ", #7, " r "\n"
#define MG_SIGNED(r) "ssat " r ", #8, " r "\n"
#define MG_TAPS_BYTES(name, saturate, products) \
    static __attribute__((naked, noinline, unused)) void name( \
        const int32_t *p __attribute__((unused)), int32_t t0 __attribute__((unused)), int32_t t1 __attribute__((unused)), \
        int32_t t2 __attribute__((unused)), int32_t bias __attribute__((unused)), int8_t *y __attribute__((unused)), \
        int32_t count __attribute__((unused)), int32_t factor __attribute__((unused)), int32_t half __attribute__((unused)), \
        int32_t shift __attribute__((unused))) \
    { \
        __asm__ volatile(MG_TAPS_BYTES_BEGIN products MG_TAPS_BYTES_END(saturate)); \
    }
#define MG_TAPS_ROW(name, ...)                                                                                              \
    static __attribute__((naked, noinline, unused)) void name(                                                              \
        const int32_t *p __attribute__((unused)), int32_t t0 __attribute__((unused)), int32_t t1 __attribute__((unused)),   \
        int32_t t2 __attribute__((unused)), int32_t bias __attribute__((unused)), int32_t *sums __attribute__((unused)),    \
        int32_t count __attribute__((unused)))                                                                              \
    {                                                                                                                       \
        __asm__ volatile(MG_TAPS_BEGIN __VA_ARGS__ MG_TAPS_END);                                                            \
    }
#define MG_TAPS_PRODUCTS1 \
    "smlad r9, r1, r7, r11\n smlabt r10, r1, r7, r11\n smlad r9, r3, r8, r9\n smlabt r10, r3, r8, r10\n" \
    "ldrd r7, r8, [r0, #8]\n" \
    "smlad r9, r5, r7, r9\n smlabt r10, r5, r7, r10\n smlatb r9, r2, r8, r9\n smlad r10, r2, r8, r10\n" \
    "ldrd r7, r8, [r0, #16]\n add r0, r0, #12\n" \
    "smlatb r9, r4, r7, r9\n smlad r10, r4, r7, r10\n smlatb r9, r6, r8, r9\n smlad r10, r6, r8, r10\n"
#define MG_TAPS_PRODUCTS2 \
    "smlad r9, r1, r7, r11\n smlad r9, r3, r8, r9\n" \
    "ldrd r7, r8, [r0, #8]\n" \
    "smlad r9, r5, r7, r9\n smlatb r9, r2, r8, r9\n smlad r10, r1, r8, r11\n" \
    "ldrd r7, r8, [r0, #16]\n" \
    "smlatb r9, r4, r7, r9\n smlad r10, r3, r7, r10\n smlatb r9, r6, r8, r9\n smlad r10, r5, r8, r10\n" \
    "ldrd r7, r8, [r0, #24]\n" \
    "smlatb r10, r2, r7, r10\n smlatb r10, r4, r8, r10\n" \
    "ldr r7, [r0, #32]\n add r0, r0, #24\n" \
    "smlatb r10, r6, r7, r10\n"
MG_TAPS_ROW(mg_taps_row1, MG_TAPS_PRODUCTS1)
MG_TAPS_ROW(mg_taps_row2, MG_TAPS_PRODUCTS2)
MG_TAPS_BYTES(mg_taps_bytes1_pos, MG_POS, MG_TAPS_PRODUCTS1)
MG_TAPS_BYTES(mg_taps_bytes2_pos, MG_POS, MG_TAPS_PRODUCTS2)
MG_TAPS_BYTES(mg_taps_bytes1_signed, MG_SIGNED, MG_TAPS_PRODUCTS1)
MG_TAPS_BYTES(mg_taps_bytes2_signed, MG_SIGNED, MG_TAPS_PRODUCTS2)
#else
MG_INLINE int32_t mg_half_of(const int32_t *p, int32_t column, int row) { return (int16_t)(p[column / 2 * 3 + row] >> 16 * (column % 2)); }
static inline __attribute__((unused)) int32_t mg_taps_sum(const int32_t *p, int stride, const int32_t *rows, int32_t sum, int32_t i)
{
    for (int row = 0; row < 3; row++)
        for (int32_t tap = 0; tap < 3; tap++)
            sum = mg_plus(sum, mg_half_of(p, i * stride + tap, row) * (int8_t)(rows[row] >> (tap == 2 ? 24 : 8 * tap)));
    return sum;
}
static inline __attribute__((unused)) void mg_taps_row(const int32_t *p, int stride, const int32_t *rows, int32_t bias, int32_t *sums, int32_t count)
{
    for (int32_t i = 0; i < count; i++) sums[i] = mg_taps_sum(p, stride, rows, bias, i);
}
static inline __attribute__((unused)) void mg_taps_row1(const int32_t *p, int32_t t0, int32_t t1, int32_t t2, int32_t bias, int32_t *sums, int32_t count)
{
    const int32_t rows[3] = {t0, t1, t2};
    mg_taps_row(p, 1, rows, bias, sums, 2 * count);
}
static inline __attribute__((unused)) void mg_taps_row2(const int32_t *p, int32_t t0, int32_t t1, int32_t t2, int32_t bias, int32_t *sums, int32_t count)
{
    const int32_t rows[3] = {t0, t1, t2};
    mg_taps_row(p, 2, rows, bias, sums, 2 * count);
}
static inline __attribute__((unused)) void mg_taps_bytes(int32_t least, int stride, const int32_t *p, int32_t t0, int32_t t1, int32_t t2, int32_t bias, int8_t *y,
                                 int32_t count, int32_t factor, int32_t half, int32_t shift)
{
    const int32_t rows[3] = {t0, t1, t2};
    for (int32_t i = 0; i < count; i++)
        y[4 * i] = mg_pairs_byte(least, mg_taps_sum(p, stride, rows, bias, i), factor, half, shift);
}
#define mg_taps_bytes1_pos(...) mg_taps_bytes(0, 1, __VA_ARGS__)
#define mg_taps_bytes2_pos(...) mg_taps_bytes(0, 2, __VA_ARGS__)
#define mg_taps_bytes1_signed(...) mg_taps_bytes(-128, 1, __VA_ARGS__)
#define mg_taps_bytes2_signed(...) mg_taps_bytes(-128, 2, __VA_ARGS__)
#endif

/* Sums of four pixels times two outputs from the biases b[0] and 256 * b[1] + b[0]: first the four of output 0. `x`: a step
 * has words 0, 2 of the four pixels, then words 1, 3. `w`: a step has two words. steps > 0. Compilers run out of registers
 * here, which hold 8 sums, 2 words of pixels, 2 of weights and both pointers. */
#if defined(__ARM_FEATURE_SIMD32) && defined(__thumb2__)
#define MG_PAIRS_WORD \
    "ldr r8, [r12], #4\n ldrd r10, r11, [lr], #8\n sxtb16 r9, r8\n" \
    "smlad r0, r10, r9, r0\n smlad r4, r10, r8, r4\n smlad r1, r11, r9, r1\n smlad r5, r11, r8, r5\n" \
    "ldrd r10, r11, [lr], #8\n" \
    "smlad r2, r10, r9, r2\n smlad r6, r10, r8, r6\n smlad r3, r11, r9, r3\n smlad r7, r11, r8, r7\n"
static __attribute__((naked, noinline, unused)) void mg_pairs_4x2(const int32_t *x __attribute__((unused)),
    const int32_t *w __attribute__((unused)), int32_t steps __attribute__((unused)), const int32_t *b __attribute__((unused)),
    int32_t *sums __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4-r11, lr}\n sub sp, #4\n"
        "add r4, r1, r2, lsl #3\n str r4, [sp]\n" /* where the weights end */
        "mov lr, r0\n mov r12, r1\n lsrs r8, r2, #1\n"
        "ldrd r0, r4, [r3]\n mov r1, r0\n mov r2, r0\n mov r3, r0\n mov r5, r4\n mov r6, r4\n mov r7, r4\n"
        "bcs 2f\n" /* an odd number of steps begins with one alone */
        "1:\n" MG_PAIRS_WORD MG_PAIRS_WORD
        "2:\n" MG_PAIRS_WORD MG_PAIRS_WORD
        "ldr r8, [sp]\n cmp r12, r8\n bne 1b\n"
        "ldr r8, [sp, #40]\n"
        "sub r4, r4, r0\n sub r5, r5, r1\n sub r6, r6, r2\n sub r7, r7, r3\n"
        "asr r4, r4, #8\n asr r5, r5, #8\n asr r6, r6, #8\n asr r7, r7, #8\n"
        "stm r8, {r0-r7}\n add sp, #4\n pop {r4-r11, pc}\n");
}
#else
static inline __attribute__((unused)) void mg_pairs_4x2(const int32_t *x, const int32_t *w, int32_t steps, const int32_t *b, int32_t *sums)
{
    for (int p = 0; p < 4; p++) {
        int32_t low = b[0], raw = b[1];
        for (int32_t i = 0; i < 2 * steps; i++) {
            low = mg_smlad(x[4 * i + p], mg_bytes_even(w[i]), low);
            raw = mg_smlad(x[4 * i + p], w[i], raw);
        }
        sums[p] = low, sums[4 + p] = mg_minus(raw, low) >> 8;
    }
}
#endif

/* A tile of four pixels times all outputs, to bytes within limits that the code knows, as mg_fixed_within makes them. `b` and `y` move
 * on from pair to pair, `y` by `step` and `other` in turn; what is `wide` belongs to second outputs, which lie 8 bits higher. */
typedef struct {
    const int32_t *b;
    int32_t steps;
    const int32_t *x, *w, *end;
    int32_t factor, half, wide_half;
    int8_t *y;
    ptrdiff_t step, other;
    int32_t shift, wide_shift;
} mg_pairs_tile;
MG_INLINE mg_pairs_tile mg_pairs_tile_of(const int32_t *x, const int32_t *w, int32_t steps, int32_t pairs, int32_t factor, int32_t shift,
                                            ptrdiff_t plane)
{
    const int32_t half = (int32_t)((1u << shift) >> 1);
    mg_pairs_tile t = {0, steps, x, w, w + 2 * (ptrdiff_t)steps * pairs, factor, half, (int32_t)((uint32_t)half << 8), 0, 2, plane - 2,
                       shift, shift + 8};
    return t;
}
#if defined(__ARM_FEATURE_SIMD32) && defined(__thumb2__)
#define MG_PAIRS_PIXEL(saturate, bits, low, high, at, next) \
    "sub " high ", " high ", " low "\n smmla " low ", " low ", r9, r10\n smmla " high ", " high ", r9, r11\n" \
    "asr " low ", " low ", r12\n asr " high ", " high ", r8\n" \
    saturate " " low ", #" bits ", " low "\n " saturate " " high ", #" bits ", " high "\n" \
    "strb " low ", [lr, #" at "]\n strb " high ", [lr, #" next "]\n"
#define MG_PAIRS_TILE(name, saturate, bits) \
    static __attribute__((naked, noinline, unused)) void name(mg_pairs_tile *t __attribute__((unused))) \
    { \
        __asm__ volatile( \
            "push {r4-r11, lr}\n sub sp, #12\n str r0, [sp]\n mov r8, r0\n ldr r12, [r0, #12]\n" \
            "2:\n ldm r8, {r9, r10, lr}\n" \
            "ldrd r0, r4, [r9], #8\n str r9, [r8]\n add r9, r12, r10, lsl #3\n str r9, [sp, #4]\n" \
            "mov r1, r0\n mov r2, r0\n mov r3, r0\n mov r5, r4\n mov r6, r4\n mov r7, r4\n" \
            "lsrs r10, r10, #1\n bcs 4f\n" /* an odd number of steps begins with one alone */ \
            "3:\n" MG_PAIRS_WORD MG_PAIRS_WORD \
            "4:\n" MG_PAIRS_WORD MG_PAIRS_WORD \
            "ldr r8, [sp, #4]\n cmp r12, r8\n bne 3b\n" \
            "ldr r8, [sp]\n ldrd r9, r10, [r8, #20]\n ldrd r11, lr, [r8, #28]\n ldrd r12, r8, [r8, #44]\n" \
            MG_PAIRS_PIXEL(saturate, bits, "r0", "r4", "0", "1") MG_PAIRS_PIXEL(saturate, bits, "r1", "r5", "4", "5") \
            MG_PAIRS_PIXEL(saturate, bits, "r2", "r6", "8", "9") MG_PAIRS_PIXEL(saturate, bits, "r3", "r7", "12", "13") \
            "ldrd r8, r12, [sp]\n" \
            "ldrd r0, r1, [r8, #36]\n add lr, lr, r0\n str lr, [r8, #32]\n strd r1, r0, [r8, #36]\n" \
            "ldr r0, [r8, #16]\n cmp r12, r0\n bne 2b\n" \
            "add sp, #12\n pop {r4-r11, pc}\n"); \
    }
MG_PAIRS_TILE(mg_pairs_tile_pos, "usat", "7")
MG_PAIRS_TILE(mg_pairs_tile_signed, "ssat", "8")
#else
static inline __attribute__((unused)) void mg_pairs_tile_within(int32_t least, mg_pairs_tile *t)
{
    const ptrdiff_t steps[2] = {t->step, t->other};
    int32_t s[8];
    for (const int32_t *w = t->w; w != t->end; w += 2 * t->steps, t->b += 2) {
        mg_pairs_4x2(t->x, w, t->steps, t->b, s);
        for (int i = 0; i < 8; i++) t->y[i % 4 * 4 + i / 4] = mg_pairs_byte(least, s[i], t->factor, t->half, t->shift);
        t->y += steps[(w - t->w) / (2 * t->steps) % 2];
    }
}
static inline __attribute__((unused)) void mg_pairs_tile_pos(mg_pairs_tile *t) { mg_pairs_tile_within(0, t); }
static inline __attribute__((unused)) void mg_pairs_tile_signed(mg_pairs_tile *t) { mg_pairs_tile_within(-128, t); }
#endif

/* Sums of one pixel times eight outputs from the biases of four pairs: first those of the four even ones. `x`: a step has two
 * words. `w`: a step has those of inputs 0, 2 of four pairs, then of inputs 1, 3. steps > 0. */
#if defined(__ARM_FEATURE_SIMD32) && defined(__thumb2__)
#define MG_PAIRS_ROW_WORD \
    "ldr r8, [lr], #4\n ldrd r9, r11, [r12], #8\n" \
    "sxtb16 r10, r9\n smlad r0, r8, r10, r0\n smlad r4, r8, r9, r4\n" \
    "sxtb16 r10, r11\n smlad r1, r8, r10, r1\n smlad r5, r8, r11, r5\n ldrd r9, r11, [r12], #8\n" \
    "sxtb16 r10, r9\n smlad r2, r8, r10, r2\n smlad r6, r8, r9, r6\n" \
    "sxtb16 r10, r11\n smlad r3, r8, r10, r3\n smlad r7, r8, r11, r7\n"
static __attribute__((naked, noinline, unused)) void mg_pairs_1x8(const int32_t *x __attribute__((unused)),
    const int32_t *w __attribute__((unused)), int32_t steps __attribute__((unused)), const int32_t *b __attribute__((unused)),
    int32_t *sums __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4-r11, lr}\n sub sp, #4\n"
        "add r4, r0, r2, lsl #3\n str r4, [sp]\n" /* where the pixel ends */
        "mov lr, r0\n mov r12, r1\n mov r8, r3\n"
        "ldrd r0, r4, [r8]\n ldrd r1, r5, [r8, #8]\n ldrd r2, r6, [r8, #16]\n ldrd r3, r7, [r8, #24]\n"
        "1:\n" MG_PAIRS_ROW_WORD MG_PAIRS_ROW_WORD
        "ldr r8, [sp]\n cmp lr, r8\n bne 1b\n"
        "ldr r8, [sp, #40]\n"
        "sub r4, r4, r0\n sub r5, r5, r1\n sub r6, r6, r2\n sub r7, r7, r3\n"
        "asr r4, r4, #8\n asr r5, r5, #8\n asr r6, r6, #8\n asr r7, r7, #8\n"
        "stm r8, {r0-r7}\n add sp, #4\n pop {r4-r11, pc}\n");
}
#else
static inline __attribute__((unused)) void mg_pairs_1x8(const int32_t *x, const int32_t *w, int32_t steps, const int32_t *b, int32_t *sums)
{
    for (int o = 0; o < 4; o++) {
        int32_t low = b[2 * o], raw = b[2 * o + 1];
        for (int32_t i = 0; i < 2 * steps; i++) {
            low = mg_smlad(x[i], mg_bytes_even(w[4 * i + o]), low);
            raw = mg_smlad(x[i], w[4 * i + o], raw);
        }
        sums[o] = low, sums[4 + o] = mg_minus(raw, low) >> 8;
    }
}
#endif
#endif
