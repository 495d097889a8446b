/* Opening a blob that is part of the program, with inputs or outputs in memory of the application. */
#include "internal.h"

mgecc_status mgecc_open_bound_trusted(mgecc_bound *b, const mgecc_kernels *kernels, const void *blob, void *arena,
                                      size_t arena_size)
{
    if (b)
        mgecc_unbind(b);
    return mgecc_open_trusted(b ? &b->model : NULL, kernels, blob, arena, arena_size);
}
