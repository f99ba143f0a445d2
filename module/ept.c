// SPDX-License-Identifier: GPL-2.0
#include "ept.h"

#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>

#include "ledger.h"

#define EPT_ADDR	0x000ffffffffff000ULL
#define EPT_TABLE	(EPT_READ | EPT_WRITE | EPT_EXEC)
#define EPTP_WB		6ULL
#define EPTP_WALK_4	((EPT_LEVELS - 1ULL) << 3)

/* Bits of the guest-physical address below the index at @level; 1 has the leaves. */
static unsigned int shift(int level)
{
	return 12 + 9 * (level - 1);
}

static unsigned int slot(u64 gpa, int level)
{
	return gpa >> shift(level) & (EPT_ENTRIES - 1);
}

static u64 *table_of(u64 entry)
{
	return __va(entry & EPT_ADDR);
}

static u64 *table_alloc(void)
{
	u64 *table = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (table)
		ledger_add(LEDGER_TABLE);
	return table;
}

static void table_free(u64 *table)
{
	ledger_remove(LEDGER_TABLE);
	free_page((unsigned long)table);
}

int ept_create(struct ept *ept)
{
	ept->root = table_alloc();
	if (!ept->root)
		return -ENOMEM;
	ept->eptp = __pa(ept->root) | EPTP_WB | EPTP_WALK_4;
	return 0;
}

static void free_tables(u64 *table, int level)
{
	int i;

	if (level > 1)
		for (i = 0; i < EPT_ENTRIES; i++)
			if (table[i])
				free_tables(table_of(table[i]), level - 1);
	table_free(table);
}

void ept_destroy(struct ept *ept)
{
	free_tables(ept->root, EPT_LEVELS);
}

int ept_cache_fill(struct ept_cache *cache)
{
	while (cache->nr < ARRAY_SIZE(cache->page)) {
		u64 *page = table_alloc();

		if (!page)
			return -ENOMEM;
		cache->page[cache->nr++] = page;
	}
	return 0;
}

void ept_cache_free(struct ept_cache *cache)
{
	while (cache->nr)
		table_free(cache->page[--cache->nr]);
}

/* The table with the leaves of @gpa's 2 MiB, made if absent. */
static u64 *leaf_table(struct ept *ept, struct ept_cache *cache, u64 gpa)
{
	u64 *table = ept->root;
	int level;

	for (level = EPT_LEVELS; level > 1; level--) {
		u64 *entry = &table[slot(gpa, level)];

		if (!*entry) {
			u64 *page = cache->page[--cache->nr];

			/* The CPU walks concurrently: a whole entry or none. */
			WRITE_ONCE(*entry, __pa(page) | EPT_TABLE);
		}
		table = table_of(*entry);
	}
	return table;
}

unsigned int ept_map(struct ept *ept, struct ept_cache *cache, u64 gpa,
		     const u64 *leaves, unsigned int nr)
{
	u64 *entry = &leaf_table(ept, cache, gpa)[slot(gpa, 1)];
	unsigned int made = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!leaves[i] || entry[i] == leaves[i])
			continue;
		if (!entry[i])
			made++;
		WRITE_ONCE(entry[i], leaves[i]);
	}
	return made;
}

static bool zap(u64 *table, int level, u64 start, u64 end)
{
	u64 step = 1ULL << shift(level);
	bool any = false;
	u64 next;

	for (; start < end; start = next) {
		u64 *entry = &table[slot(start, level)];

		next = (start | (step - 1)) + 1;
		if (!*entry)
			continue;
		if (level > 1) {
			any |= zap(table_of(*entry), level - 1, start,
				   min(next, end));
		} else {
			WRITE_ONCE(*entry, 0);
			any = true;
		}
	}
	return any;
}

bool ept_zap(struct ept *ept, u64 start, u64 end)
{
	return zap(ept->root, EPT_LEVELS, start, end);
}
