/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's memory as a debugger sees it: by guest-linear address, through the
 * guest's page tables but past their permissions, or by guest-physical address.
 * RAM only: to read a device would change it.  Pure.
 */
#ifndef POSADA_GDB_MEMORY_H
#define POSADA_GDB_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/posada.h>

#include "memory.h"

/**
 * struct gdb_memory - how addresses are meant
 * @ram: the guest's
 * @control: CR0, CR3, CR4 and EFER
 * @gpa_bits: width of a guest-physical address
 * @physical: addresses are guest-physical
 */
struct gdb_memory {
	const struct guest_memory *ram;
	const struct posada_control *control;
	unsigned int gpa_bits;
	bool physical;
};

/** gdb_translate() - to a guest-physical address.  Return: false if there is none */
bool gdb_translate(const struct gdb_memory *memory, uint64_t address, uint64_t *gpa);

/** gdb_read_memory() - Return: how many bytes there are from @address on, at most @len */
size_t gdb_read_memory(const struct gdb_memory *memory, uint64_t address, void *to, size_t len);

/** gdb_write_memory() - all or nothing.  Return: false if a part of it is no RAM */
bool gdb_write_memory(const struct gdb_memory *memory, uint64_t address, const void *from,
		      size_t len);

#endif /* POSADA_GDB_MEMORY_H */
