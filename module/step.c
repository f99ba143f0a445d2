// SPDX-License-Identifier: GPL-2.0
#include "step.h"

#include <linux/posada.h>

#include "debug.h"
#include "exit.h"
#include "inject.h"
#include "trap.h"
#include "vcpu.h"
#include "vmx_ops.h"

#define SHADOW		(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)

static void arm(struct posada_vcpu *vcpu, bool lift)
{
	struct step *s = &vcpu->step;
	u64 rflags = vmcs_read(GUEST_RFLAGS);

	s->armed = true;
	s->lifted = lift;
	s->tf = rflags & RFLAGS_TF;
	s->rf = rflags & RFLAGS_RF;
	s->debugctl = vmcs_read(GUEST_IA32_DEBUGCTL);
	s->pending = vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS);
	inject_settle_shadow(vcpu);
	s->shadow = vmcs_read(GUEST_INTERRUPTIBILITY_INFO) & SHADOW;

	/*
	 * With a shadow, TF wants BS pending (SDM 3C 27.3.1.5), which would trap
	 * before the instruction.  A shadow ends with this instruction anyway, and
	 * nothing that it holds up is delivered before.
	 */
	vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
		   vmcs_read(GUEST_INTERRUPTIBILITY_INFO) & ~SHADOW);
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	vmcs_write(GUEST_IA32_DEBUGCTL, s->debugctl & ~DEBUGCTL_BTF);
	/* The debugger knows of its breakpoint at RIP: RF goes past it. */
	if (debug_breakpoints(vcpu))
		rflags |= RFLAGS_RF;
	vmcs_write(GUEST_RFLAGS, rflags | RFLAGS_TF);
	vmcs_write(EXCEPTION_BITMAP, ~0U);
	inject_hold(vcpu);
	if (lift)
		trap_disarm(vcpu);
}

static void disarm(struct posada_vcpu *vcpu)
{
	struct step *s = &vcpu->step;

	s->armed = false;
	if (!s->tf)
		vmcs_write(GUEST_RFLAGS, vmcs_read(GUEST_RFLAGS) & ~RFLAGS_TF);
	vmcs_write(GUEST_IA32_DEBUGCTL, (vmcs_read(GUEST_IA32_DEBUGCTL) & ~DEBUGCTL_BTF) |
					(s->debugctl & DEBUGCTL_BTF));
	vcpu_exceptions(vcpu);
	if (s->lifted)
		trap_arm(vcpu);
}

void step_want(struct posada_vcpu *vcpu)
{
	vcpu->step.wanted = true;
	vcpu->step.rip = vmcs_read(GUEST_RIP);
	vcpu->slow |= SLOW_STEP;
}

void step_forget(struct posada_vcpu *vcpu)
{
	vcpu->step.wanted = false;
	vcpu->slow &= ~SLOW_STEP;
}

void step_resume(struct posada_vcpu *vcpu)
{
	struct step *s = &vcpu->step;

	if (s->wanted && (vcpu->events.event || vmcs_read(GUEST_RIP) != s->rip))
		step_forget(vcpu);
	if (s->wanted || (debug_steps(vcpu) && !vcpu->events.event))
		arm(vcpu, s->wanted);
}

void step_break(struct posada_vcpu *vcpu)
{
	struct step *s = &vcpu->step;

	if (!s->armed)
		return;
	disarm(vcpu);
	vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
		   vmcs_read(GUEST_INTERRUPTIBILITY_INFO) | s->shadow);
	/*
	 * An instruction that exits leaves nothing pending (SDM 3C 28.3.4).  An
	 * emulator that thinks it does would have the guest meet our trap.
	 */
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, s->pending);
	if (!s->rf && debug_breakpoints(vcpu))
		vmcs_write(GUEST_RFLAGS, vmcs_read(GUEST_RFLAGS) & ~RFLAGS_RF);
}

/* A condition can be told that is not enabled: it alone is no trap (SDM 3C table 28-1). */
static bool any_enabled(u64 causes)
{
	u64 dr7 = vmcs_read(GUEST_DR7);
	int n;

	for (n = 0; n < 4; n++)
		if ((causes & BIT(n)) && (dr7 >> 2 * n & 3))
			return true;
	return false;
}

/* The instruction is done.  What of the trap is the guest's own goes to the guest. */
static int stepped(struct posada_vcpu *vcpu, u32 info, u64 qual)
{
	struct step *s = &vcpu->step;
	u64 own = (qual | s->pending) & DEBUG_BREAKPOINTS;

	if (!any_enabled(own))
		own = 0;
	if (s->tf && !(s->debugctl & DEBUGCTL_BTF))
		own |= DEBUG_BS;
	disarm(vcpu);
	step_forget(vcpu);
	return debug_trap(vcpu, info, own);
}

static int exception(struct posada_vcpu *vcpu)
{
	u32 info = vmcs_read(VM_EXIT_INTR_INFO);
	struct step *s = &vcpu->step;
	u64 qual;

	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR ||
	    (info & INTR_INFO_VECTOR_MASK) == VECTOR_MC)
		return EXIT_PASS;	/* the host's */
	if ((info & INTR_INFO_VECTOR_MASK) == VECTOR_DB) {
		qual = vmcs_read(EXIT_QUALIFICATION);
		if (qual & DEBUG_BS)
			return stepped(vcpu, info, qual & ~DEBUG_BS);
	}
	step_break(vcpu);
	step_forget(vcpu);
	if (!s->lifted && (vcpu->trap_exceptions & BIT(info & INTR_INFO_VECTOR_MASK)))
		return trap_exit(vcpu, EXIT_REASON_EXCEPTION_NMI);
	return exit_reflect(vcpu, info);
}

int step_exit(struct posada_vcpu *vcpu, u32 reason)
{
	switch (reason) {
	case EXIT_REASON_EXCEPTION_NMI:
		return exception(vcpu);
	case EXIT_REASON_EXTERNAL_INTERRUPT:
	case EXIT_REASON_PREEMPTION_TIMER:
		return EXIT_PASS;
	case EXIT_REASON_CR_ACCESS:
	case EXIT_REASON_DR_ACCESS:
		/*
		 * Their handlers have the CPU execute the instruction again.  Nothing
		 * is pending for it (SDM 3C 28.3.4), whatever an emulator thinks.
		 */
		if (vcpu->step.lifted) {
			vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
			return EXIT_PASS;
		}
		break;
	case EXIT_REASON_EPT_VIOLATION:
		step_break(vcpu);	/* and try again after it, if RIP is the same */
		return EXIT_PASS;
	}
	/*
	 * The handler does the instruction, or the program will.  The guest that comes
	 * to it again must not find a step that is still wanted: it would go past its
	 * trap unseen.
	 */
	step_break(vcpu);
	step_forget(vcpu);
	return vcpu->step.lifted ? EXIT_PASS : trap_exit(vcpu, reason);
}
