/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The trap policy of a VM: what happens on a restricted action of the guest.
 *
 * Pure: rows in, controls out.  Tested in userspace.
 */
#ifndef POSADA_POLICY_H
#define POSADA_POLICY_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/posada.h>

/**
 * struct policy_msr - what is special about a model-specific register
 * @index: its address
 * @native: POSADA_TRAP_READ and _WRITE: no exit by default, the value is the guest's own
 * @known: POSADA_TRAP_READ and _WRITE: the module can do it
 */
struct policy_msr {
	u32 index;
	u8 native;
	u8 known;
};

/**
 * struct policy_cpu - what a policy can build on
 * @cpu: primary processor-based controls that may be 1
 * @cpu2: secondary ones
 * @msrs: registers that are special, by ascending index
 * @nr_msrs: how many
 */
struct policy_cpu {
	u32 cpu;
	u32 cpu2;
	const struct policy_msr *msrs;
	u32 nr_msrs;
};

/**
 * struct policy_controls - what a policy makes of the VMCS
 * @cpu: of the primary controls in POLICY_CPU, those that are on
 * @cpu2: of the secondary controls in POLICY_CPU2, those that are on
 * @exceptions: vectors that exit, beside those that always do
 * @cr0: every change of CR0 exits
 * @cr4: every change of CR4 exits
 * @dr: every MOV DR exits
 * @msrs: some MSR exits that by default does not
 */
struct policy_controls {
	u32 cpu;
	u32 cpu2;
	u32 exceptions;
	bool cr0;
	bool cr4;
	bool dr;
	bool msrs;
};

/* The controls that a policy decides about. */
extern const u32 policy_cpu_mask;
extern const u32 policy_cpu2_mask;

/**
 * struct policy_row - a row with its count
 * @trap: @trap.hits is not used
 * @hits: [a]
 */
struct policy_row {
	struct posada_trap trap;
	atomic64_t hits;
};

#define POLICY_MAX_BUILT_IN	96

/**
 * struct policy - the effective table
 * @nr: rows in all
 * @nr_set: of these, the program's; they come first
 * @controls: what follows from the rows
 * @msr_bitmap: page of this policy, or NULL for the default one
 * @start: position in @order of the first row of a kind; the last is @nr
 * @order: positions of the rows by kind, first match first
 * @rows: in the order of POLICY_GET
 */
struct policy {
	u32 nr;
	u32 nr_set;
	struct policy_controls controls;
	u8 *msr_bitmap;
	u16 start[POSADA_TRAP_KINDS + 1];
	u16 order[POSADA_POLICY_MAX_TRAPS + POLICY_MAX_BUILT_IN];
	struct policy_row rows[];
};

/**
 * policy_refuse - may this row be set?
 * @trap: the row
 * @cpu: what there is
 * @err: out: -EINVAL, or -EOPNOTSUPP if only this CPU cannot
 *
 * Return: NULL if it may, else why not, in words.
 */
const char *policy_refuse(const struct posada_trap *trap, const struct policy_cpu *cpu, int *err);

/**
 * policy_built_in - the rows behind those of the program; they match everything
 * @rows: room for POLICY_MAX_BUILT_IN
 * @cpu: what there is
 *
 * Return: how many.
 */
u32 policy_built_in(struct posada_trap *rows, const struct policy_cpu *cpu);

/* Settle @order, @start and @controls from @nr and @rows. */
void policy_compile(struct policy *policy, const struct policy_cpu *cpu);

/**
 * policy_match - the row that decides
 * @policy: compiled
 * @what: POSADA_TRAP_*
 * @access: POSADA_TRAP_READ or _WRITE; 0 for kinds without
 * @number: leaf, port, register, vector; 0 for kinds without
 */
struct policy_row *policy_match(struct policy *policy, u32 what, u32 access, u32 number);

#endif /* POSADA_POLICY_H */
