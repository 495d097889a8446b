/* Inputs of products that stay in memory, for mg_vq_dot(acc, w, inputs). Vocabulary: int8.h. */
#ifndef MG_INT8_INPUTS_H
#define MG_INT8_INPUTS_H
typedef struct { const int8_t *p; ptrdiff_t step; } mg_q4;
MG_INLINE mg_q4 mg_q4_load(const int8_t *p, ptrdiff_t step) { return (mg_q4){p, step}; }
MG_INLINE mg_q4 mg_q1_load(const int8_t *p) { return (mg_q4){p, 0}; }
#define mg_vi_dot4(acc, w, x, l) mg_vq_dot(acc, w, (x).p + (l) * (x).step)
#endif
