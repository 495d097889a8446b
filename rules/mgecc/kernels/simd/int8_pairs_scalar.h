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
    for (int32_t k = 0; k < words; k++, i += 2, to += 3) {
        if (i >= 0 && i + 1 < w) {
            mg_pair_pixels(to, apart, mg_word(from + 4 * i) ^ turned, mg_word(from + 4 * i + 4) ^ turned);
            continue;
        }
        const int32_t a = (uint32_t)i < (uint32_t)w ? mg_word(from + 4 * i) ^ turned : outside;
        const int32_t b = (uint32_t)i + 1 < (uint32_t)w ? mg_word(from + 4 * i + 4) ^ turned : outside;
        mg_pair_pixels(to, apart, a, b);
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
#define MG_TAPS_ROW(name, ...)                                                                                              \
    static __attribute__((naked, noinline, unused)) void name(                                                              \
        const int32_t *p __attribute__((unused)), int32_t t0 __attribute__((unused)), int32_t t1 __attribute__((unused)),   \
        int32_t t2 __attribute__((unused)), int32_t bias __attribute__((unused)), int32_t *sums __attribute__((unused)),    \
        int32_t count __attribute__((unused)))                                                                              \
    {                                                                                                                       \
        __asm__ volatile(MG_TAPS_BEGIN __VA_ARGS__ MG_TAPS_END);                                                            \
    }
MG_TAPS_ROW(mg_taps_row1,
            "smlad r9, r1, r7, r11\n smlabt r10, r1, r7, r11\n smlad r9, r3, r8, r9\n smlabt r10, r3, r8, r10\n"
            "ldrd r7, r8, [r0, #8]\n"
            "smlad r9, r5, r7, r9\n smlabt r10, r5, r7, r10\n smlatb r9, r2, r8, r9\n smlad r10, r2, r8, r10\n"
            "ldrd r7, r8, [r0, #16]\n add r0, r0, #12\n"
            "smlatb r9, r4, r7, r9\n smlad r10, r4, r7, r10\n smlatb r9, r6, r8, r9\n smlad r10, r6, r8, r10\n")
MG_TAPS_ROW(mg_taps_row2,
            "smlad r9, r1, r7, r11\n smlad r9, r3, r8, r9\n"
            "ldrd r7, r8, [r0, #8]\n"
            "smlad r9, r5, r7, r9\n smlatb r9, r2, r8, r9\n smlad r10, r1, r8, r11\n"
            "ldrd r7, r8, [r0, #16]\n"
            "smlatb r9, r4, r7, r9\n smlad r10, r3, r7, r10\n smlatb r9, r6, r8, r9\n smlad r10, r5, r8, r10\n"
            "ldrd r7, r8, [r0, #24]\n"
            "smlatb r10, r2, r7, r10\n smlatb r10, r4, r8, r10\n"
            "ldr r7, [r0, #32]\n add r0, r0, #24\n"
            "smlatb r10, r6, r7, r10\n")
#else
MG_INLINE int32_t mg_half_of(const int32_t *p, int32_t column, int row) { return (int16_t)(p[column / 2 * 3 + row] >> 16 * (column % 2)); }
static inline __attribute__((unused)) void mg_taps_row(const int32_t *p, int stride, const int32_t *rows, int32_t bias, int32_t *sums, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        int32_t sum = bias;
        for (int row = 0; row < 3; row++)
            for (int32_t tap = 0; tap < 3; tap++)
                sum = mg_plus(sum, mg_half_of(p, i * stride + tap, row) * (int8_t)(rows[row] >> (tap == 2 ? 24 : 8 * tap)));
        sums[i] = sum;
    }
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
