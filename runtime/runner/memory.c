/* memcpy and its relatives for programs without libc; strlen because compilers make calls of it from loops. */
#include <stddef.h>
#include <stdint.h>

/* Keep the compiler from turning these loops into calls of themselves. */
#if defined(__clang__)
#define PLAIN __attribute__((no_builtin("memcpy", "memset", "memmove", "strlen"), used))
#else
#define PLAIN __attribute__((optimize("no-tree-loop-distribute-patterns"), used))
#endif

typedef struct {
    uint64_t a, b;
} __attribute__((packed, aligned(1), may_alias)) chunk;

/* To fill: a word of 64 bits would be made by a product, which is a call on cores without one. */
typedef struct {
    uint32_t a, b, c, d;
} __attribute__((packed, aligned(1), may_alias)) words;

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);

PLAIN void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    char *t = to;
    const char *f = from;
    for (; count >= sizeof(chunk); count -= sizeof(chunk), t += sizeof(chunk), f += sizeof(chunk)) {
        chunk c;
        c.a = ((const chunk *)f)->a;
        c.b = ((const chunk *)f)->b;
        ((chunk *)t)->a = c.a;
        ((chunk *)t)->b = c.b;
    }
    while (count--)
        *t++ = *f++;
    return to;
}

PLAIN void *memmove(void *to, const void *from, size_t count)
{
    char *t = to;
    const char *f = from;
    if ((uintptr_t)t - (uintptr_t)f >= count)
        return memcpy(to, from, count);
    while (count--)
        t[count] = f[count];
    return to;
}

PLAIN void *memset(void *to, int byte, size_t count)
{
    char *t = to;
    uint32_t word = (unsigned char)byte * 0x01010101u;
    for (; count >= sizeof(words); count -= sizeof(words), t += sizeof(words)) {
        ((words *)t)->a = word;
        ((words *)t)->b = word;
        ((words *)t)->c = word;
        ((words *)t)->d = word;
    }
    while (count--)
        *t++ = (char)byte;
    return to;
}

PLAIN int memcmp(const void *a, const void *b, size_t count)
{
    const unsigned char *x = a, *y = b;
    for (; count; count--, x++, y++)
        if (*x != *y)
            return *x < *y ? -1 : 1;
    return 0;
}

PLAIN size_t strlen(const char *text)
{
    const char *end = text;
    while (*end)
        end++;
    return (size_t)(end - text);
}

#if defined(__ARM_EABI__) || defined(__arm__)
void __aeabi_memcpy(void *to, const void *from, size_t count);
void __aeabi_memmove(void *to, const void *from, size_t count);
void __aeabi_memset(void *to, size_t count, int byte);
void __aeabi_memclr(void *to, size_t count);
PLAIN void __aeabi_memcpy(void *to, const void *from, size_t count) { memcpy(to, from, count); }
PLAIN void __aeabi_memmove(void *to, const void *from, size_t count) { memmove(to, from, count); }
PLAIN void __aeabi_memset(void *to, size_t count, int byte) { memset(to, byte, count); }
PLAIN void __aeabi_memclr(void *to, size_t count) { memset(to, 0, count); }
#define ALIAS(name, of) __typeof__(of) name __attribute__((alias(#of)))
ALIAS(__aeabi_memcpy4, __aeabi_memcpy);
ALIAS(__aeabi_memcpy8, __aeabi_memcpy);
ALIAS(__aeabi_memmove4, __aeabi_memmove);
ALIAS(__aeabi_memmove8, __aeabi_memmove);
ALIAS(__aeabi_memset4, __aeabi_memset);
ALIAS(__aeabi_memset8, __aeabi_memset);
ALIAS(__aeabi_memclr4, __aeabi_memclr);
ALIAS(__aeabi_memclr8, __aeabi_memclr);
#endif
