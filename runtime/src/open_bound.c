/* Opening a blob with inputs or outputs in memory of the application. */
#include "check.h"

mgecc_status mgecc_open_bound(mgecc_bound *b, const mgecc_kernels *kernels, const void *blob, size_t size, void *arena,
                              size_t arena_size)
{
    if (!b)
        return MGECC_E_ARGUMENT;
    mgecc_unbind(b);
    return open_checked(&b->model, kernels, blob, size, arena, arena_size, 1);
}
