/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The extended page tables of one VM: four levels, 4 KiB leaves (SDM 3C 29.3).
 *
 * Mechanism only: the caller holds its lock around every call, allocates table
 * pages beforehand (ept_cache) and sees to INVEPT when ept_zap() says so.
 */
#ifndef POSADA_EPT_H
#define POSADA_EPT_H

#include <linux/types.h>

#define EPT_READ	(1ULL << 0)
#define EPT_WRITE	(1ULL << 1)
#define EPT_EXEC	(1ULL << 2)
#define EPT_WB		(6ULL << 3)	/* memory type of a leaf */
#define EPT_IPAT	(1ULL << 6)	/* whatever the guest's PAT says */

#define EPT_LEVELS	4
#define EPT_ENTRIES	512
#define EPT_GPA_BITS	48

struct ept {
	u64 *root;
	u64 eptp;	/* for the VMCS and INVEPT */
};

/* Pages for the tables that one mapping may need. */
struct ept_cache {
	u64 *page[EPT_LEVELS - 1];
	unsigned int nr;
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

/**
 * ept_map - put leaves in place
 * @ept: the tables
 * @cache: filled by ept_cache_fill()
 * @gpa: of the first leaf; page aligned
 * @leaves: made by ept_leaf(), or 0 to leave what is there
 * @nr: how many; all in one 2 MiB
 *
 * Adding a leaf, and more permissions, need no INVEPT (SDM 3C 29.4.3.2).  Who
 * replaces a leaf of another page is about to zap it, and flushes then.
 *
 * Return: how many leaves were not there before.
 */
unsigned int ept_map(struct ept *ept, struct ept_cache *cache, u64 gpa,
		     const u64 *leaves, unsigned int nr);

/**
 * ept_zap - remove all leaves of [start, end)
 * @ept: the tables
 * @start: page aligned
 * @end: page aligned
 *
 * Return: true if there were any: the caller must invalidate before the pages
 * are given up.
 */
bool ept_zap(struct ept *ept, u64 start, u64 end);

#endif /* POSADA_EPT_H */
