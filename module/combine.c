// SPDX-License-Identifier: GPL-2.0
#include "combine.h"

#include <linux/bits.h>

#define DIVIDE		0
#define DOUBLE_FAULT	8
#define INVALID_TSS	10
#define NOT_PRESENT	11
#define STACK_FAULT	12
#define PROTECTION	13
#define PAGE_FAULT	14
#define ALIGNMENT	17
#define VIRTUALIZATION	20
#define CONTROL_PROT	21

static bool one_of(u8 vector, u32 set)
{
	return vector < 32 && (BIT(vector) & set);
}

static bool contributory(u8 vector)
{
	return one_of(vector, BIT(DIVIDE) | BIT(INVALID_TSS) | BIT(NOT_PRESENT) |
			      BIT(STACK_FAULT) | BIT(PROTECTION) | BIT(CONTROL_PROT));
}

static bool page_fault(u8 vector)
{
	return one_of(vector, BIT(PAGE_FAULT) | BIT(VIRTUALIZATION));
}

enum combined combine(u8 first, u8 second)
{
	bool bad = contributory(second) || page_fault(second);

	if (first == DOUBLE_FAULT && bad)
		return COMBINE_TRIPLE;
	if (contributory(first) && contributory(second))
		return COMBINE_DOUBLE;
	if (page_fault(first) && bad)
		return COMBINE_DOUBLE;
	return COMBINE_SECOND;
}

bool has_error_code(u8 vector)
{
	return one_of(vector, BIT(DOUBLE_FAULT) | BIT(INVALID_TSS) | BIT(NOT_PRESENT) |
			      BIT(STACK_FAULT) | BIT(PROTECTION) | BIT(PAGE_FAULT) |
			      BIT(ALIGNMENT) | BIT(CONTROL_PROT));
}
