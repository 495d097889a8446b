/* What compilers of C++ call, for programs without exceptions, RTTI and heap; weak, so that a library can bring it. */
#include <stddef.h>

#define WEAK __attribute__((weak))

void *__dso_handle WEAK;
int __cxa_atexit(void (*destructor)(void *), void *object, void *module);
int __aeabi_atexit(void *object, void (*destructor)(void *), void *module);
void __cxa_pure_virtual(void);
void mg_operator_delete(void *memory);
void mg_operator_delete_sized(void *memory, size_t size);

/* Static objects live until the processor stops. */
WEAK int __cxa_atexit(void (*destructor)(void *), void *object, void *module)
{
    (void)destructor, (void)object, (void)module;
    return 0;
}

WEAK int __aeabi_atexit(void *object, void (*destructor)(void *), void *module)
{
    return __cxa_atexit(destructor, object, module);
}

WEAK void __cxa_pure_virtual(void) { __builtin_trap(); }

/* Virtual destructors refer to operator delete, though nothing that is not from a heap is deleted. */
void mg_operator_delete(void *memory) __asm__("_ZdlPv");
#if __SIZEOF_SIZE_T__ == 8
void mg_operator_delete_sized(void *memory, size_t size) __asm__("_ZdlPvm");
#else
void mg_operator_delete_sized(void *memory, size_t size) __asm__("_ZdlPvj");
#endif
WEAK void mg_operator_delete(void *memory)
{
    (void)memory;
    __builtin_trap();
}

WEAK void mg_operator_delete_sized(void *memory, size_t size)
{
    (void)size;
    mg_operator_delete(memory);
}
