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

static unsigned int slot(u64 gpa, int level)
{
	return gpa >> (12 + ept_order(level)) & (EPT_ENTRIES - 1);
}

static bool is_leaf(u64 entry, int level)
{
	return level == EPT_4K || (entry & EPT_LARGE);
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

	if (level > EPT_4K)
		for (i = 0; i < EPT_ENTRIES; i++)
			if (table[i] && !is_leaf(table[i], level))
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

/*
 * The entry of @gpa at level @leaf, with the tables on the way made if absent.  A
 * larger leaf on the way makes room for one.
 */
static u64 *entry_of(struct ept *ept, struct ept_cache *cache, u64 gpa, int leaf,
		     bool *flush)
{
	u64 *table = ept->root;
	int level;

	for (level = EPT_LEVELS; level > leaf; level--) {
		u64 *entry = &table[slot(gpa, level)];

		if (!*entry || is_leaf(*entry, level)) {
			u64 *page = cache->page[--cache->nr];

			if (*entry)
				*flush = true;
			/* The CPU walks concurrently: a whole entry or none. */
			WRITE_ONCE(*entry, __pa(page) | EPT_TABLE);
		}
		table = table_of(*entry);
	}
	return &table[slot(gpa, leaf)];
}

unsigned int ept_map(struct ept *ept, struct ept_cache *cache, u64 gpa,
		     const u64 *leaves, unsigned int nr, bool *flush)
{
	u64 *entry = entry_of(ept, cache, gpa, EPT_4K, flush);
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

unsigned int ept_map_large(struct ept *ept, struct ept_cache *cache, u64 gpa, int level,
			   u64 leaf, struct ept_old *old, bool *flush)
{
	u64 *entry = entry_of(ept, cache, gpa, level, flush);
	u64 was = *entry;

	old->table = NULL;
	if (was == leaf)
		return 0;
	if (was && !is_leaf(was, level)) {
		old->table = table_of(was);
		old->level = level - 1;
	}
	WRITE_ONCE(*entry, leaf);
	return !was || old->table;
}

void ept_old_free(struct ept_old *old)
{
	if (old->table)
		free_tables(old->table, old->level);
	old->table = NULL;
}

static bool zap(u64 *table, int level, u64 start, u64 end)
{
	u64 step = ept_size(level);
	bool any = false;
	u64 next;

	for (; start < end; start = next) {
		u64 *entry = &table[slot(start, level)];

		next = (start | (step - 1)) + 1;
		if (!*entry)
			continue;
		if (is_leaf(*entry, level)) {
			WRITE_ONCE(*entry, 0);
			any = true;
		} else {
			any |= zap(table_of(*entry), level - 1, start,
				   min(next, end));
		}
	}
	return any;
}

bool ept_zap(struct ept *ept, u64 start, u64 end)
{
	return zap(ept->root, EPT_LEVELS, start, end);
}
