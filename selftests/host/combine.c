// SPDX-License-Identifier: GPL-2.0
/* Do two exceptions combine as in SDM 3A tables 6-4 and 6-5? */
#include <kselftest_harness.h>

#include "combine.h"

enum class { BENIGN, CONTRIBUTORY, PAGE, DOUBLE };

/* SDM 3A table 6-4 (and 6.15 for #VE and #CP), by vector */
static const enum class classes[32] = {
	[0] = CONTRIBUTORY, [8] = DOUBLE, [10] = CONTRIBUTORY, [11] = CONTRIBUTORY,
	[12] = CONTRIBUTORY, [13] = CONTRIBUTORY, [14] = PAGE, [20] = PAGE, [21] = CONTRIBUTORY,
};

/* SDM 3A table 6-5: first down, second across; a second double fault cannot be raised */
static const enum combined table[4][3] = {
	[BENIGN] = { COMBINE_SECOND, COMBINE_SECOND, COMBINE_SECOND },
	[CONTRIBUTORY] = { COMBINE_SECOND, COMBINE_DOUBLE, COMBINE_SECOND },
	[PAGE] = { COMBINE_SECOND, COMBINE_DOUBLE, COMBINE_DOUBLE },
	[DOUBLE] = { COMBINE_SECOND, COMBINE_TRIPLE, COMBINE_TRIPLE },
};

TEST(every_pair)
{
	unsigned int first, second;

	for (first = 0; first < 32; first++)
		for (second = 0; second < 32; second++) {
			if (classes[second] == DOUBLE)
				continue;
			EXPECT_EQ(table[classes[first]][classes[second]], combine(first, second)) {
				TH_LOG("exception %u, then %u", first, second);
			}
		}
}

/* SDM 3A table 6-1 */
TEST(error_codes)
{
	static const bool expected[256] = {
		[8] = true, [10] = true, [11] = true, [12] = true, [13] = true, [14] = true,
		[17] = true, [21] = true,
	};
	unsigned int vector;

	for (vector = 0; vector < 256; vector++)
		EXPECT_EQ(expected[vector], has_error_code(vector)) {
			TH_LOG("vector %u", vector);
		}
}

TEST_HARNESS_MAIN
