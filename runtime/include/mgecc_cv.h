/* mgecc_cv.h - images for the functions of a generated <model>_cv.h. C99 or C++, freestanding: no heap, no libc.
 *
 * Functions take a source they only read and a destination they fill whole; no byte outside of its pixels is written,
 * also not between the rows. Source and destination share no pixel. On an error nothing is written. */
#ifndef MGECC_CV_H
#define MGECC_CV_H
#include <stdbool.h>

#include "mgecc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of interleaved pixels (HWC), the caller's memory. stride: bytes from a row to the next, at least a row's own. */
typedef struct mgecc_image {
    void *data;
    int32_t rows, cols, channels;
    int32_t stride;
    mgecc_dtype dtype;
} mgecc_image;

typedef int mgecc_cv_status;
enum {
    MGECC_CV_OK = 0,
    MGECC_CV_E_NULL,     /* a null pointer */
    MGECC_CV_E_DTYPE,    /* not the element type of the function */
    MGECC_CV_E_SIZE,     /* rows or cols below 1 or too large, or sizes that do not belong together */
    MGECC_CV_E_CHANNELS, /* a number of channels that the function does not take */
    MGECC_CV_E_STRIDE,   /* less than a row, or not a multiple of the element size */
    MGECC_CV_E_ALIGN,    /* data not at a multiple of the element size */
    MGECC_CV_E_OVERLAP,  /* source and destination share a byte */
    MGECC_CV_E_ARGUMENT  /* another argument is out of its range */
};

#ifdef __cplusplus
}
#endif
#endif
