/* mgecc_lite.h - the calls of MegCC's C interface that its runtime has, over libraries of mgecc. An application written against them
 * is compiled with -Iruntime/lite, the files of this folder, its models' libraries, and one file that lists the models:
 *
 *     #include "mgecc_lite.h"
 *     #include "mobilenet.h"
 *     MGECC_LITE_MODEL(mobilenet, MOBILENET)
 *     const mgecc_lite_model *const mgecc_lite_models[] = {MGECC_LITE(mobilenet), NULL};
 *
 * Names, values and members are MegCC's, so that such an application need not change. It needs a libc: malloc, files,
 * stderr. All calls return 0, or another number on an error, which is told on stderr. */
#ifndef MGECC_LITE_H
#define MGECC_LITE_H
#include "mgecc.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LITE_API MGECC_API
#define LAYOUT_MAX_DIM 7

typedef enum LiteLogLevel { LITE_DEBUG, LITE_INFO, LITE_WARN, LITE_ERROR } LiteLogLevel;
typedef enum LiteBackend { LITE_DEFAULT } LiteBackend;
typedef enum LiteDeviceType {
    LITE_CPU = 0,
    LITE_CUDA = 1,
    LITE_ATLAS = 3,
    LITE_NPU = 4,
    LITE_DEVICE_DEFAULT = 5
} LiteDeviceType;
typedef enum LiteDataType {
    LITE_FLOAT,
    LITE_HALF,
    LITE_INT,
    LITE_INT16,
    LITE_INT8,
    LITE_UINT8,
    LITE_UINT,
    LITE_UINT16,
    LITE_INT64
} LiteCDataType;
typedef enum LiteTensorPhase { LITE_IO, LITE_INPUT, LITE_OUTPUT } LiteTensorPhase;
typedef enum LiteIOType { LITE_IO_VALUE, LITE_IO_SHAPE } LiteIOType;

typedef struct LiteLayout {
    size_t shapes[LAYOUT_MAX_DIM];
    size_t ndim;
    LiteCDataType data_type;
} LiteLayout;

/* None of the options has an effect: what can be decided was when the model was compiled. */
typedef struct Options {
    int weight_preprocess, fuse_preprocess, fake_next_exec, var_sanity_check_first_run, const_shape;
    int force_dynamic_alloc, force_output_dynamic_alloc, no_profiling_on_shape_change, jit_level;
    int comp_node_seq_record_level, graph_opt_level, async_exec_level;
    int enable_nchw44, enable_nchw44_dot, enable_nchw88, enable_nhwcd4, enable_nchw4, enable_nchw32, enable_nchw64;
} LiteOptions;

typedef struct LiteConfig {
    int has_compression, device_id;
    LiteDeviceType device_type;
    LiteBackend backend;
    const char *bare_model_cryption_name;
    LiteOptions options;
} LiteConfig;

typedef struct LiteIO {
    const char *name;
    int is_host;
    LiteIOType io_type;
    LiteLayout config_layout;
} LiteIO;

typedef struct LiteNetworkIO {
    LiteIO *inputs, *outputs;
    size_t input_size, output_size;
} LiteNetworkIO;

typedef void *LiteTensor;
typedef void *LiteNetwork;

LITE_API LiteConfig *default_config(void);
LITE_API LiteNetworkIO *default_network_io(void);

LITE_API int LITE_set_log_level(LiteLogLevel level);
LITE_API int LITE_get_log_level(LiteLogLevel *level);

LITE_API int LITE_make_network(LiteNetwork *network, const LiteConfig config, const LiteNetworkIO network_io);
LITE_API int LITE_destroy_network(LiteNetwork network);

/* The blob is that of one of mgecc_lite_models. with_shared_mem: at a multiple of MGECC_ALIGN it is read where it lies,
 * for as long as the network lives, else copied. */
LITE_API int LITE_load_model_from_path(LiteNetwork network, const char *model_path);
LITE_API int LITE_load_model_from_mem(LiteNetwork network, void *model_mem, size_t size);
LITE_API int LITE_load_model_with_shared_mem(LiteNetwork network, void *model_mem, size_t size);

/* src and dst run in one memory, one after the other, at any time before they run. Outputs are valid until the other
 * one runs. Not for models with memory across runs. */
LITE_API int LITE_share_runtime_memroy(LiteNetwork src_network, LiteNetwork dst_network);

LITE_API int LITE_forward(const LiteNetwork network);
LITE_API int LITE_wait(const LiteNetwork network);

LITE_API int LITE_get_output_name(const LiteNetwork network, size_t index, const char **name);
/* size, name: NULL for what is not wanted. */
LITE_API int LITE_get_all_input_name(const LiteNetwork network, size_t *size, const char **name);
LITE_API int LITE_get_all_output_name(const LiteNetwork network, size_t *size, const char **name);

LITE_API int LITE_get_io_tensor(LiteNetwork network, const char *io_name, LiteTensorPhase phase, LiteTensor *tensor);
LITE_API int LITE_destroy_tensor(LiteTensor tensor);

/* Of an input: take the set of input shapes, or the declared sizes, that give it this shape. */
LITE_API int LITE_set_tensor_layout(LiteTensor tensor, const LiteLayout layout);
LITE_API int LITE_get_tensor_layout(const LiteTensor tensor, LiteLayout *layout);

/* Memory of the caller, of exactly the tensor's bytes: inputs are read there when the network runs, outputs written. */
LITE_API int LITE_reset_tensor_memory(LiteTensor tensor, void *prepared_data, size_t data_length_in_byte);
LITE_API int LITE_get_tensor_memory(const LiteTensor tensor, void **data);
LITE_API int LITE_get_tensor_total_size_in_byte(const LiteTensor tensor, size_t *size);

/* What the library knows of a model. open: of a set of input shapes; open_sizes: of declared sizes, NULL if there are none. */
typedef struct mgecc_lite_model {
    unsigned shape_sets;
    size_t arena_size;
    mgecc_status (*open)(mgecc_model *m, unsigned shapes, const void *blob, size_t size, void *arena,
                         size_t arena_size);
    mgecc_status (*open_sizes)(mgecc_dynamic *d, const void *blob, size_t size, void *arena, size_t arena_size);
} mgecc_lite_model;

/* The application's models, up to NULL. */
extern const mgecc_lite_model *const mgecc_lite_models[];

/* Opening a model, checked to be of the type that is named: those with buffers have other objects, and are not served. */
#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define MGECC_LITE_OPENS(function, ...) _Generic(function, mgecc_status (*)(__VA_ARGS__): function)
#else
#define MGECC_LITE_OPENS(function, ...) function
#endif

#define MGECC_LITE(prefix) &prefix##_lite_model
#define MGECC_LITE_MODEL(prefix, upper)                                                                    \
    static mgecc_status prefix##_lite_open(mgecc_model *m, unsigned shapes, const void *blob, size_t size, \
                                           void *arena, size_t arena_size)                                 \
    {                                                                                                      \
        if (shapes)                                                                                        \
            return MGECC_E_ARGUMENT;                                                                       \
        return MGECC_LITE_OPENS(prefix##_open_blob, mgecc_model *, const void *, size_t, void *,           \
                                size_t)(m, blob, size, arena, arena_size);                                 \
    }                                                                                                      \
    static const mgecc_lite_model prefix##_lite_model = {1, upper##_ARENA_SIZE, prefix##_lite_open, NULL};
/* Of a model with several sets of input shapes, and of one with declared sizes. */
#define MGECC_LITE_MODEL_SHAPES(prefix, upper)                                                                      \
    static const mgecc_lite_model prefix##_lite_model = {                                                           \
        upper##_SHAPE_SETS, upper##_ARENA_SIZE,                                                                     \
        MGECC_LITE_OPENS(prefix##_open_shapes_blob, mgecc_model *, unsigned, const void *, size_t, void *, size_t), \
        NULL};
#define MGECC_LITE_MODEL_SIZES(prefix, upper)             \
    static const mgecc_lite_model prefix##_lite_model = { \
        1, upper##_ARENA_SIZE, NULL,                      \
        MGECC_LITE_OPENS(prefix##_open_blob, mgecc_dynamic *, const void *, size_t, void *, size_t)};

#ifdef __cplusplus
}
#endif
#endif
