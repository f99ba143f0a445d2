/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What CPUID tells a guest: a table per vCPU, and what follows from it.
 */
#ifndef POSADA_CPUID_H
#define POSADA_CPUID_H

#include <linux/types.h>
#include <linux/posada.h>

struct posada_vcpu;

#define CPUID_MAX_ENTRIES	128
#define CPUID_DIRECT		32	/* leaves of a class that are found at once */

/**
 * struct cpuid - the table of one vCPU
 * @nr: entries
 * @entries: sorted by leaf, then subleaf
 * @basic: the entry of leaf i, if it has no subleaves and nothing that changes
 * @extended: the same for leaf 80000000h + i
 * @max_basic: entry 0's EAX: the highest basic leaf
 * @cr4: CR4 bits that the features allow the guest to set
 * @efer: EFER bits, likewise
 * @cpu2: secondary controls that must be off: instructions that are not there
 */
struct cpuid {
	u32 nr;
	struct posada_cpuid_entry *entries;
	const struct posada_cpuid_entry *basic[CPUID_DIRECT];
	const struct posada_cpuid_entry *extended[CPUID_DIRECT];
	u32 max_basic;
	u64 cr4;
	u64 efer;
	u32 cpu2;
};

int cpuid_init(void);	/* the supported table; at load */
void cpuid_exit(void);

/* The table that a new vCPU has. */
const struct posada_cpuid_entry *cpuid_supported(u32 *nr);

/**
 * cpuid_set - replace a table
 * @cpuid: zeroed or in use
 * @entries: copied
 * @nr: 0..CPUID_MAX_ENTRIES
 *
 * Return: 0, -EINVAL or -ENOMEM; unchanged on error.  The caller updates what
 * depends on @cpuid->cr4.
 */
int cpuid_set(struct cpuid *cpuid, const struct posada_cpuid_entry *entries, u32 nr);
void cpuid_free(struct cpuid *cpuid);

/* The instruction: regs by number; VMCS current. */
void cpuid_execute(struct posada_vcpu *vcpu, u64 *regs);

#endif /* POSADA_CPUID_H */
