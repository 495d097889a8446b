/* Vectors of 16 bytes, one to three of them, and pointers whose value is hidden. */
#ifndef MG_INT8_TYPES_NEON_H
#define MG_INT8_TYPES_NEON_H
typedef int8x16_t mg_b;

/* Neighbouring vectors in one instruction. Clang 21 computes addresses by instructions of their own unless the pointer's value is hidden. */
typedef struct { mg_b val[3]; } mg_b3;
typedef struct { mg_b val[2]; } mg_b2;
#define mg_move(p, by) (p) += (by); __asm__ volatile("" : "+r"(p))
#endif
