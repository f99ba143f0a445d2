/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The trap policy at work: rows of policy.h applied to the exits of a vCPU.
 *
 * None of it is on the path of a vCPU whose VM has no policy set.
 */
#ifndef POSADA_TRAP_H
#define POSADA_TRAP_H

#include <linux/types.h>

/* What a row was met by, in the words of posada_run.trap. */
struct trap_facts {
	u32 what;
	u32 access;
	u32 number;
	u32 row;
	u32 gpr;
	u32 error_code;
	u32 information;
	u64 value;
	u64 qualification;
};

struct posada_policy;
struct posada_trap;
struct posada_vcpu;
struct posada_vm;

/**
 * trap_set - POSADA_POLICY_SET
 * @vm: its vCPUs may run
 * @traps: the rows
 * @arg: @nr rows; out: @bad and @why
 *
 * May sleep.  On return every vCPU goes by the new rows.
 * Return: 0, -EINVAL, -EOPNOTSUPP, -ENOMEM.
 */
int trap_set(struct posada_vm *vm, const struct posada_trap *traps, struct posada_policy *arg);

/**
 * trap_get - POSADA_POLICY_GET
 * @vm: the VM
 * @nr: out: how many rows there are
 *
 * Return: the rows, to be freed with kvfree(), or ERR_PTR.
 */
struct posada_trap *trap_get(struct posada_vm *vm, u32 *nr);

void trap_free(struct posada_vm *vm);	/* with the VM */

/* The VM has a policy that this vCPU does not go by yet; VMCS current. */
void trap_load(struct posada_vcpu *vcpu);

/* The traps of the policy into the VMCS, and out of it for one instruction. */
void trap_arm(struct posada_vcpu *vcpu);
void trap_disarm(struct posada_vcpu *vcpu);

/**
 * trap_exit - what the policy says about an exit
 * @vcpu: the exit is counted, a broken delivery taken back
 * @reason: basic exit reason
 *
 * Return: how it goes on, or EXIT_PASS: the handler of exit_rows[] decides.
 */
int trap_exit(struct posada_vcpu *vcpu, u32 reason);

/* HLT is NATIVE: if the guest is in it, it goes on sleeping as after an exit. */
void trap_settle_hlt(struct posada_vcpu *vcpu);

/* Another vCPU, or an earlier RUN, met a TERMINATE row: fill the run page. */
int trap_ended(struct posada_vcpu *vcpu);

#endif /* POSADA_TRAP_H */
