/* Products of bytes in steps of sixteen, for vectors of four sums, by the vocabulary alone. A machine that multiplies and adds up
 * sixteen bytes at once has int8_steps_<isa>.h, and says `mve` in its record.
 *
 * mg_steps_dot4: sums of one pixel, steps * 16 bytes, with four outputs; w [step][output][16]. steps > 0.
 * mg_steps_words, mg_steps_bytes: brings a pixel's steps together, words or bytes that lie `at` bytes behind `from`, bits of
 * `flip` turned.
 * mg_window_row: `w` pixels of four channels, or `pad` for 0, as one of four rows of a ring [channel][column][row], `apart` bytes
 * from one channel to the next. mg_window: taps [channel][column][row] of four channels, rows moved on by `first`;
 * mg_window_dot4: their sums with the four columns from p on. */
#ifndef MG_INT8_STEPS_H
#define MG_INT8_STEPS_H
#include "int8_lanes.h"

MG_INLINE int32_t mg_dot16(const int8_t *x, const int8_t *w, int32_t sum)
{
    for (int i = 0; i < 16; i++) sum = mg_plus(sum, x[i] * w[i]);
    return sum;
}

MG_INLINE mg_vi mg_steps_dot4(const int8_t *x, const int8_t *w, int32_t steps)
{
    int32_t sums[4] = {0};
    for (; steps > 0; steps--, x += 16, w += 64)
        for (int o = 0; o < 4; o++) sums[o] = mg_dot16(x, w + 16 * o, sums[o]);
    return mg_vi_load(sums);
}

MG_INLINE void mg_steps_words(int8_t *to, const int8_t *from, const int32_t *at, int32_t steps, int flip)
{
    for (int32_t i = 0; i < 4 * steps; i++) mg_put_word(to + 4 * i, mg_word(from + at[i]) ^ (int32_t)((uint32_t)flip * 0x01010101u));
}

MG_INLINE void mg_steps_bytes(int8_t *to, const int8_t *from, const int32_t *at, int32_t steps, int flip)
{
    for (int32_t i = 0; i < 16 * steps; i++) to[i] = (int8_t)(from[at[i]] ^ flip);
}

MG_INLINE void mg_window_row(int8_t *ring, ptrdiff_t apart, const int8_t *from, int32_t w, int pad, int flip)
{
    for (int32_t i = 0; i < w; i++)
        for (int c = 0; c < 4; c++) ring[c * apart + 4 * i] = (int8_t)(from ? from[4 * i + c] ^ flip : pad);
}

typedef struct { int8_t at[64]; } mg_window;
MG_INLINE mg_window mg_window_taps(const int8_t *w, int first)
{
    mg_window k;
    for (int i = 0; i < 64; i++) k.at[(i & ~3) + (i + first) % 4] = w[i];
    return k;
}

MG_INLINE mg_vi mg_window_dot4(const mg_window *k, const int8_t *p, ptrdiff_t apart)
{
    int32_t sums[4];
    for (int c = 0; c < 4; c++) sums[c] = mg_dot16(p + c * apart, k->at + 16 * c, 0);
    return mg_vi_load(sums);
}
#endif
