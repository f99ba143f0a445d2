/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Breakpoints and watchpoints of a debugger: INT3 in the guest's memory, which
 * the debugger does not get to see, and the four of the CPU.  Pure.
 *
 * All functions are for a guest that does not run.
 */
#ifndef POSADA_GDB_BREAKS_H
#define POSADA_GDB_BREAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gdb_memory.h"

#define GDB_SOFT 256
#define GDB_HARD 4

/* The number in Z and z packets. */
enum gdb_break {
	GDB_BREAK_SOFT,
	GDB_BREAK_HARD,
	GDB_WATCH_WRITE,
	GDB_WATCH_READ, /* the CPU has none that writes would not meet */
	GDB_WATCH_ACCESS,
};

/**
 * struct gdb_breaks - all of them; zero at first
 * @soft: INT3s; @gpa is where the one of @address lies, @byte what was there
 * @nr_soft: how many
 * @hard: of the CPU, by number; @len 0: free. A watchpoint that is not
 *        aligned takes several, all with the @address and @whole of the packet
 */
struct gdb_breaks {
	struct {
		uint64_t address;
		uint64_t gpa;
		uint8_t byte;
	} soft[GDB_SOFT];
	unsigned int nr_soft;
	struct {
		enum gdb_break type;
		uint64_t address;
		uint64_t whole;
		uint64_t at;
		unsigned int len;
	} hard[GDB_HARD];
};

/** gdb_break_insert() - Z.  Return: 0, or an errno for gdb */
int gdb_break_insert(struct gdb_breaks *breaks, const struct gdb_memory *memory,
		     enum gdb_break type, uint64_t address, uint64_t len);

/** gdb_break_remove() - z.  Return: 0, or an errno for gdb */
int gdb_break_remove(struct gdb_breaks *breaks, const struct guest_memory *ram, enum gdb_break type,
		     uint64_t address, uint64_t len);

/** gdb_break_clear() - remove all */
void gdb_break_clear(struct gdb_breaks *breaks, const struct guest_memory *ram);

/** gdb_break_at() - is the INT3 at this guest-physical address one of these? */
bool gdb_break_at(const struct gdb_breaks *breaks, uint64_t gpa);

/** gdb_break_read() - gdb_read_memory() as if there were no INT3s */
size_t gdb_break_read(const struct gdb_breaks *breaks, const struct gdb_memory *memory,
		      uint64_t address, void *to, size_t len);

/** gdb_break_write() - gdb_write_memory() around the INT3s */
bool gdb_break_write(struct gdb_breaks *breaks, const struct gdb_memory *memory, uint64_t address,
		     const void *from, size_t len);

/** gdb_break_dr7() - the debug registers for them.  Return: DR7, 0 if there are none */
uint64_t gdb_break_dr7(const struct gdb_breaks *breaks, __u64 dr[4]);

#endif /* POSADA_GDB_BREAKS_H */
