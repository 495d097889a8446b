/* Logistic function and hyperbolic tangent of x / (3 * 2^12), as fractions of 2^15, from a table of 256 logistic values with
 * steps between; see mgecc/ops/fixed_gates.py. */
#ifndef MG_FIXED_GATES_H
#define MG_FIXED_GATES_H

MG_INLINE uint32_t mg_gate_distance(int32_t x) { return x < 0 ? 0u - (uint32_t)x : (uint32_t)x; }

MG_INLINE int32_t mg_gate_between(const uint16_t *table, uint32_t distance, int bits)
{
    const int32_t low = table[distance >> bits], high = table[(distance >> bits) + 1];
    return (low << bits) + (int32_t)(distance & ((1u << bits) - 1u)) * (high - low);
}

MG_INLINE int32_t mg_gate_logistic(const uint16_t *table, int32_t x)
{
    const uint32_t distance = mg_gate_distance(x);
    const int32_t found = distance >> 9 >= 255 ? 0x7fff << 10 : mg_gate_between(table, distance, 9);
    return (x < 0 ? (1 << 25) - found + (1 << 9) - 1 : found + (1 << 9)) >> 10;
}

MG_INLINE int32_t mg_gate_tanh(const uint16_t *table, int32_t x)
{
    const uint32_t distance = mg_gate_distance(x);
    const int32_t found = distance >> 8 >= 255 ? 0xffff << 8 : mg_gate_between(table, distance, 8);
    return (x < 0 ? (1 << 23) - found + (1 << 7) - 1 : found - (1 << 23) + (1 << 7)) >> 8;
}
#endif
