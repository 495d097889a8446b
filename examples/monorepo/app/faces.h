#ifndef FACES_H
#define FACES_H
enum { VISITORS = 3 };
/* Whether there is a face on the picture of a visitor; -1 if that cannot be told. */
int has_face(int visitor);
#endif
