/* What the int8_lanes.h of both Arms share. */
#ifndef MG_INT8_LANES_NEON_H
#define MG_INT8_LANES_NEON_H
typedef struct { int16x8_t at[2]; } mg_vd4;
typedef int16x8_t mg_vd; /* the four weights twice: beside the lower and the upper half of a register */

MG_INLINE mg_vi mg_vb_load_s8(const void *p)
{
    return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(mg_word(p))))));
}

MG_INLINE mg_vi mg_vb_load_u8(const void *p)
{
    uint8x8_t bytes = vreinterpret_u8_s32(vdup_n_s32(mg_word(p)));
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
}

MG_INLINE void mg_vb_store(void *p, mg_vi a)
{
    int16x4_t half = vmovn_s32(a);
    mg_put_word(p, vget_lane_s32(vreinterpret_s32_s8(vmovn_s16(vcombine_s16(half, half))), 0));
}

MG_INLINE mg_vd4 mg_vd4_load(const int8_t *p)
{
    int8x16_t x = vld1q_s8(p);
    return (mg_vd4){{vmovl_s8(vget_low_s8(x)), vmovl_s8(vget_high_s8(x))}};
}

MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return vld1q_s16(p); }

#define mg_vi_mac(acc, x, l, w)                                                  \
    ((l) & 1 ? mg_vi_mac_high(acc, (x).at[(l) / 2], w)                           \
             : vmlal_s16(acc, vget_low_s16((x).at[(l) / 2]), vget_low_s16(w)))

/* Four vectors of bytes one behind the other, widened. */
typedef struct { mg_vi at[4]; } mg_vb4;
MG_INLINE mg_vb4 mg_vb4_load_s8(const int8_t *p)
{
    const mg_vd4 x = mg_vd4_load(p);
    return (mg_vb4){{vmovl_s16(vget_low_s16(x.at[0])), vmovl_s16(vget_high_s16(x.at[0])), vmovl_s16(vget_low_s16(x.at[1])),
                     vmovl_s16(vget_high_s16(x.at[1]))}};
}
MG_INLINE mg_vb4 mg_vb4_load_u8(const uint8_t *p)
{
    const uint8x16_t x = vld1q_u8(p);
    const int16x8_t a = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(x))), b = vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(x)));
    return (mg_vb4){{vmovl_s16(vget_low_s16(a)), vmovl_s16(vget_high_s16(a)), vmovl_s16(vget_low_s16(b)), vmovl_s16(vget_high_s16(b))}};
}

/* Sixteen pixels of four channels from four planes, the bits of `flip` turned. */
#define MG_PLANES 16
MG_INLINE void mg_planes_join(int8_t *to, const int8_t *p0, const int8_t *p1, const int8_t *p2, const int8_t *p3, int flip)
{
    const int8x16_t turn = vdupq_n_s8((int8_t)flip);
    int8x16x4_t x = {{vld1q_s8(p0), vld1q_s8(p1), vld1q_s8(p2), vld1q_s8(p3)}};
    for (int m = 0; m < 4; m++) x.val[m] = veorq_s8(x.val[m], turn);
    vst4q_s8(to, x);
}
#endif
