/* Reads the digits on parcels: small pictures with one network, large ones with another, in the same memory. Where
 * there is room, a third network looks for faces. */
#include "digits.h"
#include "faces.h"
#include "mnist.h"
#include "pictures.h"
#include "port.h"
#include "print.h"

#define LARGER(a, b) ((a) > (b) ? (a) : (b))
static MGECC_ALIGNED unsigned char arena[LARGER(DIGITS_ARENA_SIZE, MNIST_ARENA_SIZE)];

void *memcpy(void *to, const void *from, size_t count);

static unsigned best(const float *scores, unsigned count)
{
    unsigned at = 0;
    for (unsigned i = 1; i < count; i++)
        if (scores[i] > scores[at])
            at = i;
    return at;
}

static unsigned read_small(const float *picture)
{
    mgecc_model model;
    if (digits_open(&model, arena, sizeof arena) != MGECC_OK)
        return 99;
    memcpy(digits_input_data(&model), picture, DIGITS_INPUT_DATA_BYTES);
    digits_run(&model);
    return best(digits_output_logits(&model), DIGITS_OUTPUT_LOGITS_ELEMENTS);
}

static unsigned read_large(const float *picture)
{
    mgecc_model model;
    if (mnist_open(&model, arena, sizeof arena) != MGECC_OK)
        return 99;
    memcpy(mnist_input_data(&model), picture, MNIST_INPUT_DATA_BYTES);
    mnist_run(&model);
    return best(mnist_output_logits(&model), MNIST_OUTPUT_LOGITS_ELEMENTS);
}

static int look_for_faces(void)
{
    int unknown = 0;
#ifdef FACES
    for (int i = 0; i < VISITORS; i++) {
        int found = has_face(i);
        print_visitor(i, found);
        unknown += found < 0;
    }
#endif
    return unknown;
}

int mg_main(int argc, char **argv)
{
    (void)argc, (void)argv;
    int wrong = 0;
    for (int i = 0; i < PICTURES; i++) {
        unsigned small = read_small(small_pictures[i]), large = read_large(large_pictures[i]);
        print_row(i, small, large);
        wrong += small != small_labels[i];
        wrong += large != large_labels[i];
    }
    wrong += 2 * look_for_faces();
    return wrong > 1; /* one digit in so many may be misread */
}
