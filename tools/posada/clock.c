// SPDX-License-Identifier: GPL-2.0
/* The clocks of the host. */
#include "clock.h"

#include <sys/timerfd.h>

/* Both clocks at one moment: of a few tries, the one least disturbed. */
static void sample(uint64_t *ns, uint64_t *tsc)
{
	uint64_t best = ~0ULL;

	for (int i = 0; i < 5; i++) {
		uint64_t before = clock_tsc();
		uint64_t now = clock_ns(CLOCK_MONOTONIC_RAW);
		uint64_t after = clock_tsc();

		if (after - before < best) {
			best = after - before;
			*ns = now;
			*tsc = before + (after - before) / 2;
		}
	}
}

uint64_t clock_tsc_khz(void)
{
	static uint64_t khz;
	uint64_t ns0, ns1, tsc0, tsc1;

	if (khz)
		return khz;
	sample(&ns0, &tsc0);
	do {
		sample(&ns1, &tsc1);
	} while (ns1 - ns0 < 20000000);
	khz = (uint64_t)((unsigned __int128)(tsc1 - tsc0) * 1000000 / (ns1 - ns0));
	return khz;
}

void clock_timer_set(int fd, uint64_t at, uint64_t interval)
{
	struct itimerspec t = {
		.it_value = { at / NSEC, at % NSEC },
		.it_interval = { interval / NSEC, interval % NSEC },
	};

	timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL);
}
