/* What the runner needs of a machine. A port is one folder below runtime/port; it also calls mg_main. */
#ifndef MG_PORT_H
#define MG_PORT_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

int mg_main(int argc, char **argv);

/* Files by number; negative on failure. mode: 0 read, 1 write anew. */
int mg_port_open(const char *path, int mode);
long mg_port_read(int file, void *to, size_t count);
long mg_port_write(int file, const void *from, size_t count);
int mg_port_rewind(int file, size_t offset);
void mg_port_close(int file);

/* One line on the console, line end included by the caller. */
void mg_port_print(const char *text);

/* A whole file at a multiple of MGECC_ALIGN bytes, read only; NULL if it cannot be had. */
const void *mg_port_load(const char *path, size_t *size);

/* A clock that only goes forward; 0 where there is none. */
uint64_t mg_port_nanoseconds(void);

#ifdef __cplusplus
}
#endif
#endif
