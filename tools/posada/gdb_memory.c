// SPDX-License-Identifier: GPL-2.0
/* A guest's memory as a debugger sees it. */
#include "gdb_memory.h"

#include "walk.h"

#define CR0_WP	  (1ULL << 16)
#define CR4_SMEP  (1ULL << 20)
#define CR4_SMAP  (1ULL << 21)
#define PAGE_SIZE 4096ULL

/* The tables are read only: a look from outside is no access by the guest. */
bool gdb_translate(const struct gdb_memory *memory, uint64_t address, uint64_t *gpa)
{
	const struct walk_cpu cpu = {
		.cr0 = memory->control->cr0 & ~CR0_WP,
		.cr3 = memory->control->cr3,
		.cr4 = memory->control->cr4 & ~(CR4_SMEP | CR4_SMAP),
		.efer = memory->control->efer,
		.gpa_bits = memory->gpa_bits,
	};
	struct walk_memory tables = walk_ram(memory->ram);
	struct walk_result result;

	*gpa = address;
	if (memory->physical)
		return true;
	tables.exchange = NULL;
	if (walk(&cpu, &tables, address, WALK_READ, &result) != WALK_OK)
		return false;
	*gpa = result.gpa;
	return true;
}

static size_t in_page(uint64_t address, size_t len)
{
	uint64_t left = PAGE_SIZE - (address & (PAGE_SIZE - 1));

	return len < left ? len : left;
}

size_t gdb_read_memory(const struct gdb_memory *memory, uint64_t address, void *to, size_t len)
{
	uint8_t *out = to;
	size_t done = 0;
	uint64_t gpa;

	while (done < len) {
		size_t here = in_page(address + done, len - done);

		if (!gdb_translate(memory, address + done, &gpa) ||
		    guest_memory_read(memory->ram, gpa, out + done, here))
			break;
		done += here;
	}
	return done;
}

/* Once to see that all of it is there, and once to do it. */
static bool write_pages(const struct gdb_memory *memory, uint64_t address, const uint8_t *from,
			size_t len, bool write)
{
	size_t done = 0;
	uint64_t gpa;

	while (done < len) {
		size_t here = in_page(address + done, len - done);

		if (!gdb_translate(memory, address + done, &gpa) ||
		    !guest_memory_contains(memory->ram, gpa, here))
			return false;
		if (write && guest_memory_write(memory->ram, gpa, from + done, here))
			return false;
		done += here;
	}
	return true;
}

bool gdb_write_memory(const struct gdb_memory *memory, uint64_t address, const void *from,
		      size_t len)
{
	return write_pages(memory, address, from, len, false) &&
	       write_pages(memory, address, from, len, true);
}
