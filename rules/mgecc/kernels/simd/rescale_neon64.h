/* Whole sums to bytes by fixed-point factors on 64-bit Arm. Vocabulary: rescale.h. */
#ifndef MG_RESCALE_H
#define MG_RESCALE_H
#include "rescale_neon.h"
#endif
