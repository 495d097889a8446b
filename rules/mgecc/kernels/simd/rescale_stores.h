/* Sums to stored numbers in lanes, and four vectors of sums, of one vector of channels, to bytes in memory, `step` from one to the next. */
#ifndef MG_RESCALE_STORES_H
#define MG_RESCALE_STORES_H
MG_INLINE mg_vi mg_rescaled(int kind, mg_ends e, mg_rescale f, mg_vi sums) { return mg_ends_apply(e, mg_rescale_lanes(kind, f, sums)); }

#ifndef MG_RESCALED_STORE4
MG_INLINE void mg_rescaled_store4(int8_t *p, ptrdiff_t step, int kind, mg_ends e, mg_rescale f, mg_vi a, mg_vi b, mg_vi c, mg_vi d)
{
    mg_vb_store(p, mg_rescaled(kind, e, f, a));
    mg_vb_store(p + step, mg_rescaled(kind, e, f, b));
    mg_vb_store(p + 2 * step, mg_rescaled(kind, e, f, c));
    mg_vb_store(p + 3 * step, mg_rescaled(kind, e, f, d));
}
#endif
#endif
