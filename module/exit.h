/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What to do about a VM exit: one handler a basic exit reason.
 *
 * Handlers run with interrupts off and the VMCS current, right after the exit.
 * They answer how it goes on; nothing else decides it.
 */
#ifndef POSADA_EXIT_H
#define POSADA_EXIT_H

#include <linux/types.h>

struct posada_vcpu;

enum exit_answer {
	EXIT_RESUME,	/* enter again at once */
	EXIT_TO_USER,	/* RUN returns 0; the run page is filled */
	EXIT_FAULT,	/* resolve exit.gpa in the host's memory, then enter again */
	EXIT_HALT,	/* sleep until an event, then enter again */
	EXIT_IRQ,	/* let the host take its interrupts, then enter again */
	EXIT_NMI,	/* hand an NMI to the host */
	EXIT_MCE,	/* hand a machine check to the host */
	EXIT_WORK,	/* signals, rescheduling */
};

/* Route an exit to its handler. */
int exit_handle(struct posada_vcpu *vcpu, u32 reason);

/* VMLAUNCH or VMRESUME failed; bit 31 of the exit reason is set. */
int exit_vmfail(struct posada_vcpu *vcpu);
int exit_failed_entry(struct posada_vcpu *vcpu, u32 reason);

/* Fill the common part of the run page; answers EXIT_TO_USER. */
int exit_to_user(struct posada_vcpu *vcpu, u32 reason);

/* Like it, for an exit that carries rip, rflags and length in the exit record. */
int exit_to_user_insn(struct posada_vcpu *vcpu, u32 reason);

/* With what a walk of the guest's page tables and a decoder need. */
int exit_to_user_walk(struct posada_vcpu *vcpu, u32 reason);

/* Triple fault: the vCPU is dead from now on; answers EXIT_TO_USER. */
int exit_shutdown(struct posada_vcpu *vcpu);

/* Read rip, rflags and instruction length into the exit record. */
void exit_read_insn(struct posada_vcpu *vcpu);

/**
 * exit_skip - the instruction of the exit record is done: move RIP behind it
 * @vcpu: after exit_read_insn()
 *
 * The only place where RIP moves.  Ends the STI and MOV-SS shadow, clears RF
 * and sets the pending trap of single-stepping, as the CPU does.
 */
void exit_skip(struct posada_vcpu *vcpu);
void exit_skip_to(struct posada_vcpu *vcpu, u64 rip);

/* exit_insn.c */
int exit_cpuid(struct posada_vcpu *vcpu);
int exit_hlt(struct posada_vcpu *vcpu);
int exit_io(struct posada_vcpu *vcpu);
int exit_vmcall(struct posada_vcpu *vcpu);
int exit_rdmsr(struct posada_vcpu *vcpu);
int exit_wrmsr(struct posada_vcpu *vcpu);
int exit_xsetbv(struct posada_vcpu *vcpu);
int exit_nothing(struct posada_vcpu *vcpu);	/* INVD, WBINVD */
int exit_ud(struct posada_vcpu *vcpu);
int exit_gp(struct posada_vcpu *vcpu);

/* exit_cr.c */
int exit_cr(struct posada_vcpu *vcpu);
int exit_dr(struct posada_vcpu *vcpu);

/* exit_mem.c */
int exit_ept_violation(struct posada_vcpu *vcpu);
int exit_ept_misconfig(struct posada_vcpu *vcpu);

/* mem_fault() failed: what the program is told; the VMCS need not be current. */
void exit_memory_error(struct posada_vcpu *vcpu, int err);

#endif /* POSADA_EXIT_H */
