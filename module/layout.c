// SPDX-License-Identifier: GPL-2.0
#include "layout.h"

#include <linux/errno.h>
#include <linux/string.h>
#include <linux/posada.h>

#define PAGE_MASK_LOW	0xfffULL

static bool fits(u64 start, u64 length, u64 end)
{
	return start < end && length <= end - start;
}

static u64 range_end(const struct layout_range *r)
{
	return r->gpa + r->length;
}

/* The first range that ends above @gpa. */
static unsigned int first_above(const struct layout *layout, u64 gpa)
{
	unsigned int i = 0;

	while (i < layout->nr && range_end(&layout->range[i]) <= gpa)
		i++;
	return i;
}

static void move(struct layout *layout, unsigned int from, int by)
{
	memmove(&layout->range[(int)from + by], &layout->range[from],
		(layout->nr - from) * sizeof(layout->range[0]));
	layout->nr += by;
}

static int map(struct layout *layout, const struct posada_memory_op *op, u64 hva_end)
{
	unsigned int i = first_above(layout, op->gpa);

	if (op->flags & ~(POSADA_MEMORY_READONLY | POSADA_MEMORY_NO_AROUND))
		return -EINVAL;
	if (op->hva & PAGE_MASK_LOW || !fits(op->hva, op->length, hva_end))
		return -EINVAL;
	if (i < layout->nr && layout->range[i].gpa < op->gpa + op->length)
		return -EEXIST;
	if (layout->nr == LAYOUT_MAX_RANGES)
		return -ENOSPC;

	move(layout, i, 1);
	layout->range[i] = (struct layout_range) {
		.gpa = op->gpa, .length = op->length, .hva = op->hva,
		.flags = op->flags,
	};
	return 0;
}

static int unmap(struct layout *layout, const struct posada_memory_op *op)
{
	u64 start = op->gpa, end = op->gpa + op->length;
	unsigned int i = first_above(layout, start);
	struct layout_range *r = &layout->range[i];

	if (op->flags || op->hva)
		return -EINVAL;
	if (i == layout->nr || r->gpa >= end)
		return -ENOENT;

	if (r->gpa < start && range_end(r) > end) {	/* a hole within one range */
		if (layout->nr == LAYOUT_MAX_RANGES)
			return -ENOSPC;
		move(layout, i, 1);
		r[1].hva += end - r[1].gpa;
		r[1].length = range_end(&r[1]) - end;
		r[1].gpa = end;
		r->length = start - r->gpa;
		return 0;
	}
	if (r->gpa < start) {				/* the tail of the first */
		r->length = start - r->gpa;
		i++;
	}
	while (i < layout->nr && range_end(&layout->range[i]) <= end)
		move(layout, i + 1, -1);
	r = &layout->range[i];
	if (i < layout->nr && r->gpa < end) {		/* the head of the last */
		r->hva += end - r->gpa;
		r->length = range_end(r) - end;
		r->gpa = end;
	}
	return 0;
}

int layout_apply(struct layout *layout, const struct posada_memory_op *op,
		 u64 gpa_end, u64 hva_end)
{
	if ((op->gpa | op->length) & PAGE_MASK_LOW || !op->length)
		return -EINVAL;
	if (!fits(op->gpa, op->length, gpa_end))
		return -EINVAL;

	switch (op->op) {
	case POSADA_MEMORY_MAP:
		return map(layout, op, hva_end);
	case POSADA_MEMORY_UNMAP:
		return unmap(layout, op);
	}
	return -EINVAL;
}
