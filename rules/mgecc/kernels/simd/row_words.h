/* Words of rows of bytes whose ends may lie within. */
#ifndef MG_ROW_WORDS_H
#define MG_ROW_WORDS_H
#include "words.h"

/* Four bytes of a row of `count` from `at` on, with bytes of `outside` beyond its ends; row 0: of them alone. */
MG_INLINE int32_t mg_row_word(const int8_t *row, int32_t at, int32_t count, int32_t outside)
{
    if (!row) return outside;
    if (at >= 0 && at + 4 <= count) return mg_word(row + at);
    uint32_t word = 0;
    for (int32_t l = 0; l < 4; l++)
        word |= ((uint32_t)at + (uint32_t)l < (uint32_t)count ? (uint32_t)(uint8_t)row[at + l] : (uint32_t)outside & 255) << 8 * l;
    return (int32_t)word;
}
#endif
