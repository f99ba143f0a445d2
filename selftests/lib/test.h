/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For every test in abi/ and vm/: the kselftest harness, and fixtures.
 *
 * NEEDS_POSADA() at the start of a TEST or FIXTURE_SETUP skips, with the
 * reason, where no VM can be made.
 */
#ifndef SELFTESTS_TEST_H
#define SELFTESTS_TEST_H

#include <assert.h>
#include <kselftest_harness.h>

#include "vm.h"

/* Under a kernel that watches itself a test takes twenty times as long. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

/* (In a FIXTURE_SETUP a SKIP that only returned would still run the test.) */
#define SKIP_NOW(...) SKIP(_exit(255), __VA_ARGS__)

#define NEEDS_POSADA() do {						\
	const char *missing = posada_missing();				\
									\
	if (missing)							\
		SKIP_NOW("%s", missing);				\
} while (0)

#endif /* SELFTESTS_TEST_H */
