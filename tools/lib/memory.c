// SPDX-License-Identifier: GPL-2.0
/* Guest RAM as the host sees it. */
#include "memory.h"

#include <errno.h>
#include <string.h>

int guest_memory_add(struct guest_memory *mem, uint64_t gpa, uint64_t size, void *host)
{
	unsigned int at = 0;

	if (!size || gpa + (size - 1) < gpa)
		return -EINVAL;
	if (mem->nr == GUEST_MEMORY_RANGES)
		return -ENOSPC;
	while (at < mem->nr && mem->range[at].gpa < gpa)
		at++;
	if (at > 0 && gpa - mem->range[at - 1].gpa < mem->range[at - 1].size)
		return -EEXIST;
	if (at < mem->nr && mem->range[at].gpa - gpa < size)
		return -EEXIST;
	memmove(&mem->range[at + 1], &mem->range[at], (mem->nr - at) * sizeof(mem->range[0]));
	mem->range[at] = (struct guest_range){ .gpa = gpa, .size = size, .host = host };
	mem->nr++;
	return 0;
}

bool guest_memory_contains(const struct guest_memory *mem, uint64_t gpa, uint64_t len)
{
	while (len) {
		const struct guest_range *range = guest_memory_find(mem, gpa);
		uint64_t here;

		if (!range)
			return false;
		here = range->size - (gpa - range->gpa);
		if (here >= len)
			return true;
		gpa += here;
		len -= here;
	}
	return true;
}

/* The next piece of a checked access: its host address and its length. */
static uint8_t *piece(const struct guest_memory *mem, uint64_t gpa, uint64_t len, size_t *here)
{
	const struct guest_range *range = guest_memory_find(mem, gpa);
	uint64_t offset = gpa - range->gpa;

	*here = len < range->size - offset ? len : range->size - offset;
	return range->host + offset;
}

int guest_memory_read(const struct guest_memory *mem, uint64_t gpa, void *to, size_t len)
{
	const void *whole = guest_memory_at(mem, gpa, len);
	uint8_t *out = to;
	size_t here;

	if (whole) {
		memcpy(to, whole, len);
		return 0;
	}
	if (!guest_memory_contains(mem, gpa, len))
		return -EFAULT;
	for (; len; gpa += here, out += here, len -= here) {
		const uint8_t *host = piece(mem, gpa, len, &here);

		memcpy(out, host, here);
	}
	return 0;
}

int guest_memory_write(const struct guest_memory *mem, uint64_t gpa, const void *from, size_t len)
{
	void *whole = guest_memory_at(mem, gpa, len);
	const uint8_t *in = from;
	size_t here;

	if (whole) {
		memcpy(whole, from, len);
		return 0;
	}
	if (!guest_memory_contains(mem, gpa, len))
		return -EFAULT;
	for (; len; gpa += here, in += here, len -= here) {
		uint8_t *host = piece(mem, gpa, len, &here);

		memcpy(host, in, here);
	}
	return 0;
}

int guest_memory_fill(const struct guest_memory *mem, uint64_t gpa, uint8_t byte, uint64_t len)
{
	size_t here;

	if (!guest_memory_contains(mem, gpa, len))
		return -EFAULT;
	for (; len; gpa += here, len -= here) {
		uint8_t *host = piece(mem, gpa, len, &here);

		memset(host, byte, here);
	}
	return 0;
}

int guest_memory_exchange(const struct guest_memory *mem, uint64_t gpa, unsigned int size,
			  uint64_t old, uint64_t new)
{
	void *host;
	bool done;

	if ((size != 4 && size != 8) || gpa % size)
		return -EINVAL;
	host = guest_memory_at(mem, gpa, size);
	if (!host)
		return -EFAULT;
	/* A range need not begin at an aligned host address. */
	if ((uintptr_t)host % size)
		return -EINVAL;
	if (size == 4) {
		uint32_t expected = old;

		done = __atomic_compare_exchange_n((uint32_t *)host, &expected, (uint32_t) new,
						   false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	} else {
		done = __atomic_compare_exchange_n((uint64_t *)host, &old, new, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	}
	return done ? 0 : -EAGAIN;
}

uint64_t guest_memory_total(const struct guest_memory *mem)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < mem->nr; i++)
		total += mem->range[i].size;
	return total;
}
