/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest RAM as the host sees it: guest-physical ranges and where they lie in
 * this process.  Pure: no system calls, no locks; filled before the vCPUs run,
 * afterwards read from any thread.
 *
 * Guest addresses come from the guest.  Every access is checked against the
 * ranges, may cross from one range to its neighbour, and is refused as a whole
 * if a part of it lies outside.
 */
#ifndef POSADA_MEMORY_H
#define POSADA_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_MEMORY_RANGES 32

struct guest_range {
	uint64_t gpa;
	uint64_t size;
	uint8_t *host;
};

/**
 * struct guest_memory - the RAM of a guest
 * @nr: ranges in use
 * @range: sorted by address, not overlapping
 */
struct guest_memory {
	unsigned int nr;
	struct guest_range range[GUEST_MEMORY_RANGES];
};

/**
 * guest_memory_add() - announce RAM
 * @mem: the table, all zero before the first call
 * @gpa: guest-physical start
 * @size: bytes, not 0
 * @host: where it is in this process; the table does not own it
 *
 * Return: 0, -EINVAL (empty or wraps), -EEXIST (overlaps), -ENOSPC (full).
 */
int guest_memory_add(struct guest_memory *mem, uint64_t gpa, uint64_t size, void *host);

/** guest_memory_find() - the range that holds @gpa, or NULL */
static inline const struct guest_range *guest_memory_find(const struct guest_memory *mem,
							  uint64_t gpa)
{
	/* Few ranges, and most accesses are in the first. */
	for (unsigned int i = 0; i < mem->nr; i++)
		if (gpa - mem->range[i].gpa < mem->range[i].size)
			return &mem->range[i];
	return NULL;
}

/**
 * guest_memory_at() - where bytes are, if they are in one range
 * @mem: the table
 * @gpa: guest-physical address
 * @len: how many bytes
 *
 * Return: a host pointer good for @len bytes, or NULL.
 */
static inline void *guest_memory_at(const struct guest_memory *mem, uint64_t gpa, uint64_t len)
{
	const struct guest_range *range = guest_memory_find(mem, gpa);

	if (!range || len > range->size - (gpa - range->gpa))
		return NULL;
	return range->host + (gpa - range->gpa);
}

/** guest_memory_read() - Return: 0, or -EFAULT with nothing copied */
int guest_memory_read(const struct guest_memory *mem, uint64_t gpa, void *to, size_t len);

/** guest_memory_write() - Return: 0, or -EFAULT with nothing copied */
int guest_memory_write(const struct guest_memory *mem, uint64_t gpa, const void *from, size_t len);

/** guest_memory_fill() - set @len bytes to @byte.  Return: 0, or -EFAULT with nothing set */
int guest_memory_fill(const struct guest_memory *mem, uint64_t gpa, uint8_t byte, uint64_t len);

/** guest_memory_contains() - is all of [@gpa, @gpa + @len) RAM? An empty range is */
bool guest_memory_contains(const struct guest_memory *mem, uint64_t gpa, uint64_t len);

/**
 * guest_memory_exchange() - replace a little-endian word if it is still what it was
 * @mem: the table
 * @gpa: aligned to @size
 * @size: 4 or 8
 * @old: what the word was
 * @new: what it shall be
 *
 * Atomic towards other vCPUs: page-table entries are updated with it.
 *
 * Return: 0, -EAGAIN (it has changed), -EFAULT (not RAM), -EINVAL.
 */
int guest_memory_exchange(const struct guest_memory *mem, uint64_t gpa, unsigned int size,
			  uint64_t old, uint64_t new);

/** guest_memory_total() - bytes of RAM in all ranges */
uint64_t guest_memory_total(const struct guest_memory *mem);

#endif /* POSADA_MEMORY_H */
