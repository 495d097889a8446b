/* Padded rows of bytes. MG_PLANES, mg_planes_join: pixels that vectors make of planes at a time, where the ISA has such. */
#ifndef MG_PADDING_H
#define MG_PADDING_H
/* A row with `left` and `right` bytes of `fill` around `count` bytes, each with the bits of `flip` turned. */
MG_INLINE void mg_pad_row(int8_t *to, const int8_t *from, int32_t left, int32_t count, int32_t right, int fill, int flip)
{
    if (!from) {
        memset(to, fill, (size_t)(left + count + right));
        return;
    }
    if (left) memset(to, fill, (size_t)left);
    if (flip) {
        int32_t i = 0;
        for (; i + 4 <= count; i += 4) mg_put_word(to + left + i, mg_word(from + i) ^ (int32_t)((uint32_t)flip * 0x01010101u));
        for (; i < count; i++) to[left + i] = (int8_t)(from[i] ^ flip);
    } else {
        memcpy(to + left, from, (size_t)count);
    }
    if (right) memset(to + left + count, fill, (size_t)right);
}

/* `planes` <= 4 rows of `w` bytes, `apart` bytes from one to the next, as one padded row of pixels of four channels, of which
 * those past `planes` may hold anything. */
MG_INLINE void mg_pad_planes(int8_t *to, const int8_t *from, ptrdiff_t apart, int planes, int32_t w, int32_t left, int32_t bytes,
                             int fill, int flip)
{
    if (!from) {
        memset(to, fill, (size_t)bytes);
        return;
    }
    const int8_t *p0 = from, *p1 = planes > 1 ? p0 + apart : p0, *p2 = planes > 2 ? p1 + apart : p0, *p3 = planes > 3 ? p2 + apart : p0;
    int32_t i = 0;
    memset(to, fill, (size_t)left);
    to += left;
#ifdef MG_PLANES
    while (w >= MG_PLANES && i < w) {
        const int32_t at = i + MG_PLANES <= w ? i : w - MG_PLANES;
        mg_planes_join(to + 4 * at, p0 + at, p1 + at, p2 + at, p3 + at, flip);
        i += MG_PLANES;
    }
#endif
    for (; i < w; i++) {
        const uint32_t low = (uint8_t)p0[i] | (uint32_t)(uint8_t)p1[i] << 8, high = (uint8_t)p2[i] | (uint32_t)(uint8_t)p3[i] << 8;
        mg_put_word(to + 4 * i, (int32_t)((low | high << 16) ^ ((uint32_t)flip * 0x01010101u)));
    }
    memset(to + 4 * w, fill, (size_t)(bytes - left - 4 * w));
}
#endif
