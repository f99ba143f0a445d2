// SPDX-License-Identifier: GPL-2.0
/* Guest RAM: ordinary memory of this process. */
#include "ram.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "cli.h"

#define PAGE	   4096ULL
#define HUGE	   (2ULL << 20)

/* The hole of a PC: video memory and BIOS. */
#define HOLE_START 0xa0000ULL
#define HOLE_END   0x100000ULL

/*
 * Guest-physical and host address agree modulo 2 MiB, so that a huge page of
 * the host can be one in the guest.
 */
static uint8_t *allocate(uint64_t gpa, uint64_t size)
{
	uint64_t room = size + HUGE;
	uint8_t *host, *start;

	if (room < size)
		return NULL;
	host = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (host == MAP_FAILED)
		return NULL;
	start = host + ((gpa - (uintptr_t)host) & (HUGE - 1));
	if (start > host)
		munmap(host, start - host);
	if (start + size < host + room)
		munmap(start + size, host + room - (start + size));
	madvise(start, size, MADV_HUGEPAGE);
	madvise(start, size, MADV_DONTDUMP);
	return start;
}

int ram_add(struct guest_memory *ram, uint64_t gpa, uint64_t size)
{
	uint8_t *host;
	int err;

	if (!size || gpa % PAGE || size % PAGE || gpa + size < gpa)
		return fail(
			"cannot put %#llx bytes of RAM at %#llx: both must be multiples of 4096, and not wrap.",
			(unsigned long long)size, (unsigned long long)gpa);
	host = allocate(gpa, size);
	if (!host)
		return fail(
			"cannot get %llu MiB of memory for the guest. Give it less with --memory.",
			(unsigned long long)(size >> 20));
	err = guest_memory_add(ram, gpa, size, host);
	if (!err)
		return 0;
	munmap(host, size);
	return fail("cannot put %#llx bytes of RAM at %#llx: %s.", (unsigned long long)size,
		    (unsigned long long)gpa,
		    err == -EEXIST ? "there is RAM already" : "too many ranges");
}

int ram_add_main(struct guest_memory *ram, uint64_t size)
{
	uint64_t low = size < RAM_LOW_END ? size : RAM_LOW_END;

	if (ram_add(ram, 0, low))
		return -1;
	return size > low ? ram_add(ram, RAM_HIGH_START, size - low) : 0;
}

static void entry(struct ram_map_entry *map, unsigned int *nr, uint64_t start, uint64_t end,
		  uint32_t type)
{
	if (start < end)
		map[(*nr)++] = (struct ram_map_entry){ start, end - start, type };
}

unsigned int ram_map(const struct guest_memory *ram, struct ram_map_entry map[RAM_MAP_ENTRIES])
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < ram->nr; i++) {
		uint64_t start = ram->range[i].gpa, end = start + ram->range[i].size;

		entry(map, &nr, start, end < HOLE_START ? end : HOLE_START, RAM_USABLE);
		entry(map, &nr, start > HOLE_START ? start : HOLE_START,
		      end < HOLE_END ? end : HOLE_END, RAM_RESERVED);
		entry(map, &nr, start > HOLE_END ? start : HOLE_END, end, RAM_USABLE);
	}
	return nr;
}
