/* SPDX-License-Identifier: GPL-2.0 */
/* The clocks of the host, in nanoseconds, and its TSC. */
#ifndef POSADA_CLOCK_H
#define POSADA_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC 1000000000ULL

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

/** clock_monotonic() - for intervals */
static inline uint64_t clock_monotonic(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/** clock_tsc() - the time-stamp counter */
static inline uint64_t clock_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/** clock_tsc_khz() - frequency of the TSC, measured once; takes 20 ms */
uint64_t clock_tsc_khz(void);

/**
 * clock_timer_set() - arm a timerfd of CLOCK_MONOTONIC
 * @fd: the timerfd
 * @at: absolute time, 0 to disarm
 * @interval: 0: once
 */
void clock_timer_set(int fd, uint64_t at, uint64_t interval);

#endif /* POSADA_CLOCK_H */
