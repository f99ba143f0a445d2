/* SPDX-License-Identifier: GPL-2.0 */
/* What helpers say when the ground under a test gives way. */
#ifndef SELFTESTS_CHECK_H
#define SELFTESTS_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The harness runs every test in a process of its own: leaving fails it. */
#define die(...) do {							\
	printf("# %s:%d: ", __FILE__, __LINE__);			\
	printf(__VA_ARGS__);						\
	printf("\n");							\
	fflush(stdout);							\
	_exit(1);							\
} while (0)

#define require(condition) do {						\
	if (!(condition))						\
		die("%s does not hold (errno %d, %s)", #condition,	\
		    errno, strerror(errno));				\
} while (0)

#endif /* SELFTESTS_CHECK_H */
