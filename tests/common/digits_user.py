"""An application that runs the model digits once and says so."""

MAIN = """#include <stdio.h>
#include "digits.h"
static MGECC_ALIGNED unsigned char arena[DIGITS_ARENA_SIZE];
int main(void)
{
    mgecc_model model;
    if (digits_open(&model, arena, sizeof arena) != MGECC_OK)
        return 1;
    for (int i = 0; i < DIGITS_INPUT_DATA_ELEMENTS; i++)
        digits_input_data(&model)[i] = 0.0f;
    if (digits_run(&model) != MGECC_OK)
        return 2;
    puts("ran");
    return 0;
}
"""
