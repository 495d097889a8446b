#include "print.h"
#include "port.h"

static char *put(char *at, const char *text)
{
    while (*text)
        *at++ = *text++;
    return at;
}

static char *put_number(char *at, unsigned number)
{
    if (number >= 10)
        *at++ = (char)('0' + number / 10 % 10);
    *at++ = (char)('0' + number % 10);
    return at;
}

void print_row(int row, unsigned small, unsigned large)
{
    char line[64], *at = put(line, "parcel ");
    at = put_number(at, (unsigned)row);
    at = put_number(put(at, ": small "), small);
    at = put_number(put(at, ", large "), large);
    *put(at, "\n") = 0;
    mg_port_print(line);
}

void print_visitor(int visitor, int has_face)
{
    char line[64], *at = put_number(put(line, "visitor "), (unsigned)visitor);
    *put(at, has_face > 0 ? ": a face\n" : ": no face\n") = 0;
    mg_port_print(line);
}
