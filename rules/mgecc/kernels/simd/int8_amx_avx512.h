/* Products of 8-bit numbers by tiles (x86 AMX), beside the vectors of int8_lanes.h. A tile of sums is up to 16 pixels of 16
 * outputs, a step takes 64 inputs: pixels of 64 bytes, `apart` bytes from one to the next, times 16 x 16 x 4 weights in one
 * piece. Tiles 0 to 3 are sums, 4 and 5 pixels, 6 weights. */
#ifndef MG_INT8_AMX_H
#define MG_INT8_AMX_H
#include "int8_lanes.h"

/* Pixels have this many rows; tiles stay so until mg_tiles_end. */
MG_INLINE void mg_tiles_begin(int pixels)
{
    uint8_t shape[64] = {1};
    for (int t = 0; t < 7; t++) {
        shape[16 + 2 * t] = 64;
        shape[48 + t] = t == 6 ? 16 : (uint8_t)pixels;
    }
    _tile_loadconfig(shape);
}
MG_INLINE void mg_tiles_end(void) { _tile_release(); }

/* Memory that vectors have written is read by tiles next, and the other way round. */
#define mg_tiles_wait() __asm__ volatile("" : : : "memory")

/* Sums t start with the same 16 numbers for every pixel. Tiles are named by literals: compilers make them part of names. */
#define mg_tile_start(t, from) _tile_loadd(t, from, 0)
/* Those of later steps are on their way meanwhile: the processor alone asks for them too late. */
#define mg_tile_weights(from)                                                                        \
    for (int ahead = 2048; ahead < 3072; ahead += 64) __builtin_prefetch((from) + ahead, 0, 3);     \
    _tile_loadd(6, from, 64)
#define mg_tile_add(t, pixels, from, apart) \
    _tile_loadd(pixels, from, apart);       \
    _tile_dpbssd(t, pixels, 6)
#define mg_tile_store(t, to) _tile_stored(t, to, 64)

/* `count` pixels as 64 bytes each of four blocks of 16, `plane` bytes from one to the next; of `blocks`, if there are fewer,
 * the last one takes the place of those that are missing. All bytes with the bits of `flip` turned. */
MG_INLINE void mg_pixels_put(int8_t *to, const int8_t *x, ptrdiff_t plane, int32_t blocks, int32_t count, int flip)
{
    const int8_t *x1 = blocks > 1 ? x + plane : x, *x2 = blocks > 2 ? x1 + plane : x1, *x3 = blocks > 3 ? x2 + plane : x2;
    const __m512i turn = _mm512_set1_epi8((char)flip);
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const __m512i a = _mm512_loadu_si512(x + 16 * i), b = _mm512_loadu_si512(x1 + 16 * i);
        const __m512i c = _mm512_loadu_si512(x2 + 16 * i), d = _mm512_loadu_si512(x3 + 16 * i);
        const __m512i ab = _mm512_shuffle_i32x4(a, b, 0x44), cd = _mm512_shuffle_i32x4(c, d, 0x44);
        const __m512i ef = _mm512_shuffle_i32x4(a, b, 0xee), gh = _mm512_shuffle_i32x4(c, d, 0xee);
        int8_t *at = to + 64 * i;
        _mm512_storeu_si512(at, _mm512_xor_si512(turn, _mm512_shuffle_i32x4(ab, cd, 0x88)));
        _mm512_storeu_si512(at + 64, _mm512_xor_si512(turn, _mm512_shuffle_i32x4(ab, cd, 0xdd)));
        _mm512_storeu_si512(at + 128, _mm512_xor_si512(turn, _mm512_shuffle_i32x4(ef, gh, 0x88)));
        _mm512_storeu_si512(at + 192, _mm512_xor_si512(turn, _mm512_shuffle_i32x4(ef, gh, 0xdd)));
    }
    for (; i < count; i++) {
        const __m128i part = _mm512_castsi512_si128(turn);
        const int8_t *from[4] = {x, x1, x2, x3};
        for (int m = 0; m < 4; m++)
            _mm_storeu_si128((void *)(to + 64 * i + 16 * m), _mm_xor_si128(part, _mm_loadu_si128((const void *)(from[m] + 16 * i))));
    }
}
#endif
