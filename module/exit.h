/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What to do about a VM exit: one handler a basic exit reason.
 *
 * Handlers run with interrupts off and the VMCS current, right after the exit.
 * They answer how it goes on; nothing else decides it.
 */
#ifndef POSADA_EXIT_H
#define POSADA_EXIT_H

#include <linux/nospec.h>
#include <linux/types.h>

#include "vcpu.h"
#include "vmx_ops.h"

enum exit_answer {
	EXIT_RESUME,	/* enter again at once */
	EXIT_TO_USER,	/* RUN returns 0; the run page is filled */
	EXIT_FAULT,	/* resolve exit.gpa in the host's memory, then enter again */
	EXIT_HALT,	/* sleep until an event, then enter again */
	EXIT_IRQ,	/* let the host take its interrupts, then enter again */
	EXIT_NMI,	/* hand an NMI to the host */
	EXIT_MCE,	/* hand a machine check to the host */
	EXIT_WORK,	/* signals, rescheduling */
	EXIT_PASS,	/* of those who look before the handler: let the handler decide */
};

/**
 * struct exit_row - what to do about one basic exit reason
 * @handle: the handler
 * @vectoring: the exit can come in the middle of delivering an event (SDM 3C
 *             28.2.4), which must then be delivered again.  Exits that an
 *             instruction causes, and those between instructions, cannot.
 */
struct exit_row {
	int (*handle)(struct posada_vcpu *vcpu);
	bool vectoring;
};

extern const struct exit_row exit_rows[POSADA_STATS_REASONS];

/* The one home of exits that nothing handles. */
int exit_unknown(struct posada_vcpu *vcpu);

/* What a watched vCPU has before the handler: a debugger, a step, the policy. */
int exit_watch(struct posada_vcpu *vcpu, u32 reason);

/* Route an exit to its handler. */
static __always_inline int exit_handle(struct posada_vcpu *vcpu, u32 reason, const bool watched)
{
	const struct exit_row *row;
	int answer;

	vcpu->exit.reason = reason;
	if (unlikely(reason >= ARRAY_SIZE(exit_rows)))
		return exit_unknown(vcpu);
	reason = array_index_nospec(reason, ARRAY_SIZE(exit_rows));
	row = &exit_rows[reason];
	vcpu->stats.exits[reason]++;
	if (row->vectoring)
		inject_requeue(vcpu);
	if (watched) {
		answer = exit_watch(vcpu, reason);
		if (answer != EXIT_PASS)
			return answer;
	}
	if (unlikely(!row->handle))
		return exit_unknown(vcpu);
	return row->handle(vcpu);
}

/* VMLAUNCH or VMRESUME failed; bit 31 of the exit reason is set. */
int exit_vmfail(struct posada_vcpu *vcpu);
int exit_failed_entry(struct posada_vcpu *vcpu, u32 reason);

/* An entry that was not tried, for @nr_rules reasons; @error as it would have been. */
int exit_refused_entry(struct posada_vcpu *vcpu, u32 error, u32 nr_rules);

/* Fill the common part of the run page; answers EXIT_TO_USER. */
int exit_to_user(struct posada_vcpu *vcpu, u32 reason);

/* Like it, for an exit that carries rip, rflags and length in the exit record. */
int exit_to_user_insn(struct posada_vcpu *vcpu, u32 reason);

/* With what a walk of the guest's page tables and a decoder need. */
int exit_to_user_walk(struct posada_vcpu *vcpu, u32 reason);

/* The instruction at hand raises an exception: #UD, #GP(0). */
int exit_raise_ud(struct posada_vcpu *vcpu);
int exit_raise_gp(struct posada_vcpu *vcpu);

/* An exception was intercepted, perhaps of an IRET; @info as in the VMCS. */
void exit_block_nmi_again(struct posada_vcpu *vcpu, u32 info);

/* An exception that was intercepted goes to the guest; @info as in the VMCS. */
int exit_reflect(struct posada_vcpu *vcpu, u32 info);

/* The same for #DB with the causes of @qual (SDM 3C table 28-1). */
int exit_debug_exception(struct posada_vcpu *vcpu, u32 info, u64 qual);

/* RDMSR or WRMSR is the program's to do; after exit_read_insn(). */
int exit_msr_to_user(struct posada_vcpu *vcpu, bool write);

/* Triple fault: the vCPU is dead from now on; answers EXIT_TO_USER. */
int exit_shutdown(struct posada_vcpu *vcpu);

/* Read rip, rflags and instruction length into the exit record. */
static __always_inline void exit_read_insn(struct posada_vcpu *vcpu)
{
	vcpu->exit.rip = vmcs_read(GUEST_RIP);
	vcpu->exit.rflags = vmcs_read(GUEST_RFLAGS);
	vcpu->exit.insn_len = vmcs_read(VM_EXIT_INSTRUCTION_LEN);
}

#define RFLAGS_TF	(1ULL << 8)
#define RFLAGS_RF	(1ULL << 16)
#define DEBUGCTL_BTF	(1ULL << 1)
/* Of a debug exception's qualification and of the pending ones (SDM 3C table 28-1) */
#define DEBUG_BREAKPOINTS	0xfULL
#define DEBUG_BD		(1ULL << 13)
#define DEBUG_BS		(1ULL << 14)

/* In 64-bit code, where registers have 64 bits? */
bool exit_in_64bit(void);

/* A general register by its number in the exit's qualification or information. */
static inline u64 exit_gpr(const struct posada_vcpu *vcpu, unsigned int n)
{
	return n == POSADA_RSP ? vmcs_read(GUEST_RSP) : READ_ONCE(vcpu->run->regs[n]);
}

static inline void exit_set_gpr(struct posada_vcpu *vcpu, unsigned int n, u64 value)
{
	if (n == POSADA_RSP)
		vmcs_write(GUEST_RSP, value);
	else
		WRITE_ONCE(vcpu->run->regs[n], value);
}

/* The seldom part of exit_skip_to(): single-stepping, RF, the 4 GiB boundary. */
void exit_skip_slow(struct posada_vcpu *vcpu, u64 rip);

/**
 * exit_skip_to - the instruction of the exit record is done: RIP goes on at @rip
 * @vcpu: after exit_read_insn()
 * @rip: of the next instruction
 *
 * The only place where RIP moves.  Ends the STI and MOV-SS shadow, clears RF
 * and sets the pending trap of single-stepping, as the CPU does.
 */
static __always_inline void exit_skip_to(struct posada_vcpu *vcpu, u64 rip)
{
	struct exit_record *exit = &vcpu->exit;

	exit->insn_len = 0;
	vcpu->events.shadow_stale = true;
	/* An open window must not be held up by the old shadow. */
	vcpu->events.check |= vcpu->events.window;
	if (unlikely((exit->rflags & (RFLAGS_TF | RFLAGS_RF)) || (rip ^ exit->rip) >> 32))
		return exit_skip_slow(vcpu, rip);
	exit->rip = rip;
	vmcs_write(GUEST_RIP, rip);
}

static __always_inline void exit_skip(struct posada_vcpu *vcpu)
{
	exit_skip_to(vcpu, vcpu->exit.rip + vcpu->exit.insn_len);
}

/* New RFLAGS for the same instruction: what entry wants of a shadow to go with them. */
void exit_settle_shadow(struct posada_vcpu *vcpu);

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

/* exit_task.c */
int exit_task_switch(struct posada_vcpu *vcpu);

/* exit_mem.c */
int exit_ept_violation(struct posada_vcpu *vcpu);
int exit_ept_misconfig(struct posada_vcpu *vcpu);

/* mem_fault() failed: what the program is told; the VMCS need not be current. */
void exit_memory_error(struct posada_vcpu *vcpu, int err);

#endif /* POSADA_EXIT_H */
