/* Numbers of half precision, stored as their 16 bits: read as float32 lanes and rounded back, to nearest and ties to even.
 * Every half is a float32, denormals, infinities and not-a-number included; what is larger than the halves becomes infinite.
 * On 32-bit Arm, float32 denormals become zero on the way, and so they do in half precision.
 * An ISA with instructions for it has half_<isa>.h. */
#ifndef MG_HALF_H
#define MG_HALF_H
#include "half_integers.h"
#include "half_common.h"
#endif
