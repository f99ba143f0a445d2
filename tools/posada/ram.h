/* SPDX-License-Identifier: GPL-2.0 */
/* Guest RAM: ordinary memory of this process. */
#ifndef POSADA_RAM_H
#define POSADA_RAM_H

#include <stdint.h>

#include "memory.h"

/* From here to 4 GiB there is no RAM: room for devices. */
#define RAM_LOW_END    0xc0000000ULL
#define RAM_HIGH_START 0x100000000ULL

/**
 * ram_add() - RAM at a given place
 * @ram: the table
 * @gpa: page aligned
 * @size: page aligned, not 0
 *
 * The memory is given back when the process ends.  Return: 0, or -1 after fail().
 */
int ram_add(struct guest_memory *ram, uint64_t gpa, uint64_t size);

/** ram_add_main() - RAM from 0, with what does not fit below 3 GiB above 4 GiB */
int ram_add_main(struct guest_memory *ram, uint64_t size);

/* What a boot protocol is told of memory (types as in e820) */
#define RAM_USABLE   1
#define RAM_RESERVED 2

struct ram_map_entry {
	uint64_t gpa;
	uint64_t size;
	uint32_t type;
};

#define RAM_MAP_ENTRIES (GUEST_MEMORY_RANGES + 2)

/** ram_map() - RAM in order, without the hole of a PC below 1 MiB.  Return: entries */
unsigned int ram_map(const struct guest_memory *ram, struct ram_map_entry map[RAM_MAP_ENTRIES]);

#endif /* POSADA_RAM_H */
