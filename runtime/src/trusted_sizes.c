/* Opening a blob that is part of the program, for a model with declared sizes. */
#include "internal.h"

mgecc_status mgecc_open_sizes_trusted(mgecc_dynamic *d, const mgecc_kernels *kernels, const void *blob, void *arena,
                                      size_t arena_size)
{
    mgecc_status status = mgecc_open_trusted(d ? &d->model : NULL, kernels, blob, arena, arena_size);
    return status == MGECC_OK ? mgecc_start_sizes(d, d->model.program) : status;
}
