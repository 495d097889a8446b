/* From sums of products to stored numbers on 32-bit Arm. See requant_numbers.h. */
#ifndef MG_REQUANT_H
#define MG_REQUANT_H
#include "requant_neon.h"
#endif
