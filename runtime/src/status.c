/* Status codes in words. */
#include "mgecc.h"

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(word) #word

const char *mgecc_status_text(mgecc_status status)
{
    switch (status) {
    case MGECC_OK:
        return "no error";
    case MGECC_E_MAGIC:
        return "not a model blob";
    case MGECC_E_VERSION:
        return "blob of another format version";
    case MGECC_E_TRUNCATED:
        return "blob is truncated";
    case MGECC_E_CRC:
        return "blob is damaged (checksum)";
    case MGECC_E_KERNELS:
        return "blob was not compiled with these kernels";
    case MGECC_E_LAYOUT:
        return "blob is malformed";
    case MGECC_E_ARENA:
        return "arena is too small";
    case MGECC_E_ALIGN:
        return "memory is not aligned to " TEXT(MGECC_ALIGN) " bytes";
    case MGECC_E_ARGUMENT:
        return "null pointer, model not open, or no such tensor";
    case MGECC_E_SIZE:
        return "a size is out of its range, or sizes do not give this shape";
    case MGECC_E_RANGE:
        return "an input holds an integer that 32 bits do not";
    case MGECC_E_BUFFER:
        return "buffer not bound, of wrong size or overlapping";
    }
    return "unknown status";
}
