/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest-physical layout as a sorted list of ranges.  Pure.
 */
#ifndef POSADA_LAYOUT_H
#define POSADA_LAYOUT_H

#include <linux/types.h>

struct posada_memory_op;

#define LAYOUT_MAX_RANGES	512

/**
 * struct layout_range - memory of the process that backs guest memory
 * @gpa: first guest-physical address
 * @length: bytes, not 0
 * @hva: address in the process that backs @gpa
 * @flags: POSADA_MEMORY_READONLY, POSADA_MEMORY_NO_AROUND
 */
struct layout_range {
	u64 gpa;
	u64 length;
	u64 hva;
	u32 flags;
};

/**
 * struct layout - ranges by ascending @gpa, none overlapping
 * @nr: how many
 * @range: the ranges
 */
struct layout {
	unsigned int nr;
	struct layout_range range[LAYOUT_MAX_RANGES];
};

/**
 * layout_apply - make one change
 * @layout: changed only on success
 * @op: the change
 * @gpa_end: first guest-physical address that does not exist
 * @hva_end: first address that does not belong to the process
 *
 * Return: 0, -EINVAL, -EEXIST, -ENOENT or -ENOSPC as struct posada_memory says.
 */
int layout_apply(struct layout *layout, const struct posada_memory_op *op,
		 u64 gpa_end, u64 hva_end);

#endif /* POSADA_LAYOUT_H */
