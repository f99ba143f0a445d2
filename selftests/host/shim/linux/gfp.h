/* SPDX-License-Identifier: GPL-2.0 */
/* Pages from the heap, so that the sanitizers watch over them. */
#ifndef SHIM_LINUX_GFP_H
#define SHIM_LINUX_GFP_H

#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
#define PAGE_SIZE		4096UL

static inline unsigned long get_zeroed_page(gfp_t flags)
{
	void *page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);

	(void)flags;
	return (unsigned long)(page ? memset(page, 0, PAGE_SIZE) : NULL);
}

static inline void free_page(unsigned long page)
{
	free((void *)page);
}

#endif /* SHIM_LINUX_GFP_H */
