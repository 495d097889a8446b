/* One lane, plain C: the reference of the vocabulary. No libc, no instruction set beyond the compiler's.
 *
 * Infinities are numbers like others everywhere; on 32-bit Arm, NEON takes denormals as zeros. Not a number (NaN):
 *   max(a, b), min(a, b)          b is kept; of a that is NaN, what comes is open: b here and on x86, NaN on NEON
 *   max_nan, min_nan, hmax, hmin  NaN where any operand, any lane is
 *   lt, le, eq                    false
 *   add, sub, mul, div, fma, fms, sum, sqrt, floor, ceil, trunc, round: NaN.  neg, abs, copysign, sel, bits: moved as they are
 *   from_vf                       truncates; of NaN and outside the range of int32_t its result is some number
 * Which zero max and min of zeros of both signs give is open, and so are sign and payload of NaN.
 * Loads and stores need the alignment of the element only. */
#ifndef MG_SCALAR_H
#define MG_SCALAR_H
#include "common.h"

#define MG_VF 1
#define MG_XL 1
typedef float mg_vf;
typedef int32_t mg_vi;
typedef bool mg_vm;
typedef float mg_x;

MG_INLINE mg_vf mg_vf_zero(void) { return 0.0f; }
MG_INLINE mg_vf mg_vf_set1(float a) { return a; }
MG_INLINE mg_vf mg_vf_load(const float *p) { return *p; }
MG_INLINE void mg_vf_store(float *p, mg_vf a) { *p = a; }
MG_INLINE mg_vf mg_vf_load_tail(const float *p, int n) { return n ? *p : 0.0f; }
MG_INLINE void mg_vf_store_tail(float *p, mg_vf a, int n) { if (n) *p = a; }

MG_INLINE mg_vi mg_vi_zero(void) { return 0; }
MG_INLINE mg_vi mg_vi_set1(int32_t a) { return a; }
MG_INLINE mg_vi mg_vi_load(const int32_t *p) { return *p; }
MG_INLINE void mg_vi_store(int32_t *p, mg_vi a) { *p = a; }
MG_INLINE mg_vi mg_vi_load_tail(const int32_t *p, int n) { return n ? *p : 0; }
MG_INLINE void mg_vi_store_tail(int32_t *p, mg_vi a, int n) { if (n) *p = a; }

MG_INLINE mg_vi mg_vi_bits(mg_vf a) { mg_vi r; __builtin_memcpy(&r, &a, sizeof r); return r; }
MG_INLINE mg_vf mg_vf_bits(mg_vi a) { mg_vf r; __builtin_memcpy(&r, &a, sizeof r); return r; }
MG_INLINE mg_vi mg_vi_from_vf(mg_vf a) { return mg_whole(a); }
MG_INLINE mg_vf mg_vf_from_vi(mg_vi a) { return (float)a; }

MG_INLINE mg_vf mg_vf_add(mg_vf a, mg_vf b) { return a + b; }
MG_INLINE mg_vf mg_vf_sub(mg_vf a, mg_vf b) { return a - b; }
MG_INLINE mg_vf mg_vf_mul(mg_vf a, mg_vf b) { return a * b; }
MG_INLINE mg_vf mg_vf_div(mg_vf a, mg_vf b) { return a / b; }
MG_INLINE mg_vf mg_vf_min(mg_vf a, mg_vf b) { return a < b ? a : b; }
MG_INLINE mg_vf mg_vf_max(mg_vf a, mg_vf b) { return a > b ? a : b; }
/* One comparison where a, the accumulator, stays. */
MG_INLINE mg_vf mg_vf_min_nan(mg_vf a, mg_vf b) { return a <= b || a != a ? a : b; }
MG_INLINE mg_vf mg_vf_max_nan(mg_vf a, mg_vf b) { return a >= b || a != a ? a : b; }
MG_INLINE mg_vf mg_vf_neg(mg_vf a) { return -a; }
MG_INLINE mg_vf mg_vf_abs(mg_vf a) { return __builtin_fabsf(a); }
MG_INLINE mg_vf mg_vf_fma(mg_vf acc, mg_vf a, mg_vf b) { return acc + a * b; }
MG_INLINE mg_vf mg_vf_fms(mg_vf acc, mg_vf a, mg_vf b) { return acc - a * b; }

MG_INLINE mg_vf mg_vf_trunc(mg_vf a)
{
    return mg_vf_abs(a) < 8388608.0f ? __builtin_copysignf((float)(int32_t)a, a) : a;
}

/* The machine's instruction where it has one: the compiler's own builtin may call sqrtf for negative numbers. */
#if defined(__SSE__)
#define MG_SQRT(r, a) __asm__("sqrtss %1, %0" : "=x"(r) : "x"(a))
#elif defined(__aarch64__)
#define MG_SQRT(r, a) __asm__("fsqrt %s0, %s1" : "=w"(r) : "w"(a))
#elif defined(__ARM_FP) && (__ARM_FP & 4)
#define MG_SQRT(r, a) __asm__("vsqrt.f32 %0, %1" : "=t"(r) : "t"(a))
#elif defined(__riscv_flen)
#define MG_SQRT(r, a) __asm__("fsqrt.s %0, %1" : "=f"(r) : "f"(a))
#endif

#ifdef MG_SQRT
MG_INLINE mg_vf mg_vf_sqrt(mg_vf a)
{
    mg_vf r;
    MG_SQRT(r, a);
    return r;
}
#else
/* Digit by digit over the significand, rounded to nearest. */
MG_INLINE mg_vf mg_vf_sqrt(mg_vf a)
{
    if (!(a > 0.0f) || mg_vi_bits(a) == 0x7f800000) return a < 0.0f ? mg_vf_bits(0x7fc00000) : a;
    int32_t bits = mg_vi_bits(a), shift = 0;
    if (bits < 0x00800000) {
        bits = mg_vi_bits(a * 16777216.0f);
        shift = 12;
    }
    int32_t e = (bits >> 23) - 127;
    uint64_t rest = (uint64_t)((bits & 0x7fffff) | 0x800000) << (25 + (e & 1)), root = 0;
    for (uint64_t bit = (uint64_t)1 << 24; bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= rest) root |= bit;
    root = (root + 1) >> 1;
    return mg_vf_bits((int32_t)root + (((e - (e & 1)) / 2 + 126 - shift) * 0x800000));
}
#endif

MG_INLINE mg_vm mg_vf_lt(mg_vf a, mg_vf b) { return a < b; }
MG_INLINE mg_vm mg_vf_le(mg_vf a, mg_vf b) { return a <= b; }
MG_INLINE mg_vm mg_vf_eq(mg_vf a, mg_vf b) { return a == b; }
MG_INLINE mg_vm mg_vi_lt(mg_vi a, mg_vi b) { return a < b; }
MG_INLINE mg_vm mg_vi_eq(mg_vi a, mg_vi b) { return a == b; }
MG_INLINE mg_vm mg_vm_and(mg_vm a, mg_vm b) { return a && b; }
MG_INLINE mg_vm mg_vm_or(mg_vm a, mg_vm b) { return a || b; }
MG_INLINE mg_vm mg_vm_not(mg_vm a) { return !a; }
MG_INLINE mg_vf mg_vf_sel(mg_vm m, mg_vf a, mg_vf b) { return m ? a : b; }
MG_INLINE mg_vi mg_vi_sel(mg_vm m, mg_vi a, mg_vi b) { return m ? a : b; }

MG_INLINE float mg_vf_sum(mg_vf a) { return a; }
MG_INLINE float mg_vf_hmax(mg_vf a) { return a; }
MG_INLINE float mg_vf_hmin(mg_vf a) { return a; }

/* Rows of 4 numbers, xs apart, become columns: rows of y, ys apart. */
MG_INLINE void mg_transpose4x4(uint32_t *y, ptrdiff_t ys, const uint32_t *x, ptrdiff_t xs)
{
    for (int i = 0; i < 4; i++)
        for (int l = 0; l < 4; l++)
            y[i * ys + l] = x[l * xs + i];
}

MG_INLINE mg_vi mg_vi_add(mg_vi a, mg_vi b) { return mg_plus(a, b); }
MG_INLINE mg_vi mg_vi_sub(mg_vi a, mg_vi b) { return mg_minus(a, b); }
MG_INLINE mg_vi mg_vi_mul(mg_vi a, mg_vi b) { return mg_times(a, b); }
MG_INLINE mg_vi mg_vi_and(mg_vi a, mg_vi b) { return a & b; }
MG_INLINE mg_vi mg_vi_or(mg_vi a, mg_vi b) { return a | b; }
MG_INLINE mg_vi mg_vi_xor(mg_vi a, mg_vi b) { return a ^ b; }
MG_INLINE mg_vi mg_vi_shl(mg_vi a, int n) { return (int32_t)((uint32_t)a << n); }
MG_INLINE mg_vi mg_vi_shr(mg_vi a, int n) { return a >> n; }
MG_INLINE mg_vi mg_vi_min(mg_vi a, mg_vi b) { return a < b ? a : b; }
MG_INLINE mg_vi mg_vi_max(mg_vi a, mg_vi b) { return a > b ? a : b; }

MG_INLINE mg_x mg_x_load(const float *p) { return *p; }
#define mg_vf_fma_x(acc, w, x, l) mg_vf_fma(acc, w, x)

#define MG_EMULATE_FLOOR
#include "derived.h"

/* To the nearest whole number, half away from zero, within int32_t; NaN gives 0. FPUs since FPv5 have an instruction for that.
 * Those before have none, but round to bytes fast: as multiples of 2^-24, toward zero, what fits a word is what fits a byte. */
#if defined(__ARM_FP) && (__ARM_FP & 4) && __ARM_ARCH >= 7 && !defined(__aarch64__)
#define MG_HAS_NEAREST
#if __ARM_ARCH >= 8 || (__ARM_ARCH_PROFILE == 'M' && (__ARM_FP & 8))
MG_INLINE mg_vi mg_vi_nearest(mg_vf a)
{
    mg_vi r;
    __asm__("vcvta.s32.f32 %1, %1\n\tvmov %0, %1" : "=r"(r), "+t"(a));
    return r;
}
#else
MG_INLINE mg_vi mg_vi_nearest(mg_vf a)
{
    return mg_whole(mg_vf_add(a, mg_vf_copysign(mg_vf_set1(0.49999997f), a)));
}
#ifdef __ARM_FEATURE_DSP
#include <arm_acle.h>
#define MG_HAS_NEAREST_BYTE
MG_INLINE mg_vi mg_vi_nearest_byte(mg_vf a)
{
    mg_vi r;
    __asm__("vcvt.s32.f32 %1, %1, #24\n\tvmov %0, %1" : "=r"(r), "+t"(a));
    return __qadd(r, 0x800000 + (r >> 31)) >> 24;
}
#endif
#endif
#endif
#endif
