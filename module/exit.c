// SPDX-License-Identifier: GPL-2.0
#include "exit.h"

#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <asm/special_insns.h>

#include "cr.h"
#include "explain.h"

#define DEBUGCTL_LBR	(1ULL << 0)
#define DR7_GD		(1ULL << 13)
#define RFLAGS_IF	(1ULL << 9)
#define CS_ACCESS_L	(1U << 13)
#define EFER_LMA_BIT	(1ULL << 10)

/* ---- completing an instruction -------------------------------------------------- */

bool exit_in_64bit(void)
{
	return (vmcs_read(GUEST_IA32_EFER) & EFER_LMA_BIT) &&
	       (vmcs_read(GUEST_CS_AR_BYTES) & CS_ACCESS_L);
}

void exit_skip_slow(struct posada_vcpu *vcpu, u64 rip)
{
	u64 rflags = vcpu->exit.rflags;

	/* Outside 64-bit code the instruction pointer has 32 bits. */
	vcpu->exit.rip = exit_in_64bit() ? rip : (u32)rip;
	vmcs_write(GUEST_RIP, vcpu->exit.rip);
	if (rflags & RFLAGS_RF) {
		vcpu->exit.rflags = rflags & ~RFLAGS_RF;
		vmcs_write(GUEST_RFLAGS, vcpu->exit.rflags);
	}
	if ((rflags & RFLAGS_TF) && !(vmcs_read(GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF)) {
		/* The trap comes before the next instruction, shadow or not. */
		vmcs_write(GUEST_INTERRUPTIBILITY_INFO, vmcs_read(GUEST_INTERRUPTIBILITY_INFO) &
			   ~(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS));
		vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS,
			   vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) | DEBUG_BS);
	}
}

/* SDM 3C 27.3.1.5: no STI shadow with IF=0, and in any shadow BS pending just with TF. */
void exit_settle_shadow(struct posada_vcpu *vcpu)
{
	u32 state = vmcs_read(GUEST_INTERRUPTIBILITY_INFO);
	u64 pending = vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) & ~DEBUG_BS;
	u64 rflags = vcpu->exit.rflags;

	if (!(state & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)))
		return;
	if (!(rflags & RFLAGS_IF)) {
		state &= ~GUEST_INTR_STATE_STI;
		vmcs_write(GUEST_INTERRUPTIBILITY_INFO, state);
	}
	if ((rflags & RFLAGS_TF) && !(vmcs_read(GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF) &&
	    (state & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)))
		pending |= DEBUG_BS;
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, pending);
}

/* ---- what the program is told ------------------------------------------------------ */

int exit_to_user_insn(struct posada_vcpu *vcpu, u32 reason)
{
	struct posada_run *run = vcpu->run;

	run->reason = reason;
	run->hw_reason = vcpu->exit.reason;
	run->insn_len = vcpu->exit.insn_len;
	run->rip = vcpu->exit.rip;
	run->rflags = vcpu->exit.rflags;
	return EXIT_TO_USER;
}

int exit_to_user(struct posada_vcpu *vcpu, u32 reason)
{
	vcpu->exit.rip = vmcs_read(GUEST_RIP);
	vcpu->exit.rflags = vmcs_read(GUEST_RFLAGS);
	vcpu->exit.insn_len = 0;
	return exit_to_user_insn(vcpu, reason);
}

int exit_to_user_walk(struct posada_vcpu *vcpu, u32 reason)
{
	struct posada_run *run = vcpu->run;

	run->cr0 = cr0_read();
	run->cr3 = vmcs_read(GUEST_CR3);
	run->cr4 = cr4_read();
	run->efer = vmcs_read(GUEST_IA32_EFER);
	run->cs_base = vmcs_read(GUEST_CS_BASE);
	run->cs_access = vmcs_read(GUEST_CS_AR_BYTES);
	run->ss_access = vmcs_read(GUEST_SS_AR_BYTES);
	run->ds_base = vmcs_read(GUEST_DS_BASE);
	run->es_base = vmcs_read(GUEST_ES_BASE);
	return exit_to_user_insn(vcpu, reason);
}

int exit_shutdown(struct posada_vcpu *vcpu)
{
	vcpu->dead = VCPU_SHUTDOWN;
	return exit_to_user(vcpu, POSADA_EXIT_SHUTDOWN);
}

static int raise(struct posada_vcpu *vcpu, u8 vector, bool with_error)
{
	return inject_exception(vcpu, vector, with_error, 0) ? EXIT_RESUME : exit_shutdown(vcpu);
}

int exit_raise_ud(struct posada_vcpu *vcpu)
{
	return raise(vcpu, VECTOR_UD, false);
}

int exit_raise_gp(struct posada_vcpu *vcpu)
{
	return raise(vcpu, VECTOR_GP, true);
}

static int to_user_unknown(struct posada_vcpu *vcpu, u32 reason)
{
	struct posada_run *run = vcpu->run;

	run->qualification = vmcs_read(EXIT_QUALIFICATION);
	run->unknown.intr_info = vmcs_read(VM_EXIT_INTR_INFO);
	run->unknown.error_code = vmcs_read(VM_EXIT_INTR_ERROR_CODE);
	run->unknown.vectoring_info = vmcs_read(IDT_VECTORING_INFO_FIELD);
	run->unknown.reserved = 0;
	return exit_to_user(vcpu, reason);
}

/* Loud, but not at a guest's pace. */
int exit_unknown(struct posada_vcpu *vcpu)
{
	step_break(vcpu);	/* its TF is not the guest's */
	pr_warn_ratelimited("posada: unknown exit: reason %u, qualification %#llx, rip %#llx\n",
			    vcpu->exit.reason, vmcs_read(EXIT_QUALIFICATION),
			    vmcs_read(GUEST_RIP));
	return to_user_unknown(vcpu, POSADA_EXIT_UNKNOWN);
}

/* SDM 3C 27.8: the host state is loaded, but nothing else happened. */
int exit_failed_entry(struct posada_vcpu *vcpu, u32 reason)
{
	struct posada_run *run = vcpu->run;
	u64 qualification = vmcs_read(EXIT_QUALIFICATION);
	u32 nr_rules = explain_failed(vcpu, 0, qualification);

	inject_undo(vcpu);
	step_break(vcpu);
	vcpu->exit.reason = (u16)reason;
	run->qualification = qualification;
	run->failed.instruction_error = 0;
	run->failed.nr_rules = nr_rules;
	exit_to_user(vcpu, POSADA_EXIT_FAILED);
	return (u16)reason == EXIT_REASON_MCE_DURING_VMENTRY ? EXIT_MCE : EXIT_TO_USER;
}

/* Nothing happened at all: the VMCS holds no exit. */
static int exit_no_entry(struct posada_vcpu *vcpu, u32 error, u32 nr_rules)
{
	struct posada_run *run = vcpu->run;

	inject_undo(vcpu);
	step_break(vcpu);
	vcpu->exit.reason = 0;
	run->qualification = 0;
	run->failed.instruction_error = error;
	run->failed.nr_rules = nr_rules;
	return exit_to_user(vcpu, POSADA_EXIT_FAILED);
}

int exit_vmfail(struct posada_vcpu *vcpu)
{
	u32 error = vmcs_read(VM_INSTRUCTION_ERROR);

	return exit_no_entry(vcpu, error, explain_failed(vcpu, error, 0));
}

/* Told as the CPU would have told it. */
int exit_refused_entry(struct posada_vcpu *vcpu, u32 error, u32 nr_rules)
{
	exit_no_entry(vcpu, error, nr_rules);
	if (!error)
		vcpu->run->hw_reason = EXIT_REASON_INVALID_STATE;
	return EXIT_TO_USER;
}

/* ---- exits that concern the host or our own windows ----------------------------------- */

/*
 * #DB and #AC go back to the guest.  They are intercepted because delivering them
 * can raise them again, for ever and without an instruction boundary at which
 * anything could interrupt the CPU (CVE-2015-8104, CVE-2015-5307).
 */
int exit_debug_exception(struct posada_vcpu *vcpu, u32 info, u64 qual)
{
	u32 shadow = vmcs_read(GUEST_INTERRUPTIBILITY_INFO);

	/* The CPU leaves all this to whoever delivers it (SDM 3C 28.1). */
	dr6_merge(vcpu, qual);
	vmcs_write(GUEST_DR7, vmcs_read(GUEST_DR7) & ~DR7_GD);
	vcpu->debug.guest_dr7 &= ~DR7_GD;
	vmcs_write(GUEST_IA32_DEBUGCTL,
		   vmcs_read(GUEST_IA32_DEBUGCTL) & ~(DEBUGCTL_LBR | DEBUGCTL_BTF));
	/* With a shadow and TF, entry wants BS pending (SDM 3C 27.3.1.5). */
	if ((shadow & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)) &&
	    (vmcs_read(GUEST_RFLAGS) & RFLAGS_TF))
		vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS,
			   vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) | DEBUG_BS);
	vcpu->exit.insn_len = vmcs_read(VM_EXIT_INSTRUCTION_LEN);
	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_PRIV_SW_EXCEPTION)
		inject_icebp(vcpu);
	else if (!inject_exception(vcpu, VECTOR_DB, false, 0))
		return exit_shutdown(vcpu);
	return EXIT_RESUME;
}

/* The IRET that faulted runs again: until then NMIs are blocked (28.2.3). */
void exit_block_nmi_again(struct posada_vcpu *vcpu, u32 info)
{
	if ((info & INTR_INFO_UNBLOCK_NMI) && !vcpu->events.event)
		vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
			   vmcs_read(GUEST_INTERRUPTIBILITY_INFO) | GUEST_INTR_STATE_NMI);
}

int exit_reflect(struct posada_vcpu *vcpu, u32 info)
{
	u32 vector = info & INTR_INFO_VECTOR_MASK;
	bool with_error = info & INTR_INFO_DELIVER_CODE_MASK;

	exit_block_nmi_again(vcpu, info);
	if (vector == VECTOR_DB)
		return exit_debug_exception(vcpu, info, vmcs_read(EXIT_QUALIFICATION));
	if (vector == VECTOR_PF)
		native_write_cr2(vmcs_read(EXIT_QUALIFICATION));	/* 28.2.1 */
	vcpu->exit.insn_len = vmcs_read(VM_EXIT_INSTRUCTION_LEN);	/* of INT3, INTO */
	if (!inject_exception(vcpu, vector, with_error,
			      with_error ? vmcs_read(VM_EXIT_INTR_ERROR_CODE) : 0))
		return exit_shutdown(vcpu);
	return EXIT_RESUME;
}

static int exit_exception(struct posada_vcpu *vcpu)
{
	u32 info = vmcs_read(VM_EXIT_INTR_INFO);
	u32 vector = info & INTR_INFO_VECTOR_MASK;

	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR)
		return EXIT_NMI;
	if (vector == VECTOR_MC)
		return EXIT_MCE;
	if (vector == VECTOR_DB || vector == VECTOR_AC)
		return exit_reflect(vcpu, info);
	return exit_unknown(vcpu);
}

/* Not acknowledged: it is still pending and arrives when interrupts are on. */
static int exit_interrupt(struct posada_vcpu *vcpu)
{
	return EXIT_IRQ;
}

static int exit_window(struct posada_vcpu *vcpu)
{
	vcpu->events.check = true;
	return EXIT_RESUME;
}

static int exit_triple_fault(struct posada_vcpu *vcpu)
{
	vcpu->dead = VCPU_SHUTDOWN;
	return to_user_unknown(vcpu, POSADA_EXIT_SHUTDOWN);
}

int exit_watch(struct posada_vcpu *vcpu, u32 reason)
{
	if (!(vcpu->controls & CPU_BASED_HLT_EXITING))
		trap_settle_hlt(vcpu);
	if (vcpu->slow & SLOW_DEBUG) {
		int answer = debug_exit(vcpu, reason);

		if (answer != EXIT_PASS)
			return answer;
	}
	if (vcpu->step.armed)
		return step_exit(vcpu, reason);
	return trap_exit(vcpu, reason);
}

/* asm/vmx.h has no name for it (SDM 3C appendix C). */
#define EXIT_REASON_GETSEC	11

/* ---- the table ---------------------------------------------------------------------- */

const struct exit_row exit_rows[POSADA_STATS_REASONS] = {
	[EXIT_REASON_EXCEPTION_NMI]	= { exit_exception, true },
	[EXIT_REASON_EXTERNAL_INTERRUPT] = { exit_interrupt },
	[EXIT_REASON_TRIPLE_FAULT]	= { exit_triple_fault },
	[EXIT_REASON_INTERRUPT_WINDOW]	= { exit_window },
	[EXIT_REASON_NMI_WINDOW]	= { exit_window },
	[EXIT_REASON_TASK_SWITCH]	= { exit_task_switch, true },
	[EXIT_REASON_CPUID]		= { exit_cpuid },
	[EXIT_REASON_GETSEC]		= { exit_ud },
	[EXIT_REASON_HLT]		= { exit_hlt },
	[EXIT_REASON_INVD]		= { exit_nothing },
	[EXIT_REASON_RDPMC]		= { exit_gp },
	[EXIT_REASON_VMCALL]		= { exit_vmcall },
	[EXIT_REASON_VMCLEAR]		= { exit_ud },
	[EXIT_REASON_VMLAUNCH]		= { exit_ud },
	[EXIT_REASON_VMPTRLD]		= { exit_ud },
	[EXIT_REASON_VMPTRST]		= { exit_ud },
	[EXIT_REASON_VMREAD]		= { exit_ud },
	[EXIT_REASON_VMRESUME]		= { exit_ud },
	[EXIT_REASON_VMWRITE]		= { exit_ud },
	[EXIT_REASON_VMOFF]		= { exit_ud },
	[EXIT_REASON_VMON]		= { exit_ud },
	[EXIT_REASON_CR_ACCESS]		= { exit_cr },
	[EXIT_REASON_DR_ACCESS]		= { exit_dr },
	[EXIT_REASON_IO_INSTRUCTION]	= { exit_io },
	[EXIT_REASON_MSR_READ]		= { exit_rdmsr },
	[EXIT_REASON_MSR_WRITE]		= { exit_wrmsr },
	[EXIT_REASON_MWAIT_INSTRUCTION]	= { exit_ud },
	[EXIT_REASON_MONITOR_INSTRUCTION] = { exit_ud },
	[EXIT_REASON_TPR_BELOW_THRESHOLD] = { exit_window },
	[EXIT_REASON_EPT_VIOLATION]	= { exit_ept_violation, true },
	[EXIT_REASON_EPT_MISCONFIG]	= { exit_ept_misconfig, true },
	[EXIT_REASON_INVEPT]		= { exit_ud },
	[EXIT_REASON_PREEMPTION_TIMER]	= { exit_interrupt },
	[EXIT_REASON_INVVPID]		= { exit_ud },
	[EXIT_REASON_WBINVD]		= { exit_nothing },
	[EXIT_REASON_XSETBV]		= { exit_xsetbv },
	[EXIT_REASON_VMFUNC]		= { exit_ud },
	[EXIT_REASON_ENCLS]		= { exit_ud },
};
