/* What the files of the C interface of MegCC share. */
#ifndef MGECC_LITE_INTERNAL_H
#define MGECC_LITE_INTERNAL_H
#include "mgecc_lite.h"

#define MGECC_HIDDEN __attribute__((visibility("hidden")))

enum { INPUTS, OUTPUTS, SIDES };

/* Memory that networks run in; the last one frees it. */
struct runtime_memory {
    unsigned users;
    size_t bytes;
    unsigned char *data;
};

/* One side's tensors. own: memory of the inputs, which runs do not touch; given: memory of the caller's, or NULL; both of
 * this many bytes. */
struct side {
    unsigned count;
    unsigned char **own;
    void **given;
    size_t *bytes;
};

/* object: all of it for declared sizes, its model else. opened_in: the memory that it was opened in. */
struct network {
    const mgecc_lite_model *kind;
    mgecc_dynamic object;
    const unsigned char *opened_in;
    struct runtime_memory *memory;
    unsigned char *copy;
    const void *blob;
    size_t blob_size;
    unsigned shapes;
    struct side side[SIDES];
};

struct tensor_of {
    struct network *network;
    int side;
    unsigned index;
};

/* Tell what was wrong; the result of the call. */
MGECC_HIDDEN int lite_failed(const char *what, const char *why);
MGECC_HIDDEN int lite_status(const char *what, mgecc_status status);

/* Memory at a multiple of MGECC_ALIGN, for lite_release; NULL if there is none. */
MGECC_HIDDEN unsigned char *lite_aligned(size_t bytes);
MGECC_HIDDEN void lite_release(unsigned char *memory);

/* Open the model in its memory, unless it is. */
MGECC_HIDDEN mgecc_status lite_ready(struct network *n);
MGECC_HIDDEN mgecc_status lite_open(struct network *n, unsigned shapes);

/* Make room for inputs whose sizes have changed, and forget memory of the caller's that had the former. 0 if there is none. */
MGECC_HIDDEN int lite_room(struct network *n);
MGECC_HIDDEN mgecc_tensor lite_info(const struct network *n, int side, unsigned i);
#endif
