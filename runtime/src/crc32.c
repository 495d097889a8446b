/* CRC-32 (polynomial 0xedb88320, reflected, as in zlib); an application's own takes its place. MGECC_CRC_SLICES: 0 =
 * half a byte a step (64 bytes of table), 1 = a byte (1 KB), 8 = eight bytes (8 KB). MGECC_SMALL asks for 0;
 * microcontrollers get 1, other machines 8. */
#include "internal.h"

#ifndef MGECC_CRC_SLICES
#if defined(MGECC_SMALL)
#define MGECC_CRC_SLICES 0
#elif defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#define MGECC_CRC_SLICES 1
#else
#define MGECC_CRC_SLICES 8
#endif
#endif

#if MGECC_CRC_SLICES == 0
static uint32_t step(uint32_t crc, unsigned byte)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc ^= byte;
    crc = table[crc & 15] ^ (crc >> 4);
    return table[crc & 15] ^ (crc >> 4);
}
#else
/* The table is linear: an entry is the exclusive or of the entries of its bits. */
#define BIT(i, b, c) ((i) >> (b) & 1 ? (c) : 0)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                                      \
    (BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^ BIT(i, 6, g) ^ \
     BIT(i, 7, h))
#define FOUR(i, ...) \
    ENTRY(i, __VA_ARGS__), ENTRY(i + 1, __VA_ARGS__), ENTRY(i + 2, __VA_ARGS__), ENTRY(i + 3, __VA_ARGS__)
#define SIXTEEN(i, ...) \
    FOUR(i, __VA_ARGS__), FOUR(i + 4, __VA_ARGS__), FOUR(i + 8, __VA_ARGS__), FOUR(i + 12, __VA_ARGS__)
#define QUARTER(i, ...) \
    SIXTEEN(i, __VA_ARGS__), SIXTEEN(i + 16, __VA_ARGS__), SIXTEEN(i + 32, __VA_ARGS__), SIXTEEN(i + 48, __VA_ARGS__)
#define TABLE(...) \
    {QUARTER(0, __VA_ARGS__), QUARTER(64, __VA_ARGS__), QUARTER(128, __VA_ARGS__), QUARTER(192, __VA_ARGS__)}

static const uint32_t table[MGECC_CRC_SLICES][256] = {
    TABLE(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
#if MGECC_CRC_SLICES == 8
    TABLE(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
    TABLE(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
    TABLE(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
    TABLE(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092),
    TABLE(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8),
    TABLE(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2),
    TABLE(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da),
#endif
};

static uint32_t step(uint32_t crc, unsigned byte) { return table[0][(crc ^ byte) & 255] ^ (crc >> 8); }
#endif

#if MGECC_CRC_SLICES == 8
static uint32_t step8(uint32_t crc, const unsigned char *p)
{
    uint32_t a = crc ^ (p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
    return table[7][a & 255] ^ table[6][a >> 8 & 255] ^ table[5][a >> 16 & 255] ^ table[4][a >> 24] ^ table[3][p[4]] ^
           table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
}
#endif

__attribute__((weak)) uint32_t mgecc_crc32(uint32_t crc, const unsigned char *bytes, size_t count)
{
    const unsigned char *end = bytes + count;
    crc = ~crc;
#if MGECC_CRC_SLICES == 8
    for (; end - bytes >= 8; bytes += 8)
        crc = step8(crc, bytes);
#endif
    while (bytes != end)
        crc = step(crc, *bytes++);
    return ~crc;
}
