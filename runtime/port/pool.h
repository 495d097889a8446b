/* Threads that wait for work, for mgecc_parallel; included once, by a port's pool.c, which defines before
 *   static int pool_start(void (*run)(void *), void *argument);   start a thread that never ends; 0 if it could not
 *   static void pool_wait(int *word, int value);                  sleep while *word is value; may return early
 *   static void pool_wake(int *word);                             wake all that sleep on word
 *
 * Who calls mgecc_parallel works, too: it runs part 0, then parts that nobody has taken yet, so that threads which the
 * system lets wait hold up nothing. Threads are started when a job first has a part for them. A second run that comes
 * while one goes on is done by its own thread alone. */
#include "mgecc.h"

enum { POOL_MOST = 16, POOL_SPINS = 4000 };

/* job: its number in 16 bits, the next part to take in 8, the parts in 8. A part is taken by changing the whole word, so
 * a thread that comes late cannot take one of a job that is over. */
static struct {
    mgecc_part part;
    void *context;
    int job, done, busy;
    unsigned started;
} pool;

static inline int job_parts(int job) { return job & 0xff; }
static inline int job_next(int job) { return (job >> 8) & 0xff; }
static inline int pool_load(int *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

static inline void pool_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("pause");
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

/* Put `to` in the place of `from`; 0 if something else was there. */
static inline int pool_swap(int *word, int from, int to)
{
#if defined(__aarch64__)
    /* Compilers would call a library for this. */
    int seen, failed;
    __asm__ volatile("1: ldaxr %w0, [%2]\n cmp %w0, %w3\n b.ne 2f\n stlxr %w1, %w4, [%2]\n cbnz %w1, 1b\n2:"
                     : "=&r"(seen), "=&r"(failed)
                     : "r"(word), "r"(from), "r"(to)
                     : "cc", "memory");
    return seen == from;
#else
    return __atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
#endif
}

/* Return when *word is no longer value: first by looking, as most jobs are short, then asleep. */
static void pool_until_changed(int *word, int value)
{
    for (int i = 0; i < POOL_SPINS; i++) {
        if (pool_load(word) != value)
            return;
        pool_pause();
    }
    while (pool_load(word) == value)
        pool_wait(word, value);
}

/* Take parts and run them until there is none; returns the job as it was then. */
static int pool_work(void)
{
    for (;;) {
        const int job = pool_load(&pool.job);
        if (job_next(job) >= job_parts(job))
            return job;
        if (!pool_swap(&pool.job, job, job + 0x100))
            continue;
        pool.part(pool.context, (unsigned)job_next(job));
        int done;
        do
            done = pool_load(&pool.done);
        while (!pool_swap(&pool.done, done, done + 1));
        if (done + 2 == job_parts(job))
            pool_wake(&pool.done);
    }
}

static void pool_thread(void *unused)
{
    (void)unused;
    for (;;)
        pool_until_changed(&pool.job, pool_work());
}

void mgecc_parallel(mgecc_part part, void *context, unsigned parts)
{
    if (parts > POOL_MOST || !pool_swap(&pool.busy, 0, 1)) {
        for (unsigned i = 0; i < parts; i++)
            part(context, i);
        return;
    }
    while (pool.started + 1 < parts && pool_start(pool_thread, NULL))
        pool.started++;
    pool.part = part;
    pool.context = context;
    pool.done = 0;
    const int number =
        ((pool_load(&pool.job) >> 16) + 1) & 0x7fff; /* a thread may try in vain to take of the last job */
    __atomic_store_n(&pool.job, number << 16 | 1 << 8 | (int)parts, __ATOMIC_RELEASE);
    pool_wake(&pool.job);
    part(context, 0);
    pool_work();
    for (int done; (done = pool_load(&pool.done)) != (int)parts - 1;)
        pool_until_changed(&pool.done, done);
    __atomic_store_n(&pool.busy, 0, __ATOMIC_RELEASE);
}
