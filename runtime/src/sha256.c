/* SHA-256 (FIPS 180-4) of one piece of memory; small rather than fast, programs are a few kilobytes. */
#include "internal.h"

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t START[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* The next word of the schedule takes the place of the one 16 steps back. */
static uint32_t schedule(uint32_t *w, unsigned i)
{
    uint32_t a = w[(i + 1) & 15], b = w[(i + 14) & 15];
    a = ror(a, 7) ^ ror(a, 18) ^ a >> 3;
    b = ror(b, 17) ^ ror(b, 19) ^ b >> 10;
    return w[i & 15] += a + b + w[(i + 9) & 15];
}

static void mix(uint32_t *state, uint32_t *w)
{
    uint32_t s[8];
    for (int i = 0; i < 8; i++)
        s[i] = state[i];
    for (unsigned i = 0; i < 64; i++) {
        uint32_t word = i < 16 ? w[i] : schedule(w, i), e = s[4], a = s[0];
        uint32_t t = s[7] + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + (s[6] ^ (e & (s[5] ^ s[6]))) + K[i] + word;
        uint32_t u = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & (s[1] | s[2])) | (s[1] & s[2]));
        for (int k = 7; k > 0; k--)
            s[k] = s[k - 1];
        s[4] += t;
        s[0] = t + u;
    }
    for (int i = 0; i < 8; i++)
        state[i] += s[i];
}

/* A byte of the padded message, its length left out. */
static uint32_t padded(const unsigned char *bytes, uint32_t count, uint32_t at)
{
    return at < count ? bytes[at] : at == count ? 0x80 : 0;
}

void mgecc_sha256(uint32_t state[8], const unsigned char *bytes, uint32_t count)
{
    uint32_t w[16];
    for (int i = 0; i < 8; i++)
        state[i] = START[i];
    for (uint32_t at = 0, last = 0; !last;) {
        last = at + 56 > count; /* room for the end mark and the length */
        for (int i = 0; i < 16; i++) {
            w[i] = 0;
            for (int k = 0; k < 4; k++)
                w[i] = w[i] << 8 | padded(bytes, count, at++);
        }
        if (last) {
            w[14] = count >> 29;
            w[15] = count << 3;
        }
        mix(state, w);
    }
}
