#ifndef PRINT_H
#define PRINT_H
void print_row(int row, unsigned small, unsigned large);
void print_visitor(int visitor, int has_face);
#endif
