/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Executing one instruction of the guest: past its trap, or for a debugger.
 *
 * The traps of the policy are lifted, unless it is only for the debugger, the
 * instruction runs with RFLAGS.TF and all exceptions intercepted, and nothing is
 * delivered meanwhile.  What comes back is
 * the single-step trap or an exception of the instruction; either is sorted out
 * before the guest sees anything.
 */
#ifndef POSADA_STEP_H
#define POSADA_STEP_H

#include <linux/types.h>

struct posada_vcpu;

/**
 * struct step - the instruction to be executed
 * @wanted: [v] it has not been executed yet
 * @armed: [v] the next entry executes it
 * @lifted: [v] past the traps of the policy, not only for the debugger
 * @tf: [v] the guest's own RFLAGS.TF
 * @rf: [v] the guest's own RFLAGS.RF
 * @rip: [v] where it is
 * @debugctl: [v] the guest's own
 * @pending: [v] pending debug exceptions from before
 * @shadow: [v] interruptibility from before
 */
struct step {
	bool wanted;
	bool armed;
	bool lifted;
	bool tf;
	bool rf;
	u64 rip;
	u64 debugctl;
	u64 pending;
	u32 shadow;
};

/* The instruction at RIP shall be executed past the traps; VMCS current. */
void step_want(struct posada_vcpu *vcpu);

/* At the begin of a stay: arm it, if RIP is still there, or for the debugger's sake. */
void step_resume(struct posada_vcpu *vcpu);

/* The stay ends, or something else comes first: the guest's state is its own again. */
void step_break(struct posada_vcpu *vcpu);

/* Not wanted any more: another instruction, or an exception. */
void step_forget(struct posada_vcpu *vcpu);

/**
 * step_exit - an exit while a step is armed
 * @vcpu: as for trap_exit()
 * @reason: basic exit reason
 *
 * Return: how it goes on, or EXIT_PASS.
 */
int step_exit(struct posada_vcpu *vcpu, u32 reason);

#endif /* POSADA_STEP_H */
