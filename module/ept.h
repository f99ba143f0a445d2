/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The extended page tables of one VM: four levels, leaves of 4 KiB, 2 MiB and
 * 1 GiB (SDM 3C 29.3).
 *
 * Mechanism only: the caller holds its lock around every call, allocates table
 * pages beforehand (ept_cache) and sees to INVEPT when a call says so.
 */
#ifndef POSADA_EPT_H
#define POSADA_EPT_H

#include <linux/types.h>

#define EPT_READ	(1ULL << 0)
#define EPT_WRITE	(1ULL << 1)
#define EPT_EXEC	(1ULL << 2)
#define EPT_WB		(6ULL << 3)	/* memory type of a leaf */
#define EPT_IPAT	(1ULL << 6)	/* whatever the guest's PAT says */
#define EPT_LARGE	(1ULL << 7)	/* a leaf above the last level */

#define EPT_LEVELS	4
#define EPT_ENTRIES	512
#define EPT_GPA_BITS	48

/* The level of a table with leaves of this size */
#define EPT_4K		1
#define EPT_2M		2
#define EPT_1G		3

static inline unsigned int ept_order(int level)	/* log2 of the pages of a leaf */
{
	return 9 * (level - 1);
}

static inline u64 ept_size(int level)	/* its bytes */
{
	return 1ULL << (12 + ept_order(level));
}

struct ept {
	u64 *root;
	u64 eptp;	/* for the VMCS and INVEPT */
};

/* Pages for the tables that one mapping may need. */
struct ept_cache {
	u64 *page[EPT_LEVELS - 1];
	unsigned int nr;
};

/* Tables that a large leaf replaced; a CPU may still walk them. */
struct ept_old {
	u64 *table;	/* NULL: none */
	int level;
};

int ept_create(struct ept *ept);
void ept_destroy(struct ept *ept);

int ept_cache_fill(struct ept_cache *cache);	/* may sleep; 0 or -ENOMEM */
void ept_cache_free(struct ept_cache *cache);

/* A leaf that a guest may read and execute, and write if @writable. */
static inline u64 ept_leaf(u64 pfn, bool writable)
{
	return pfn << 12 | EPT_READ | EPT_EXEC | EPT_WB | EPT_IPAT |
	       (writable ? EPT_WRITE : 0);
}

/* The same of 2 MiB or 1 GiB; @pfn is that of its first page. */
static inline u64 ept_leaf_large(u64 pfn, bool writable, bool executable)
{
	return (ept_leaf(pfn, writable) | EPT_LARGE) &
	       ~(executable ? 0 : EPT_EXEC);
}

/**
 * ept_map - put 4 KiB leaves in place
 * @ept: the tables
 * @cache: filled by ept_cache_fill()
 * @gpa: of the first leaf; page aligned
 * @leaves: made by ept_leaf(), or 0 to leave what is there
 * @nr: how many; all in one 2 MiB
 * @flush: set to true if a large leaf was in the way; it is gone, and the caller
 *	must invalidate.  Otherwise not touched.
 *
 * Adding a leaf, and more permissions, need no INVEPT (SDM 3C 29.4.3.2).  Who
 * replaces a leaf of another page is about to zap it, and flushes then.
 *
 * Return: how many leaves were not there before.
 */
unsigned int ept_map(struct ept *ept, struct ept_cache *cache, u64 gpa,
		     const u64 *leaves, unsigned int nr, bool *flush);

/**
 * ept_map_large - put one large leaf in place, of whatever is there
 * @ept: the tables
 * @cache: filled by ept_cache_fill()
 * @gpa: its address, a multiple of its size
 * @level: EPT_2M or EPT_1G
 * @leaf: made by ept_leaf_large()
 * @old: out: the tables that were there.  If any the caller must invalidate (a
 *	CPU may hold the way through them), then call ept_old_free().
 * @flush: as in ept_map(): a larger leaf was in the way
 *
 * Return: how many leaves were not there before; a leaf in place of a table counts.
 */
unsigned int ept_map_large(struct ept *ept, struct ept_cache *cache, u64 gpa, int level,
			   u64 leaf, struct ept_old *old, bool *flush);

void ept_old_free(struct ept_old *old);

/**
 * ept_zap - remove all leaves of [start, end)
 * @ept: the tables
 * @start: page aligned
 * @end: page aligned
 *
 * A large leaf goes whole, even if only a part of it is to go: the host splits its
 * own leaf before it changes a part, so the rest will come back in small leaves by
 * faults.  Splitting here would need tables, which cannot be had in a notifier.
 *
 * Return: true if there were any: the caller must invalidate before the pages
 * are given up.
 */
bool ept_zap(struct ept *ept, u64 start, u64 end);

#endif /* POSADA_EPT_H */
