/* From sums of products to stored numbers by all steps of their meaning, for any ISA: see requant_numbers.h. One that knows a
 * shorter way has requant_<isa>.h, and says `requant` in its record. */
#ifndef MG_REQUANT_H
#define MG_REQUANT_H
#define MG_REQUANT_FIELDS
#define MG_REQUANT_LOAD(r, q) (void)0
#include "requant_numbers.h"
#include "requant_steps.h"
#endif
