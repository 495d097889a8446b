/* Constructors of static objects, for programs with sources in C++. */
#ifndef MG_CONSTRUCT_H
#define MG_CONSTRUCT_H

typedef void mg_constructor(void);

/* Linkers define these; a linker script that does not has no constructors. */
extern mg_constructor *const __init_array_start[] __attribute__((weak));
extern mg_constructor *const __init_array_end[] __attribute__((weak));

static void mg_port_construct(void)
{
    for (mg_constructor *const *at = __init_array_start; at != __init_array_end; at++)
        (*at)();
}
#endif
