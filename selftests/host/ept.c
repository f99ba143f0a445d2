// SPDX-License-Identifier: GPL-2.0
/* Do the extended page tables hold what was mapped, nothing of what was zapped, and leak nothing? */
#include <kselftest_harness.h>

#include "ept.h"
#include "ledger.h"

atomic_long_t ledger[LEDGER_NR];

#define PAGE 0x1000ULL

static bool flushed;	/* must the caller of the last mapping invalidate? */

#define MIB2 0x200000ULL
#define GIB 0x40000000ULL

/* The MMU's view: the leaf of an address, 0 if there is none (SDM 3C 29.3.2). */
static u64 look_up(const struct ept *ept, u64 gpa)
{
	const u64 *table = ept->root;
	int level;

	for (level = 4; level > 1; level--) {
		u64 entry = table[gpa >> (12 + 9 * (level - 1)) & 511];

		if (!entry || (level < 4 && entry & 0x80))
			return entry;
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
	flushed = false;
	made = ept_map(ept, &cache, gpa, &leaf, 1, &flushed);
	ept_cache_free(&cache);
	return made;
}

/* Leaves @replaced by it are freed at once: no CPU walks these tables. */
static unsigned int map_large(struct ept *ept, u64 gpa, int level, u64 leaf)
{
	struct ept_cache cache = { 0 };
	struct ept_old old;
	unsigned int made;

	if (ept_cache_fill(&cache))
		abort();
	flushed = false;
	made = ept_map_large(ept, &cache, gpa, level, leaf, &old, &flushed);
	flushed |= old.table != NULL;
	ept_old_free(&old);
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
	bool flush = false;
	unsigned int i;

	for (i = 0; i < 512; i += 3)
		leaves[i] = ept_leaf(i, true);
	ASSERT_EQ(0, ept_cache_fill(&cache));
	map_one(&self->ept, 0x200000 + PAGE, ept_leaf(777, true));
	EXPECT_EQ(171, ept_map(&self->ept, &cache, 0x200000, leaves, 512, &flush));
	EXPECT_FALSE(flush);
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

/* SDM 3C tables 29-3 and 29-5: bit 7 makes it a leaf. */
TEST_F(tables, a_large_leaf_has_its_permissions)
{
	EXPECT_EQ(MIB2 | 0x80 | 7, ept_leaf_large(0x200, true, true) & ~0x78ULL);
	EXPECT_EQ(MIB2 | 0x80 | 5, ept_leaf_large(0x200, false, true) & ~0x78ULL);
	EXPECT_EQ(GIB | 0x80 | 3, ept_leaf_large(0x40000, true, false) & ~0x78ULL);
	EXPECT_EQ(6 << 3 | 1 << 6, ept_leaf_large(0, true, true) & 0x78);
}

TEST_F(tables, a_large_leaf_covers_its_size)
{
	u64 two = ept_leaf_large(0x200, true, true), one = ept_leaf_large(0x40000, true, true);

	EXPECT_EQ(1, map_large(&self->ept, 3 * MIB2, EPT_2M, two));
	EXPECT_FALSE(flushed);
	EXPECT_EQ(1, map_large(&self->ept, 5 * GIB, EPT_1G, one));
	EXPECT_FALSE(flushed);
	EXPECT_EQ(0, look_up(&self->ept, 3 * MIB2 - PAGE));
	EXPECT_EQ(two, look_up(&self->ept, 3 * MIB2));
	EXPECT_EQ(two, look_up(&self->ept, 4 * MIB2 - PAGE));
	EXPECT_EQ(0, look_up(&self->ept, 4 * MIB2));
	EXPECT_EQ(0, look_up(&self->ept, 5 * GIB - PAGE));
	EXPECT_EQ(one, look_up(&self->ept, 5 * GIB));
	EXPECT_EQ(one, look_up(&self->ept, 6 * GIB - PAGE));
	EXPECT_EQ(0, look_up(&self->ept, 6 * GIB));
}

TEST_F(tables, a_large_leaf_again_makes_nothing)
{
	EXPECT_EQ(1, map_large(&self->ept, MIB2, EPT_2M, ept_leaf_large(0x200, false, true)));
	EXPECT_EQ(0, map_large(&self->ept, MIB2, EPT_2M, ept_leaf_large(0x200, false, true)));
	EXPECT_EQ(0, map_large(&self->ept, MIB2, EPT_2M, ept_leaf_large(0x200, true, true)));
	EXPECT_FALSE(flushed);	/* more permission */
	EXPECT_EQ(ept_leaf_large(0x200, true, true), look_up(&self->ept, MIB2));
}

TEST_F(tables, zapping_a_part_takes_the_large_leaf)
{
	map_large(&self->ept, MIB2, EPT_2M, ept_leaf_large(0x200, true, true));
	map_large(&self->ept, 2 * MIB2, EPT_2M, ept_leaf_large(0x400, true, true));
	map_large(&self->ept, GIB, EPT_1G, ept_leaf_large(0x40000, true, true));
	EXPECT_TRUE(ept_zap(&self->ept, MIB2 + 5 * PAGE, MIB2 + 6 * PAGE));
	EXPECT_EQ(0, look_up(&self->ept, MIB2));
	EXPECT_EQ(ept_leaf_large(0x400, true, true), look_up(&self->ept, 2 * MIB2));
	EXPECT_TRUE(ept_zap(&self->ept, GIB + MIB2, GIB + MIB2 + PAGE));
	EXPECT_EQ(0, look_up(&self->ept, GIB));
	EXPECT_FALSE(ept_zap(&self->ept, GIB, 2 * GIB));
	EXPECT_EQ(ept_leaf_large(0x400, true, true), look_up(&self->ept, 2 * MIB2));
}

TEST_F(tables, a_large_leaf_replaces_a_table)
{
	long tables;

	map_one(&self->ept, 0, ept_leaf(1, true));
	tables = ledger[LEDGER_TABLE].counter;
	map_one(&self->ept, MIB2 + PAGE, ept_leaf(0x201, true));
	EXPECT_EQ(tables + 1, ledger[LEDGER_TABLE].counter);
	EXPECT_EQ(1, map_large(&self->ept, MIB2, EPT_2M, ept_leaf_large(0x200, true, true)));
	EXPECT_TRUE(flushed);
	EXPECT_EQ(tables, ledger[LEDGER_TABLE].counter);
	EXPECT_EQ(ept_leaf_large(0x200, true, true), look_up(&self->ept, MIB2 + PAGE));
	EXPECT_EQ(ept_leaf(1, true), look_up(&self->ept, 0));
}

/* An empty table too: the CPU may hold the way to it. */
TEST_F(tables, a_large_leaf_replaces_an_empty_table)
{
	map_one(&self->ept, MIB2, ept_leaf(0x200, true));
	ept_zap(&self->ept, 0, GIB);
	EXPECT_EQ(1, map_large(&self->ept, MIB2, EPT_2M, ept_leaf_large(0x200, true, true)));
	EXPECT_TRUE(flushed);
}

TEST_F(tables, the_largest_leaf_replaces_all_below)
{
	long tables = ledger[LEDGER_TABLE].counter;
	unsigned int i;

	for (i = 0; i < 512; i += 3)
		map_one(&self->ept, GIB + i * MIB2 + i * PAGE, ept_leaf(i, true));
	map_large(&self->ept, GIB + MIB2, EPT_2M, ept_leaf_large(0x200, true, true));
	EXPECT_EQ(1, map_large(&self->ept, GIB, EPT_1G, ept_leaf_large(0x40000, true, true)));
	EXPECT_TRUE(flushed);
	EXPECT_EQ(tables + 1, ledger[LEDGER_TABLE].counter);
	for (i = 0; i < 512; i++)
		ASSERT_EQ(ept_leaf_large(0x40000, true, true),
			  look_up(&self->ept, GIB + i * MIB2 + i * PAGE));
}

/* What is not mapped again comes back by faults. */
TEST_F(tables, a_small_leaf_replaces_a_large_one)
{
	map_large(&self->ept, MIB2, EPT_2M, ept_leaf_large(0x200, true, false));
	EXPECT_EQ(1, map_one(&self->ept, MIB2 + PAGE, ept_leaf(0x201, true)));
	EXPECT_TRUE(flushed);
	EXPECT_EQ(ept_leaf(0x201, true), look_up(&self->ept, MIB2 + PAGE));
	EXPECT_EQ(0, look_up(&self->ept, MIB2));
	map_large(&self->ept, GIB, EPT_1G, ept_leaf_large(0x40000, true, false));
	EXPECT_EQ(1, map_one(&self->ept, GIB + PAGE, ept_leaf(0x40001, true)));
	EXPECT_TRUE(flushed);
	EXPECT_EQ(0, look_up(&self->ept, GIB + MIB2));
	map_large(&self->ept, 2 * GIB, EPT_1G, ept_leaf_large(0x80000, true, false));
	EXPECT_EQ(1, map_large(&self->ept, 2 * GIB + MIB2, EPT_2M,
			       ept_leaf_large(0x80200, true, false)));
	EXPECT_TRUE(flushed);
	EXPECT_EQ(0, look_up(&self->ept, 2 * GIB));
}

/* All sizes over 4 GiB, in random order, beside a model of all 2 MiB. */
TEST_F(tables, random_sizes)
{
	static u64 model[2048];
	u32 seed = 7;
	unsigned int i, k;

	memset(model, 0, sizeof(model));
	for (i = 0; i < 4000; i++) {
		u64 at = next_random(&seed) % 2048, first = at & ~511ULL;
		u64 leaf;

		switch (next_random(&seed) % 8) {
		case 0:
			leaf = ept_leaf_large(first << 9, true, true);
			map_large(&self->ept, first * MIB2, EPT_1G, leaf);
			for (k = first; k < first + 512; k++)
				model[k] = leaf;
			break;
		case 1: case 2: case 3:
			/* a larger leaf in the way loses all its other parts */
			if (model[at] == ept_leaf_large(first << 9, true, true))
				for (k = first; k < first + 512; k++)
					model[k] = 0;
			leaf = ept_leaf_large((at << 9) + (1 << 20), true, true);
			map_large(&self->ept, at * MIB2, EPT_2M, leaf);
			model[at] = leaf;
			break;
		case 4: case 5:
			if (model[at] == ept_leaf_large(first << 9, true, true))
				for (k = first; k < first + 512; k++)
					model[k] = 0;
			leaf = ept_leaf((at << 9) + (2 << 20), true);
			map_one(&self->ept, at * MIB2, leaf);
			model[at] = leaf;
			break;
		default:
			if (model[at] == ept_leaf_large(first << 9, true, true))
				for (k = first; k < first + 512; k++)
					model[k] = 0;
			ept_zap(&self->ept, at * MIB2, at * MIB2 + PAGE);
			model[at] = 0;
		}
		for (k = 0; k < 2048; k++)
			ASSERT_EQ(model[k], look_up(&self->ept, k * MIB2));
	}
}

TEST_HARNESS_MAIN
