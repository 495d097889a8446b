/* mgecc_parallel by POSIX threads, for applications on Linux: compile this file into them, with -pthread. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct start {
    void (*run)(void *);
    void *argument;
};

/* One at a time: mgecc_parallel starts threads under its lock, and each is waited for. */
static struct start starting;
static int taken;

static void pool_wait(int *word, int value) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0); }
static void pool_wake(int *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1 << 30, NULL, NULL, 0); }

static void *pool_main(void *unused)
{
    (void)unused;
    const struct start mine = starting;
    __atomic_store_n(&taken, 1, __ATOMIC_RELEASE);
    mine.run(mine.argument);
    return NULL;
}

static int pool_start(void (*run)(void *), void *argument)
{
    pthread_t thread;
    starting = (struct start){run, argument};
    __atomic_store_n(&taken, 0, __ATOMIC_RELAXED);
    if (pthread_create(&thread, NULL, pool_main, NULL) != 0)
        return 0;
    pthread_detach(thread);
    while (!__atomic_load_n(&taken, __ATOMIC_ACQUIRE))
        usleep(1);
    return 1;
}

#include "../pool.h"
