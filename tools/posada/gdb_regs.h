/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers as gdb numbers and describes them: the x86-64 or the i386 set of its
 * own, and behind them control registers, which it knows from our description
 * alone.  Pure.
 */
#ifndef POSADA_GDB_REGS_H
#define POSADA_GDB_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/posada.h>

/* Groups of state that these registers lie in. */
#define GDB_GROUPS \
	(POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL | POSADA_STATE_XSAVE)

#define GDB_REGISTER_MAX 16 /* bytes */

/**
 * struct gdb_cpu - a vCPU, stopped
 * @wide: gdb was told of an x86-64
 * @state: all of GDB_GROUPS
 * @xsave: its XSAVE area, of @xsave_size bytes
 * @xsave_size: at least 512
 */
struct gdb_cpu {
	bool wide;
	struct posada_state state;
	uint8_t *xsave;
	size_t xsave_size;
};

/** gdb_register_count() - how many there are */
unsigned int gdb_register_count(bool wide);

/** gdb_register_size() - bytes of one, or 0 */
unsigned int gdb_register_size(bool wide, unsigned int number);

/** gdb_register_get() - the value of an existing one, little-endian */
void gdb_register_get(const struct gdb_cpu *cpu, unsigned int number,
		      uint8_t value[GDB_REGISTER_MAX]);

/**
 * gdb_register_set() - change an existing one
 *
 * Return: the group of state it is in; 0 if that is its value already; -1 if it
 * cannot be changed: selectors have hidden parts.
 */
int gdb_register_set(struct gdb_cpu *cpu, unsigned int number,
		     const uint8_t value[GDB_REGISTER_MAX]);

/** gdb_target_xml() - the description.  Return: allocated text, or NULL */
char *gdb_target_xml(bool wide);

#endif /* POSADA_GDB_REGS_H */
