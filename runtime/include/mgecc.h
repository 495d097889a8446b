/* mgecc.h - running compiled models. C99 or C++, freestanding: no heap, no globals that change, no libc.
 *
 * A model is a kernel set (C functions, linked in) and a blob (program and weights, read only, anywhere in memory).
 * mgecc_open checks the blob; from then on the blob must not change, and no run leaves the arena, the blob and
 * the kernels' own stack. Different mgecc_model objects with different arenas are independent of each other.
 *
 * ABI: no type is an enum, whose size -fshort-enums changes; library and application may be built with or without. */
#ifndef MGECC_H
#define MGECC_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MGECC_API __attribute__((visibility("default")))
#else
#define MGECC_API
#endif

/* Arena and blob begin at a multiple of this many bytes. Microcontrollers have no lines of caches to fill. */
#if !defined(__ARM_ARCH_PROFILE) || __ARM_ARCH_PROFILE != 'M'
#define MGECC_ALIGN 64
#elif defined(__ARM_FEATURE_MVE)
#define MGECC_ALIGN 16
#else
#define MGECC_ALIGN 8
#endif
#define MGECC_MAX_RANK 8

/* For the definition of an arena: static MGECC_ALIGNED unsigned char arena[...]. Other compilers may be told how: -DMGECC_ALIGNED=... */
#if defined(MGECC_ALIGNED)
#elif defined(__GNUC__)
#define MGECC_ALIGNED __attribute__((aligned(MGECC_ALIGN)))
#elif defined(_MSC_VER)
#define MGECC_ALIGNED __declspec(align(MGECC_ALIGN))
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define MGECC_ALIGNED _Alignas(MGECC_ALIGN)
#endif

typedef int mgecc_status;
enum {
    MGECC_OK = 0,
    MGECC_E_MAGIC,     /* not a blob */
    MGECC_E_VERSION,   /* a blob of another format version */
    MGECC_E_TRUNCATED, /* fewer bytes than the blob says it has */
    MGECC_E_CRC,       /* a byte of the blob is wrong */
    MGECC_E_KERNELS,   /* no program of the blob was compiled together with these kernels */
    MGECC_E_LAYOUT,    /* an offset, id or count of the blob is out of range */
    MGECC_E_ARENA,     /* the arena is too small */
    MGECC_E_ALIGN,     /* arena or blob not at a multiple of MGECC_ALIGN */
    MGECC_E_ARGUMENT,  /* null pointer, model not open, or no such input or output */
    MGECC_E_SIZE,      /* a size that was not declared, or a shape that no sizes give */
    MGECC_E_RANGE,     /* an input holds an integer that 32 bits do not */
    MGECC_E_BUFFER     /* a buffer of the wrong size or over other memory, or one that is not bound */
};

/* One phrase in English; a separate object file, not linked unless used. */
MGECC_API const char *mgecc_status_text(mgecc_status status);

typedef uint32_t mgecc_dtype;
enum {
    MGECC_FLOAT32 = 0,
    MGECC_FLOAT16,
    MGECC_INT32,
    MGECC_INT16,
    MGECC_UINT16,
    MGECC_INT8,
    MGECC_UINT8,
    MGECC_BOOL,   /* a byte, 0 or 1 */
    MGECC_QINT32, /* quantised: real value = (stored - zero_point) * scale */
    MGECC_QINT16,
    MGECC_QINT8,
    MGECC_QUINT8,
    MGECC_QINT4, /* one byte for each element, like QUINT4 and QINT1 */
    MGECC_QUINT4,
    MGECC_QINT1,
    MGECC_INT64, /* of inputs and outputs alone; a run carries 32 bits */
    MGECC_UINT64,
    MGECC_UINT32
};

/* An input or output, row-major and dense. name and dims point into the blob (of a mgecc_dynamic: into the
 * arena, valid until sizes are set again). */
typedef struct mgecc_tensor {
    const char *name;
    const int32_t *dims;
    uint32_t bytes;
    mgecc_dtype dtype;
    uint32_t rank;
    float scale; /* 0 unless quantised */
    int32_t zero_point;
} mgecc_tensor;

/* t: the tensors in the order of the kernel's operands, NULL where one is absent; args: its numbers. */
typedef void (*mgecc_kernel)(void *const *t, const int32_t *args);

/* What a function for a custom operator gets, valid during the call only. Tensors are row-major and dense; results overlap
 * nothing. operator_name and data come from the model file or, like params ("name=value ..."), from its attributes. */
typedef struct mgecc_custom {
    const char *operator_name;
    const char *params;
    const mgecc_tensor *input_info, *output_info;
    const void *const *inputs;
    void *const *outputs;
    unsigned input_count, output_count;
    const void *data; /* NULL if there is none */
    size_t data_size;
} mgecc_custom;

/* One for each library, in the generated <model>_kernels.c. */
typedef struct mgecc_kernels {
    const mgecc_kernel *table;
    uint32_t count;
    uint32_t fingerprint[4];
} mgecc_kernels;

/* An open model. Memory of the caller, nothing to free. */
typedef struct mgecc_model {
    const unsigned char *program;
    const unsigned char *weights;
    unsigned char *arena;
    const mgecc_kernel *table;
} mgecc_model;

/* An open model whose sizes are set before a run (declared with 'sizes' in model.yaml). Everything but opening and
 * setting sizes takes &d->model. */
#define MGECC_MAX_SIZES 8
typedef struct mgecc_dynamic {
    mgecc_model model;
    const unsigned char *source;
    int32_t sizes[MGECC_MAX_SIZES];
} mgecc_dynamic;

/* An open model whose inputs or outputs, or both, lie in memory of the application (`buffers` in model.yaml). Everything but
 * opening, binding and running takes &b->model; mgecc_input and mgecc_output give NULL for what lies there. */
#define MGECC_MAX_BUFFERS 16
typedef struct mgecc_bound {
    mgecc_model model;
    void *buffers[MGECC_MAX_BUFFERS]; /* of inputs, then of outputs; NULL: not bound */
} mgecc_bound;

/* A declared size: a multiple of step from min to max. It is the size of this axis of this input, perhaps of others too. */
typedef struct mgecc_size {
    const char *name;
    int32_t min, max, step;
    uint32_t input, axis;
} mgecc_size;

/* Check everything and open. size: bytes there are at blob, at least the blob's own size. The blob is used where it
 * lies (flash, mmap) for as long as the model is. On an error the model is left not open. Time: one pass over the blob. */
MGECC_API mgecc_status mgecc_open(mgecc_model *m, const mgecc_kernels *kernels, const void *blob, size_t size,
                                  void *arena, size_t arena_size);

/* Open a blob that is as trusted as the program itself, part of its image: no byte of it is checked, arena and kernels are.
 * What calls only this has no code for checks. */
MGECC_API mgecc_status mgecc_open_trusted(mgecc_model *m, const mgecc_kernels *kernels, const void *blob, void *arena,
                                          size_t arena_size);

/* Hook: CRC-32 as in zlib (polynomial 0xedb88320, reflected), of bytes that follow others whose CRC-32 is crc; 0 for the
 * first. The library's own (weak) is computed from tables; an application's may use the hardware's. */
MGECC_API uint32_t mgecc_crc32(uint32_t crc, const unsigned char *bytes, size_t count);

/* Like mgecc_open, for a program with declared sizes; afterwards they are all as large as they can be. */
MGECC_API mgecc_status mgecc_open_sizes(mgecc_dynamic *d, const mgecc_kernels *kernels, const void *blob, size_t size,
                                        void *arena, size_t arena_size);

/* Like mgecc_open_trusted, likewise. Setting sizes checks the numbers of the copy that they make, as ever. */
MGECC_API mgecc_status mgecc_open_sizes_trusted(mgecc_dynamic *d, const mgecc_kernels *kernels, const void *blob,
                                                void *arena, size_t arena_size);

/* Set all sizes, in their order. Inputs and outputs then have the shapes that follow, and mgecc_input and mgecc_output
 * their places. Before the inputs are written: this overwrites them. Of several models in one arena, set the sizes of
 * the one that is used next. On MGECC_E_SIZE the former sizes hold. */
MGECC_API mgecc_status mgecc_set_sizes(mgecc_dynamic *d, const int32_t *sizes, unsigned count);

/* Set the sizes that the shape of input i names; MGECC_E_SIZE if no sizes give this shape. */
MGECC_API mgecc_status mgecc_set_shape(mgecc_dynamic *d, unsigned i, const int32_t *dims, unsigned rank);

MGECC_API unsigned mgecc_size_count(const mgecc_dynamic *d);
MGECC_API mgecc_status mgecc_size_info(const mgecc_dynamic *d, unsigned i, mgecc_size *info);

/* Like mgecc_open and mgecc_open_trusted, for a program with buffers; afterwards none is bound. */
MGECC_API mgecc_status mgecc_open_bound(mgecc_bound *b, const mgecc_kernels *kernels, const void *blob, size_t size,
                                        void *arena, size_t arena_size);
MGECC_API mgecc_status mgecc_open_bound_trusted(mgecc_bound *b, const mgecc_kernels *kernels, const void *blob,
                                                void *arena, size_t arena_size);

/* Read input i of the next runs at `from`, or write output i to `to`: memory of exactly the tensor's bytes, at a multiple of
 * MGECC_ALIGN (MGECC_E_ALIGN), that overlaps neither the arena nor another buffer (MGECC_E_BUFFER). Inputs are never
 * written; outputs may be, and read, throughout a run. After an error nothing is bound there; NULL unbinds. */
MGECC_API mgecc_status mgecc_bind_input(mgecc_bound *b, unsigned i, const void *from, size_t bytes);
MGECC_API mgecc_status mgecc_bind_output(mgecc_bound *b, unsigned i, void *to, size_t bytes);

/* Where input or output i lies, in a buffer or elsewhere; NULL if there is none, or if its buffer is not bound. */
MGECC_API const void *mgecc_bound_input(const mgecc_bound *b, unsigned i);
MGECC_API const void *mgecc_bound_output(const mgecc_bound *b, unsigned i);

/* Like mgecc_run; MGECC_E_BUFFER if a buffer is not bound. */
MGECC_API mgecc_status mgecc_run_bound(const mgecc_bound *b);

/* Compute all outputs from the inputs in the arena. Inputs may be overwritten: fill them before every run. */
MGECC_API mgecc_status mgecc_run(const mgecc_model *m);

/* Like mgecc_run; hook is called before (begin = 1) and after (begin = 0) every kernel call. call_index counts the calls of
 * a run: it is the position in "layers" of report.json. */
typedef void (*mgecc_hook)(void *user, unsigned call_index, int begin);
MGECC_API mgecc_status mgecc_run_hooked(const mgecc_model *m, mgecc_hook hook, void *user);
MGECC_API mgecc_status mgecc_run_bound_hooked(const mgecc_bound *b, mgecc_hook hook, void *user);

/* Like mgecc_run, for libraries built with `threads`: calls that came apart go to mgecc_parallel. The results are the same
 * to the last bit. One run of a model at a time, as ever. */
MGECC_API mgecc_status mgecc_run_parallel(const mgecc_model *m);

/* Port hook: call part(context, i) for each i below parts, at the same time where that can be, and return when all have
 * ended. The library's own (weak) does one after the other; runtime/port/hosted/pool.c and runtime/port/linux/pool.c keep
 * threads. */
typedef void (*mgecc_part)(void *context, unsigned part);
MGECC_API void mgecc_parallel(mgecc_part part, void *context, unsigned parts);

MGECC_API unsigned mgecc_input_count(const mgecc_model *m);
MGECC_API unsigned mgecc_output_count(const mgecc_model *m);

/* Where input i is to be written, and where output i is to be read (in the arena, or in the blob if it is constant);
 * NULL if there is none. Outputs are valid until inputs are written or the model is run again. */
MGECC_API void *mgecc_input(const mgecc_model *m, unsigned i);
MGECC_API const void *mgecc_output(const mgecc_model *m, unsigned i);

MGECC_API mgecc_status mgecc_input_info(const mgecc_model *m, unsigned i, mgecc_tensor *info);
MGECC_API mgecc_status mgecc_output_info(const mgecc_model *m, unsigned i, mgecc_tensor *info);

/* Index of the input or output with this name, -1 if there is none. */
MGECC_API int mgecc_find_input(const mgecc_model *m, const char *name);
MGECC_API int mgecc_find_output(const mgecc_model *m, const char *name);

#ifdef __cplusplus
}
#endif
#endif
