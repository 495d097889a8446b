/* Looks for a face on pictures of visitors: only the gateway has the memory for it. */
#include "faces.h"
#include "blazeface.h"
#include "visitors.h"

static MGECC_ALIGNED unsigned char arena[BLAZEFACE_ARENA_SIZE];

int has_face(int visitor)
{
    mgecc_model model;
    if (blazeface_open(&model, arena, sizeof arena) != MGECC_OK)
        return -1;
    float *input = blazeface_input_data(&model);
    for (int i = 0; i < BLAZEFACE_INPUT_DATA_ELEMENTS; i++)
        input[i] = (float)visitors[visitor][i] / 127.5f - 1.0f;
    blazeface_run(&model);
    const float *scores = blazeface_output_classificators(&model);
    for (int i = 0; i < BLAZEFACE_OUTPUT_CLASSIFICATORS_ELEMENTS; i++)
        if (scores[i] > 0.0f)
            return 1;
    return 0;
}
