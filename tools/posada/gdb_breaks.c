// SPDX-License-Identifier: GPL-2.0
/* Breakpoints and watchpoints of a debugger. */
#include "gdb_breaks.h"

#include <errno.h>

#define INT3	  0xcc
#define DR7_FIXED 0x400

/* ---- INT3 -------------------------------------------------------------------------- */

static int soft_find(const struct gdb_breaks *breaks, uint64_t address)
{
	for (unsigned int i = 0; i < breaks->nr_soft; i++)
		if (breaks->soft[i].address == address)
			return i;
	return -1;
}

/* Two addresses may be one place: what lies under the INT3 is known from the first. */
static int gpa_find(const struct gdb_breaks *breaks, uint64_t gpa)
{
	for (unsigned int i = 0; i < breaks->nr_soft; i++)
		if (breaks->soft[i].gpa == gpa)
			return i;
	return -1;
}

bool gdb_break_at(const struct gdb_breaks *breaks, uint64_t gpa)
{
	return gpa_find(breaks, gpa) >= 0;
}

static int soft_insert(struct gdb_breaks *breaks, const struct gdb_memory *memory, uint64_t address)
{
	const uint8_t int3 = INT3;
	uint64_t gpa;
	uint8_t byte;
	int other;

	if (soft_find(breaks, address) >= 0)
		return 0;
	if (breaks->nr_soft == GDB_SOFT)
		return ENOSPC;
	if (!gdb_translate(memory, address, &gpa) || guest_memory_read(memory->ram, gpa, &byte, 1))
		return EFAULT;
	other = gpa_find(breaks, gpa);
	if (other >= 0)
		byte = breaks->soft[other].byte;
	else if (guest_memory_write(memory->ram, gpa, &int3, 1))
		return EFAULT;
	breaks->soft[breaks->nr_soft].address = address;
	breaks->soft[breaks->nr_soft].gpa = gpa;
	breaks->soft[breaks->nr_soft++].byte = byte;
	return 0;
}

static void soft_drop(struct gdb_breaks *breaks, const struct guest_memory *ram, unsigned int i)
{
	uint64_t gpa = breaks->soft[i].gpa;
	uint8_t byte = breaks->soft[i].byte, now;

	breaks->soft[i] = breaks->soft[--breaks->nr_soft];
	/* What the guest has written there since is its own. */
	if (gpa_find(breaks, gpa) < 0 && !guest_memory_read(ram, gpa, &now, 1) && now == INT3)
		guest_memory_write(ram, gpa, &byte, 1);
}

/* ---- the CPU's ----------------------------------------------------------------------- */

/* The largest piece at @at that a debug register can watch (SDM 3B 18.2.5). */
static unsigned int piece(uint64_t at, uint64_t left)
{
	unsigned int len = 8;

	while (len > left || at & (len - 1))
		len /= 2;
	return len;
}

static int hard_insert(struct gdb_breaks *breaks, enum gdb_break type, uint64_t address,
		       uint64_t whole)
{
	struct gdb_breaks before = *breaks;
	uint64_t at = address, left = whole;

	for (unsigned int i = 0; i < GDB_HARD; i++)
		if (breaks->hard[i].len && breaks->hard[i].type == type &&
		    breaks->hard[i].address == address && breaks->hard[i].whole == whole)
			return 0;
	for (unsigned int i = 0; i < GDB_HARD && left; i++) {
		if (breaks->hard[i].len)
			continue;
		breaks->hard[i].type = type;
		breaks->hard[i].address = address;
		breaks->hard[i].whole = whole;
		breaks->hard[i].at = at;
		breaks->hard[i].len = piece(at, left);
		at += breaks->hard[i].len;
		left -= breaks->hard[i].len;
	}
	if (left)
		*breaks = before;
	return left ? ENOSPC : 0;
}

static int hard_remove(struct gdb_breaks *breaks, enum gdb_break type, uint64_t address,
		       uint64_t whole)
{
	for (unsigned int i = 0; i < GDB_HARD; i++)
		if (breaks->hard[i].type == type && breaks->hard[i].address == address &&
		    breaks->hard[i].whole == whole)
			breaks->hard[i].len = 0;
	return 0;
}

uint64_t gdb_break_dr7(const struct gdb_breaks *breaks, __u64 dr[4])
{
	/* SDM 3B 18.2.4: R/W, and LEN by length. */
	static const uint8_t access[] = {
		[GDB_BREAK_HARD] = 0,
		[GDB_WATCH_WRITE] = 1,
		[GDB_WATCH_READ] = 3,
		[GDB_WATCH_ACCESS] = 3,
	};
	static const uint8_t lengths[] = { [1] = 0, [2] = 1, [4] = 3, [8] = 2 };
	uint64_t dr7 = 0;

	for (unsigned int i = 0; i < GDB_HARD; i++) {
		dr[i] = breaks->hard[i].len ? breaks->hard[i].at : 0;
		if (breaks->hard[i].len)
			dr7 |= 1ULL << 2 * i | (uint64_t)(access[breaks->hard[i].type] |
							  lengths[breaks->hard[i].len] << 2)
						       << (16 + 4 * i);
	}
	return dr7 ? dr7 | DR7_FIXED : 0;
}

/* ---- both --------------------------------------------------------------------------- */

int gdb_break_insert(struct gdb_breaks *breaks, const struct gdb_memory *memory,
		     enum gdb_break type, uint64_t address, uint64_t len)
{
	if (type == GDB_BREAK_SOFT)
		return soft_insert(breaks, memory, address);
	/* An address of code is one byte; gdb says how long the INT3 would be. */
	if (type == GDB_BREAK_HARD)
		len = 1;
	if (!len || len > GDB_HARD * 8)
		return EINVAL;
	return hard_insert(breaks, type, address, len);
}

int gdb_break_remove(struct gdb_breaks *breaks, const struct guest_memory *ram, enum gdb_break type,
		     uint64_t address, uint64_t len)
{
	int soft;

	if (type == GDB_BREAK_HARD)
		len = 1;
	if (type != GDB_BREAK_SOFT)
		return hard_remove(breaks, type, address, len);
	soft = soft_find(breaks, address);
	if (soft >= 0)
		soft_drop(breaks, ram, soft);
	return 0;
}

void gdb_break_clear(struct gdb_breaks *breaks, const struct guest_memory *ram)
{
	while (breaks->nr_soft)
		soft_drop(breaks, ram, breaks->nr_soft - 1);
	for (unsigned int i = 0; i < GDB_HARD; i++)
		breaks->hard[i].len = 0;
}

/* ---- memory without INT3s -------------------------------------------------------------- */

size_t gdb_break_read(const struct gdb_breaks *breaks, const struct gdb_memory *memory,
		      uint64_t address, void *to, size_t len)
{
	size_t got = gdb_read_memory(memory, address, to, len);
	uint8_t *bytes = to;
	uint64_t gpa;

	if (!breaks->nr_soft)
		return got;
	for (size_t i = 0; i < got; i++) {
		int soft;

		if (bytes[i] != INT3 || !gdb_translate(memory, address + i, &gpa))
			continue;
		soft = gpa_find(breaks, gpa);
		if (soft >= 0)
			bytes[i] = breaks->soft[soft].byte;
	}
	return got;
}

bool gdb_break_write(struct gdb_breaks *breaks, const struct gdb_memory *memory, uint64_t address,
		     const void *from, size_t len)
{
	const uint8_t *bytes = from, int3 = INT3;
	uint64_t gpa;

	if (!gdb_write_memory(memory, address, from, len))
		return false;
	if (!breaks->nr_soft)
		return true;
	for (size_t i = 0; i < len; i++) {
		if (!gdb_translate(memory, address + i, &gpa) || gpa_find(breaks, gpa) < 0)
			continue;
		for (unsigned int j = 0; j < breaks->nr_soft; j++)
			if (breaks->soft[j].gpa == gpa)
				breaks->soft[j].byte = bytes[i];
		guest_memory_write(memory->ram, gpa, &int3, 1);
	}
	return true;
}
