/* Vectors that hold some channels 2 or 4 times, each for an input of its own. */
#ifndef MG_FOLD_X86_H
#define MG_FOLD_X86_H
/* Inputs l * 2 (l * 4) and following times a vector of their weights. */
#define mg_vf_fma_x2(acc, w, x, l) mg_vf_fma(acc, w, mg_vf_set2((x) + 2 * (l)))
#define mg_vf_fma_x4(acc, w, x, l) mg_vf_fma(acc, w, mg_vf_set4((x) + 4 * (l)))

/* Sums of neighbouring pairs (fours) in the first lanes, zeros behind them. */
MG_INLINE mg_vf mg_vf_reduce2(mg_vf a) { return mg_vf_reduce2_both(a, mg_vf_zero()); }
MG_INLINE mg_vf mg_vf_reduce4(mg_vf a) { return mg_vf_reduce2(mg_vf_reduce2(a)); }
#endif
