/* The runner on any system with a C library; for sanitizers and debuggers. */
#include "port.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FILES = 8 };
static FILE *files[FILES];

int mg_port_open(const char *path, int mode)
{
    for (int i = 0; i < FILES; i++)
        if (!files[i]) {
            files[i] = fopen(path, mode ? "wb" : "rb");
            return files[i] ? i : -1;
        }
    return -1;
}

long mg_port_read(int file, void *to, size_t count) { return (long)fread(to, 1, count, files[file]); }
long mg_port_write(int file, const void *from, size_t count) { return (long)fwrite(from, 1, count, files[file]); }
int mg_port_rewind(int file, size_t offset) { return fseek(files[file], (long)offset, SEEK_SET); }
void mg_port_print(const char *text) { fputs(text, stdout); }

void mg_port_close(int file)
{
    fclose(files[file]);
    files[file] = NULL;
}

/* Lives until the program ends. */
static unsigned char *loaded;

const void *mg_port_load(const char *path, size_t *size)
{
    int file = mg_port_open(path, 0);
    if (file < 0)
        return NULL;
    fseek(files[file], 0, SEEK_END);
    *size = (size_t)ftell(files[file]);
    mg_port_rewind(file, 0);
    loaded = malloc(*size + 64);
    unsigned char *at = loaded ? loaded + (64 - (uintptr_t)loaded % 64) : NULL;
    size_t got = at ? fread(at, 1, *size, files[file]) : 0;
    mg_port_close(file);
    return at && got == *size ? at : NULL;
}

uint64_t mg_port_nanoseconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv)
{
    int result = mg_main(argc, argv);
    free(loaded);
    return result;
}
