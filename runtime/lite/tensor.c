/* Inputs and outputs of networks: names, shapes, memory. */
#include "lite.h"
#include <stdlib.h>
#include <string.h>

mgecc_tensor lite_info(const struct network *n, int side, unsigned i)
{
    mgecc_tensor info;
    memset(&info, 0, sizeof info);
    if (side == INPUTS)
        mgecc_input_info(&n->object.model, i, &info);
    else
        mgecc_output_info(&n->object.model, i, &info);
    return info;
}

static unsigned count_of(const struct network *n, int side)
{
    return side == INPUTS ? mgecc_input_count(&n->object.model) : mgecc_output_count(&n->object.model);
}

static int make_side(struct side *side, unsigned count)
{
    side->count = count;
    side->own = calloc(count + 1, sizeof *side->own);
    side->given = calloc(count + 1, sizeof *side->given);
    side->bytes = calloc(count + 1, sizeof *side->bytes);
    return side->own && side->given && side->bytes;
}

int lite_room(struct network *n)
{
    for (int s = 0; s < SIDES; s++) {
        struct side *side = &n->side[s];
        if (!side->own && !make_side(side, count_of(n, s)))
            return 0;
        for (unsigned i = 0; i < side->count; i++) {
            size_t bytes = lite_info(n, s, i).bytes;
            if (bytes != side->bytes[i])
                side->given[i] = NULL;
            if (s == INPUTS && (bytes != side->bytes[i] || !side->own[i])) {
                lite_release(side->own[i]);
                side->own[i] = lite_aligned(bytes);
                if (!side->own[i])
                    return 0;
                memset(side->own[i], 0, bytes);
            }
            side->bytes[i] = bytes;
        }
    }
    return 1;
}

static int all_names(const struct network *n, int side, size_t *size, const char **names, const char *call)
{
    if (!n || !n->kind)
        return lite_failed(call, "no network, or no model loaded");
    unsigned count = n->side[side].count;
    if (size)
        *size = count;
    for (unsigned i = 0; names && i < count; i++)
        names[i] = lite_info(n, side, i).name;
    return 0;
}

int LITE_get_all_input_name(const LiteNetwork network, size_t *size, const char **name)
{
    return all_names(network, INPUTS, size, name, "LITE_get_all_input_name");
}

int LITE_get_all_output_name(const LiteNetwork network, size_t *size, const char **name)
{
    return all_names(network, OUTPUTS, size, name, "LITE_get_all_output_name");
}

int LITE_get_output_name(const LiteNetwork network, size_t index, const char **name)
{
    const struct network *n = network;
    if (!n || !n->kind || !name || index >= n->side[OUTPUTS].count)
        return lite_failed("LITE_get_output_name", "no model loaded, no such output, or a null pointer");
    *name = lite_info(n, OUTPUTS, (unsigned)index).name;
    return 0;
}

int LITE_get_io_tensor(LiteNetwork network, const char *io_name, LiteTensorPhase phase, LiteTensor *tensor)
{
    struct network *n = network;
    if (!n || !n->kind || !io_name || !tensor)
        return lite_failed("LITE_get_io_tensor", "no model loaded, or a null pointer");
    int input = phase == LITE_OUTPUT ? -1 : mgecc_find_input(&n->object.model, io_name);
    int output = phase == LITE_INPUT ? -1 : mgecc_find_output(&n->object.model, io_name);
    if (input < 0 && output < 0)
        return lite_failed("LITE_get_io_tensor, no such tensor", io_name);
    struct tensor_of *t = malloc(sizeof *t);
    if (!t)
        return lite_failed("LITE_get_io_tensor", "no memory");
    t->network = n;
    t->side = input >= 0 ? INPUTS : OUTPUTS;
    t->index = (unsigned)(input >= 0 ? input : output);
    *tensor = t;
    return 0;
}

int LITE_destroy_tensor(LiteTensor tensor)
{
    if (!tensor)
        return lite_failed("LITE_destroy_tensor", "null pointer");
    free(tensor);
    return 0;
}

static int same_dims(const mgecc_tensor *info, const LiteLayout *layout)
{
    int same = info->rank == layout->ndim;
    for (unsigned k = 0; same && k < info->rank; k++)
        same = info->dims[k] >= 0 && (size_t)info->dims[k] == layout->shapes[k];
    return same;
}

/* The elements of a tensor as the interface calls them, -1 for those that it has no word for. */
static int type_of(mgecc_dtype dtype)
{
    switch (dtype) {
    case MGECC_FLOAT32:
        return LITE_FLOAT;
    case MGECC_FLOAT16:
        return LITE_HALF;
    case MGECC_INT32:
    case MGECC_QINT32:
        return LITE_INT;
    case MGECC_INT16:
    case MGECC_QINT16:
        return LITE_INT16;
    case MGECC_UINT16:
        return LITE_UINT16;
    case MGECC_INT8:
    case MGECC_QINT8:
    case MGECC_QINT4:
    case MGECC_QINT1:
        return LITE_INT8;
    case MGECC_UINT8:
    case MGECC_BOOL:
    case MGECC_QUINT8:
    case MGECC_QUINT4:
        return LITE_UINT8;
    case MGECC_UINT32:
        return LITE_UINT;
    case MGECC_INT64:
        return LITE_INT64;
    default:
        return -1;
    }
}

/* Open the set of input shapes in which input i has these sizes; the former one stays if there is none. */
static mgecc_status choose_set(struct network *n, unsigned i, const LiteLayout *layout)
{
    const unsigned before = n->shapes;
    for (unsigned set = 0; set < n->kind->shape_sets; set++) {
        mgecc_status status = lite_open(n, set);
        if (status != MGECC_OK)
            return status;
        mgecc_tensor info = lite_info(n, INPUTS, i);
        if (same_dims(&info, layout))
            return MGECC_OK;
    }
    mgecc_status status = lite_open(n, before);
    return status == MGECC_OK ? MGECC_E_SIZE : status;
}

static mgecc_status set_shape(struct network *n, unsigned i, const LiteLayout *layout)
{
    int32_t dims[LAYOUT_MAX_DIM];
    for (size_t k = 0; k < layout->ndim; k++) {
        if (layout->shapes[k] > INT32_MAX)
            return MGECC_E_SIZE;
        dims[k] = (int32_t)layout->shapes[k];
    }
    if (n->kind->open_sizes)
        return mgecc_set_shape(&n->object, i, dims, (unsigned)layout->ndim);
    return choose_set(n, i, layout);
}

int LITE_set_tensor_layout(LiteTensor tensor, const LiteLayout layout)
{
    const char *call = "LITE_set_tensor_layout";
    struct tensor_of *t = tensor;
    if (!t || t->side != INPUTS || layout.ndim > LAYOUT_MAX_DIM)
        return lite_failed(call, "not an input, or too many axes");
    mgecc_status status = lite_ready(t->network);
    if (status != MGECC_OK)
        return lite_status(call, status);
    mgecc_tensor info = lite_info(t->network, INPUTS, t->index);
    if ((int)layout.data_type != type_of(info.dtype))
        return lite_failed(call, "the input has another element type");
    if (same_dims(&info, &layout))
        return 0;
    status = set_shape(t->network, t->index, &layout);
    if (status != MGECC_OK)
        return lite_status(call, status);
    return lite_room(t->network) ? 0 : lite_failed(call, "no memory");
}

int LITE_get_tensor_layout(const LiteTensor tensor, LiteLayout *layout)
{
    const struct tensor_of *t = tensor;
    if (!t || !layout)
        return lite_failed("LITE_get_tensor_layout", "null pointer");
    mgecc_tensor info = lite_info(t->network, t->side, t->index);
    if (type_of(info.dtype) < 0 || info.rank > LAYOUT_MAX_DIM)
        return lite_failed("LITE_get_tensor_layout", "an element type or a number of axes that LiteLayout cannot say");
    memset(layout, 0, sizeof *layout);
    layout->data_type = (LiteCDataType)type_of(info.dtype);
    layout->ndim = info.rank;
    for (unsigned k = 0; k < info.rank; k++)
        layout->shapes[k] = (size_t)info.dims[k];
    return 0;
}

int LITE_reset_tensor_memory(LiteTensor tensor, void *prepared_data, size_t data_length_in_byte)
{
    struct tensor_of *t = tensor;
    if (!t || !prepared_data)
        return lite_failed("LITE_reset_tensor_memory", "null pointer");
    if (data_length_in_byte != lite_info(t->network, t->side, t->index).bytes)
        return lite_failed("LITE_reset_tensor_memory", "not the bytes that the tensor has");
    t->network->side[t->side].given[t->index] = prepared_data;
    return 0;
}

int LITE_get_tensor_memory(const LiteTensor tensor, void **data)
{
    const struct tensor_of *t = tensor;
    if (!t || !data)
        return lite_failed("LITE_get_tensor_memory", "null pointer");
    mgecc_status status = lite_ready(t->network);
    if (status != MGECC_OK)
        return lite_status("LITE_get_tensor_memory", status);
    const struct side *side = &t->network->side[t->side];
    if (side->given[t->index])
        *data = side->given[t->index];
    else if (t->side == INPUTS)
        *data = side->own[t->index];
    else
        *data = (void *)(uintptr_t)mgecc_output(&t->network->object.model, t->index);
    return 0;
}

int LITE_get_tensor_total_size_in_byte(const LiteTensor tensor, size_t *size)
{
    const struct tensor_of *t = tensor;
    if (!t || !size)
        return lite_failed("LITE_get_tensor_total_size_in_byte", "null pointer");
    *size = lite_info(t->network, t->side, t->index).bytes;
    return 0;
}
