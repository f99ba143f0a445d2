/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control and debug registers of a guest.
 *
 * The guest owns most bits of CR0 and CR4: it changes them without an exit, and
 * the CPU does all that follows (PDPTEs, EFER.LMA, TLB).  The module owns what
 * VMX or the host needs at a value of its own; the guest reads those from the
 * read shadow, and an attempt to change one exits.
 */
#ifndef POSADA_CR_H
#define POSADA_CR_H

#include <linux/types.h>

struct cpuid;
struct posada_vcpu;

void cr_reset(struct posada_vcpu *vcpu);	/* VMCS current */

/* Who owns which bit follows from the CPUID table; VMCS current. */
void cr_update_owned(struct posada_vcpu *vcpu);

/* The bits that make an exit without a policy. */
u64 cr0_owned(void);
u64 cr4_owned(const struct posada_vcpu *vcpu);

/* Does every change of CR0 (0) or CR4 (4) exit?  Of others, yes.  VMCS current. */
bool cr_trapped(unsigned int number);

u64 cr0_read(void);	/* as the guest reads them; VMCS current */
u64 cr4_read(void);
bool cr0_valid(u64 cr0);
bool cr4_valid(const struct cpuid *cpuid, u64 cr4);
void cr0_write(struct posada_vcpu *vcpu, u64 cr0);	/* valid; VMCS current */
void cr4_write(struct posada_vcpu *vcpu, u64 cr4);

unsigned int cr_cpl(void);	/* 0..3; VMCS current */

/*
 * The guest's debug registers: in the CPU from dr_load() to dr_unload(), with
 * interrupts off.  Otherwise MOV DR exits, and the first one loads them.
 */
void dr_load(struct posada_vcpu *vcpu);
void dr_unload(struct posada_vcpu *vcpu);

/* DR7 is @dr7: with a breakpoint enabled they are loaded before the guest runs. */
void dr_note_active(struct posada_vcpu *vcpu, u64 dr7);

/* DR6 as a #DB with this exit qualification leaves it. */
void dr6_merge(struct posada_vcpu *vcpu, u64 qual);

#endif /* POSADA_CR_H */
