/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a VM entry failed: the VMCS as it was, and the rules of the manual it breaks.
 */
#ifndef POSADA_EXPLAIN_H
#define POSADA_EXPLAIN_H

#include <linux/types.h>

#include "entry_check.h"

struct posada_vcpu;

/**
 * struct explain - the last entry that failed
 * @image: the VMCS, with the event that was to be delivered
 * @cpu: the CPU that judged it
 * @qualification: exit qualification
 * @entries: entries that had succeeded by then
 * @instruction_error: VM-instruction error, 0 for a failure on the guest state
 * @nr_rules: how many rules @image breaks
 * @known: there was one
 *
 * One for each vCPU, made with it: where an entry fails, interrupts are off and
 * nothing can be allocated.
 */
struct explain {
	struct vmcs_image image;
	struct entry_cpu cpu;
	u64 qualification;
	u64 entries;
	u32 instruction_error;
	u32 nr_rules;
	bool known;
};

/* Module parameter check_entries: judge each entry before it is tried. */
extern bool explain_always;

struct explain *explain_create(void);	/* or NULL */
void explain_destroy(struct explain *explain);

/**
 * explain_failed - keep what an entry failed on
 * @vcpu: its VMCS is current, with the event of the entry still in it
 * @instruction_error: as VM_INSTRUCTION_ERROR says; 0 for a failed exit
 * @qualification: exit qualification
 *
 * Return: how many rules are broken.
 */
u32 explain_failed(struct posada_vcpu *vcpu, u32 instruction_error, u64 qualification);

/**
 * explain_entry - with check_entries: would this entry succeed?
 * @vcpu: about to enter
 *
 * Return: EXIT_RESUME, or EXIT_TO_USER with the exit of an entry that failed.
 */
int explain_entry(struct posada_vcpu *vcpu);

/* The last entry failed: no other has succeeded since. */
bool explain_valid(struct posada_vcpu *vcpu);

#endif /* POSADA_EXPLAIN_H */
