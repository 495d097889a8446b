/* Opening a blob with inputs or outputs in memory of the application. */
#include "check.h"

mgecc_status mgecc_open_bound(mgecc_bound *b, const mgecc_kernels *kernels, const void *blob, size_t size, void *arena,
                              size_t arena_size)
{
    if (!b)
        return MGECC_E_ARGUMENT;
    b->model.program = NULL;
    mgecc_unbind(b);
    const struct entry *e;
    mgecc_status status = check_blob(kernels, blob, size, arena, MGECC_VERSION_BUFFERS, &e);
    if (status != MGECC_OK)
        return status;
    const unsigned char *bytes = blob;
    if (!program_ok((const void *)(bytes + e->program), e->program_size, 1))
        return MGECC_E_LAYOUT;
    return bind_model(&b->model, kernels, bytes, e, arena, arena_size);
}
