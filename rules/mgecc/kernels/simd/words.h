/* Four bytes as one number; no alignment needed. For a freestanding compiler plain memcpy is a function like any other. */
#ifndef MG_WORDS_H
#define MG_WORDS_H
MG_INLINE int32_t mg_word(const void *p) { int32_t r; __builtin_memcpy(&r, p, sizeof r); return r; }
MG_INLINE void mg_put_word(void *p, int32_t a) { __builtin_memcpy(p, &a, sizeof a); }
#endif
