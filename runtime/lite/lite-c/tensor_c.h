/* tensor_c.h - under the name by which applications of MegCC include it. */
#include "../mgecc_lite.h"
