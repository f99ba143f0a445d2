/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processor modes as values: segments and control registers of a guest that
 * begins in real, protected or long mode.  Pure; the caller hands the result to
 * posada_state_set() with MODE_GROUPS.
 */
#ifndef POSADA_MODE_H
#define POSADA_MODE_H

#include <stdint.h>

#include <linux/posada.h>

/* What the functions below fill in. */
#define MODE_GROUPS    (POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL)

/* Access rights (SDM 3C 25.4.1, table 25-2) */
#define SEGMENT_CODE64 0xa09bU
#define SEGMENT_CODE32 0xc09bU
#define SEGMENT_CODE16 0x009bU
#define SEGMENT_DATA   0xc093U
#define SEGMENT_DATA16 0x0093U
#define SEGMENT_TSS    0x008bU

#define MODE_CR0_PE    (1ULL << 0)
#define MODE_CR0_ET    (1ULL << 4)
#define MODE_CR0_NE    (1ULL << 5)
#define MODE_CR0_PG    (1ULL << 31)
#define MODE_CR4_PAE   (1ULL << 5)
#define MODE_EFER_LME  (1ULL << 8)
#define MODE_EFER_LMA  (1ULL << 10)

/**
 * mode_real() - real mode, all segments 64 KiB
 * @state: in: control.xcr0, as POSADA_STATE_GET gave it (whether it may be 0
 *         depends on the CPU); out: REGS, SEGMENTS, CONTROL
 * @cs: CS, base @cs << 4; the data segments have selector and base 0
 * @ip: IP
 */
void mode_real(struct posada_state *state, uint16_t cs, uint16_t ip);

/**
 * mode_protected() - 32-bit protected mode, flat, no paging
 * @state: out, as mode_real()
 * @gdt: guest-physical address of a GDT as mode_gdt() writes it
 * @eip: EIP
 */
void mode_protected(struct posada_state *state, uint32_t gdt, uint32_t eip);

/**
 * mode_long() - 64-bit mode
 * @state: out, as mode_real()
 * @gdt: guest-physical address of a GDT as mode_gdt() writes it
 * @cr3: root of the page tables
 * @rip: RIP
 */
void mode_long(struct posada_state *state, uint64_t gdt, uint64_t cr3, uint64_t rip);

/* Selectors in the GDT of mode_gdt(): those that Linux's boot protocol wants. */
#define MODE_CS		 0x10
#define MODE_DS		 0x18
#define MODE_TSS	 0x20
#define MODE_GDT_ENTRIES 6

/** mode_gdt() - a GDT for mode_protected() (@code64 0) or mode_long() (1) */
void mode_gdt(uint64_t gdt[MODE_GDT_ENTRIES], int code64);

/* Bytes of page tables that mode_identity_map() writes. */
#define MODE_PAGE_TABLES (6 * 4096)

/**
 * mode_identity_map() - page tables that map the low 4 GiB to themselves
 * @tables: out: MODE_PAGE_TABLES bytes
 * @gpa: where they will be in the guest, page aligned; this is CR3
 *
 * Pages are 2 MiB, so that every CPU can use them.
 */
void mode_identity_map(uint64_t *tables, uint64_t gpa);

#endif /* POSADA_MODE_H */
