/* Products of 8-bit numbers by dot product instructions (VNNI). Vocabulary: int8.h. Weights: [output][input].
 * One factor has no sign: the inputs are raised by 128, and whoever packs weights takes 128 times their sum off the bias;
 * mg_vi_dot4_positive takes inputs of 0 or more as they are. */
#ifndef MG_INT8_DOT_H
#define MG_INT8_DOT_H
#include "int8_lanes.h"

typedef mg_vi mg_vq;
typedef struct { const int8_t *p; ptrdiff_t step; } mg_q4;
MG_INLINE mg_vq mg_vq_load(const int8_t *p) { return _mm512_loadu_si512((const void *)p); }
MG_INLINE mg_q4 mg_q4_load(const int8_t *p, ptrdiff_t step) { return (mg_q4){p, step}; }
MG_INLINE mg_q4 mg_q1_load(const int8_t *p) { return (mg_q4){p, 0}; }
#define mg_vi_dot4_positive(acc, w, x, l) _mm512_dpbusd_epi32(acc, mg_vi_set1(mg_word((x).p + (l) * (x).step)), w)
#define mg_vi_dot4(acc, w, x, l) \
    _mm512_dpbusd_epi32(acc, mg_vi_set1(mg_word((x).p + (l) * (x).step) ^ (int32_t)0x80808080), w)
#define mg_vi_dot(acc, x, w) _mm512_dpbusd_epi32(acc, x, w)

/* `count` spans from pixel `u` of 16 channels on, every `step`th one with the next three: four bytes for each channel, with the
 * bits of `turn` turned. Pixels outside of a row of `w` are `fill`, all if there is no row. */
MG_INLINE void mg_spans_put(int8_t *to, const int8_t *row, int32_t w, int32_t u, int32_t count, int step, int fill, int turn)
{
    const mg_vi fours = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), bits = _mm512_set1_epi8((char)turn);
    const mg_vi bytes = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const mg_vi outside = _mm512_set1_epi8((char)fill);
    for (int32_t i = 0; i < count; i++, u += step) {
        mg_vi x = outside;
        if (row && u >= 0 && u + 4 <= w) {
            x = _mm512_loadu_si512((const void *)(row + (ptrdiff_t)u * 16));
        } else if (row && u > -4 && u < w) {
            const int32_t before = u < 0 ? -u : 0, after = u + 4 > w ? u + 4 - w : 0;
            const mg_vm inside = (mg_vm)(0xffff << 4 * before & 0xffff >> 4 * after);
            x = _mm512_mask_loadu_epi32(outside, inside, (const void *)(row + (ptrdiff_t)u * 16));
        }
        x = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(fours, x), bytes);
        _mm512_storeu_si512((void *)(to + (ptrdiff_t)i * 64), _mm512_xor_si512(x, bits));
    }
}
#endif
