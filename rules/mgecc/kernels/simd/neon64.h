/* 64-bit Arm: 4 lanes with fused multiply-add. Vocabulary: scalar.h. */
#ifndef MG_NEON64_H
#define MG_NEON64_H
#include "common.h"
#include "neon.h"

MG_INLINE mg_vf mg_vf_div(mg_vf a, mg_vf b) { return vdivq_f32(a, b); }
MG_INLINE mg_vf mg_vf_sqrt(mg_vf a) { return vsqrtq_f32(a); }
MG_INLINE mg_vf mg_vf_floor(mg_vf a) { return vrndmq_f32(a); }
MG_INLINE mg_vf mg_vf_ceil(mg_vf a) { return vrndpq_f32(a); }
MG_INLINE mg_vf mg_vf_trunc(mg_vf a) { return vrndq_f32(a); }

#define mg_vf_fma_x(acc, w, x, l) vfmaq_laneq_f32(acc, w, x, l)

#include "derived.h"
#endif
