/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest page walk: what the MMU would make of a guest-linear address.
 *
 * Pure: the page tables are read through a callback or from a struct
 * guest_memory.  No paging, 32-bit with PSE and PSE-36, PAE, 4-level and
 * 5-level paging; pages of 4K, 2M, 4M and 1G; SDM 3A chapter 4.
 *
 * Not looked at: protection keys (the run page does not tell PKRU) and the
 * PDPTE registers (PAE entries are read from memory, as they were when CR3 was
 * loaded in every guest that does not change them under its own feet).
 */
#ifndef POSADA_WALK_H
#define POSADA_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "memory.h"

/* What the access is: bits of the page-fault error code (SDM 3A 4.7) */
#define WALK_READ	    0U
#define WALK_WRITE	    (1U << 1)
#define WALK_USER	    (1U << 2) /* CPL 3, and not an implicit access to a system table */
#define WALK_EXEC	    (1U << 4)

/* More bits of the error code, in the result */
#define WALK_ERROR_PRESENT  (1U << 0)
#define WALK_ERROR_RESERVED (1U << 3)

enum walk_answer {
	WALK_OK,	/* gpa is valid */
	WALK_FAULT,	/* #PF with error_code, CR2 = the address */
	WALK_CANONICAL, /* #GP(0), or #SS(0) through SS: not a canonical address */
	WALK_NO_MEMORY, /* a table lies where there is no memory: table_gpa */
};

/**
 * struct walk_cpu - the state a translation depends on
 * @cr0: PG, WP
 * @cr3: root table
 * @cr4: PSE, PAE, SMEP, SMAP, LA57
 * @efer: LMA, NXE
 * @rflags: AC, for SMAP
 * @gpa_bits: width of a guest-physical address; address bits above it are
 *            reserved.  0: 52
 */
struct walk_cpu {
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
	uint64_t rflags;
	unsigned int gpa_bits;
};

/**
 * struct walk_memory - how to reach the page tables
 * @read: copy @len (4 or 8) bytes at @gpa to @to; 0 or -errno
 * @exchange: as guest_memory_exchange(), to set accessed and dirty bits; NULL:
 *            leave them as they are
 * @context: handed to both
 */
struct walk_memory {
	int (*read)(void *context, uint64_t gpa, void *to, size_t len);
	int (*exchange)(void *context, uint64_t gpa, unsigned int size, uint64_t old, uint64_t new);
	void *context;
};

/**
 * struct walk_result - what came of it
 * @gpa: WALK_OK: guest-physical address
 * @page_size: WALK_OK: bytes of the page; without paging 4096
 * @error_code: WALK_FAULT: what #PF pushes
 * @table_gpa: WALK_NO_MEMORY: where the entry was looked for
 */
struct walk_result {
	uint64_t gpa;
	uint64_t page_size;
	uint32_t error_code;
	uint64_t table_gpa;
};

/**
 * walk() - translate one address
 * @cpu: state
 * @mem: how to reach the tables
 * @gva: linear address
 * @access: WALK_* of what the guest wants to do
 * @result: out
 */
enum walk_answer walk(const struct walk_cpu *cpu, const struct walk_memory *mem, uint64_t gva,
		      uint32_t access, struct walk_result *result);

/** walk_ram() - a struct walk_memory over guest RAM that keeps accessed and dirty bits */
struct walk_memory walk_ram(const struct guest_memory *ram);

#endif /* POSADA_WALK_H */
