// SPDX-License-Identifier: GPL-2.0
/* Do the extended page tables hold what was mapped, nothing of what was zapped, and leak nothing? */
#include <kselftest_harness.h>

#include "ept.h"
#include "ledger.h"

atomic_long_t ledger[LEDGER_NR];

#define PAGE 0x1000ULL

/* The MMU's view: the leaf of an address, 0 if there is none. */
static u64 look_up(const struct ept *ept, u64 gpa)
{
	const u64 *table = ept->root;
	int level;

	for (level = 4; level > 1; level--) {
		u64 entry = table[gpa >> (12 + 9 * (level - 1)) & 511];

		if (!entry)
			return 0;
		table = (const u64 *)(entry & 0x000ffffffffff000);
	}
	return table[gpa >> 12 & 511];
}

static unsigned int map_one(struct ept *ept, u64 gpa, u64 leaf)
{
	struct ept_cache cache = { 0 };
	unsigned int made;

	if (ept_cache_fill(&cache))
		abort();
	made = ept_map(ept, &cache, gpa, &leaf, 1);
	ept_cache_free(&cache);
	return made;
}

FIXTURE(tables) {
	struct ept ept;
};

FIXTURE_SETUP(tables)
{
	ASSERT_EQ(0, ept_create(&self->ept));
}

FIXTURE_TEARDOWN(tables)
{
	ept_destroy(&self->ept);
	EXPECT_EQ(0, ledger[LEDGER_TABLE].counter);
}

TEST_F(tables, the_pointer_is_write_back_with_four_levels)
{
	EXPECT_EQ((u64)(uintptr_t)self->ept.root | 6 | 3 << 3, self->ept.eptp & ~0x40ULL);
}

/* SDM 3C table 29-7 */
TEST_F(tables, a_leaf_has_its_permissions)
{
	EXPECT_EQ(0x12345000ULL | 7, ept_leaf(0x12345, true) & ~0x78ULL);
	EXPECT_EQ(0x12345000ULL | 5, ept_leaf(0x12345, false) & ~0x78ULL);
	EXPECT_EQ(6 << 3, ept_leaf(0, true) & 0x38);
}

TEST_F(tables, mapped_is_found_and_nothing_else)
{
	static const u64 gpas[] = {
		0, PAGE, 0x1ff000, 0x200000, 0x3ffff000, 0x40000000, 0x7ffffff000, 0x8000000000,
		(1ULL << 48) - PAGE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gpas); i++)
		EXPECT_EQ(1, map_one(&self->ept, gpas[i], ept_leaf(i + 1, true)));
	for (i = 0; i < ARRAY_SIZE(gpas); i++)
		EXPECT_EQ(ept_leaf(i + 1, true), look_up(&self->ept, gpas[i]));
	EXPECT_EQ(0, look_up(&self->ept, 2 * PAGE));
	EXPECT_EQ(0, look_up(&self->ept, 0x201000));
	EXPECT_EQ(0, look_up(&self->ept, 0x8000001000));
}

TEST_F(tables, mapping_again_makes_nothing)
{
	EXPECT_EQ(1, map_one(&self->ept, PAGE, ept_leaf(5, false)));
	EXPECT_EQ(0, map_one(&self->ept, PAGE, ept_leaf(5, false)));
	/* more permission for the same page */
	EXPECT_EQ(0, map_one(&self->ept, PAGE, ept_leaf(5, true)));
	EXPECT_EQ(ept_leaf(5, true), look_up(&self->ept, PAGE));
}

TEST_F(tables, a_run_of_leaves_with_gaps)
{
	u64 leaves[512] = { 0 };
	struct ept_cache cache = { 0 };
	unsigned int i;

	for (i = 0; i < 512; i += 3)
		leaves[i] = ept_leaf(i, true);
	ASSERT_EQ(0, ept_cache_fill(&cache));
	map_one(&self->ept, 0x200000 + PAGE, ept_leaf(777, true));
	EXPECT_EQ(171, ept_map(&self->ept, &cache, 0x200000, leaves, 512));
	ept_cache_free(&cache);
	for (i = 0; i < 512; i++)
		ASSERT_EQ(i == 1 ? ept_leaf(777, true) : leaves[i],
			  look_up(&self->ept, 0x200000 + i * PAGE));
}

TEST_F(tables, zapping_takes_just_the_range)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		map_one(&self->ept, 0x1fc000 + i * PAGE, ept_leaf(i, true));
	EXPECT_TRUE(ept_zap(&self->ept, 0x1fe000, 0x202000));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(i >= 2 && i < 6 ? 0 : ept_leaf(i, true),
			  look_up(&self->ept, 0x1fc000 + i * PAGE));
	EXPECT_FALSE(ept_zap(&self->ept, 0x1fe000, 0x202000));
	EXPECT_FALSE(ept_zap(&self->ept, 0x10000000, 1ULL << 48));
	EXPECT_TRUE(ept_zap(&self->ept, 0, 1ULL << 48));
	EXPECT_EQ(0, look_up(&self->ept, 0x1fc000));
}

static u32 next_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Around a boundary of 512 GiB, where all levels change. */
TEST_F(tables, random_maps_and_zaps)
{
	const u64 base = 0x8000000000 - 32 * PAGE;
	u64 model[64] = { 0 };
	u32 seed = 99;
	unsigned int i, k;

	for (i = 0; i < 20000; i++) {
		u64 first = next_random(&seed) % 64;

		if (next_random(&seed) % 3) {
			u64 leaf = ept_leaf(1 + next_random(&seed) % 4, true);

			ASSERT_EQ(model[first] ? 0 : 1,
				  map_one(&self->ept, base + first * PAGE, leaf));
			model[first] = leaf;
		} else {
			u64 end = first + 1 + next_random(&seed) % (64 - first);
			bool any = false;

			for (k = first; k < end; k++) {
				any |= model[k] != 0;
				model[k] = 0;
			}
			ASSERT_EQ(any, ept_zap(&self->ept, base + first * PAGE, base + end * PAGE));
		}
		for (k = 0; k < 64; k++)
			ASSERT_EQ(model[k], look_up(&self->ept, base + k * PAGE));
	}
}

TEST_HARNESS_MAIN
