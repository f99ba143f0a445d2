// SPDX-License-Identifier: GPL-2.0
#include "debug.h"

#include <linux/errno.h>
#include <linux/posada.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/msr.h>

#include "cr.h"
#include "exit.h"
#include "inject.h"
#include "step.h"
#include "vcpu.h"
#include "vmx_ops.h"

#define FLAGS		(POSADA_DEBUG_STEP | POSADA_DEBUG_BREAKPOINTS | POSADA_DEBUG_INT3 | \
			 POSADA_DEBUG_LOG)
#define DR7_FIXED	0x400ULL
#define DR7_GD		(1ULL << 13)
#define DR7_VALID	0xffff27ffULL	/* SDM 3B 18.2.4 */
#define DR7_RW(dr7, n)	((dr7) >> (16 + 4 * (n)) & 3)
#define DR7_LEN(dr7, n)	((dr7) >> (18 + 4 * (n)) & 3)
#define DR7_ON(dr7, n)	((dr7) >> (2 * (n)) & 3)
#define RW_EXECUTE	0
#define RW_IO		2

bool debug_breakpoints(const struct posada_vcpu *vcpu)
{
	return vcpu->debug.flags & POSADA_DEBUG_BREAKPOINTS;
}

bool debug_steps(const struct posada_vcpu *vcpu)
{
	return vcpu->debug.flags & POSADA_DEBUG_STEP;
}

void debug_forget(struct posada_vcpu *vcpu)
{
	vcpu->debug.begun = false;
	vcpu->debug.done = false;
	vcpu->debug.delivering = false;
}

u32 debug_exceptions(const struct posada_vcpu *vcpu)
{
	return vcpu->debug.flags & POSADA_DEBUG_INT3 ? BIT(VECTOR_BP) : 0;
}

/* RUN returns. */
static int hit(struct posada_vcpu *vcpu, u32 flags)
{
	struct debug *d = &vcpu->debug;
	struct posada_run *run = vcpu->run;

	if (d->hit)
		flags |= POSADA_DEBUG_HIT_BREAKPOINT;
	run->qualification = 0;
	run->debug.flags = flags;
	run->debug.reserved = 0;
	run->debug.dr6 = d->hit;
	d->hit = 0;
	debug_forget(vcpu);
	return exit_to_user(vcpu, POSADA_EXIT_DEBUG);
}

/* ---- the log ------------------------------------------------------------------------ */

static void log_begin(struct posada_vcpu *vcpu, u32 reason)
{
	struct debug *d = &vcpu->debug;

	d->log[d->logged++ % POSADA_LAST_EXITS_MAX] = (struct posada_last_exit){
		.rip = vmcs_read(GUEST_RIP),
		.qualification = vmcs_read(EXIT_QUALIFICATION),
		.tsc = rdtsc(),
		.reason = reason,
		.information = reason == EXIT_REASON_EXCEPTION_NMI ?
			       vmcs_read(VM_EXIT_INTR_INFO) : 0,
	};
}

static u32 logged_answer(int answer)
{
	switch (answer) {
	case EXIT_RESUME:
		return 0;
	case EXIT_TO_USER:
		return 1;
	case EXIT_FAULT:
		return 2;
	case EXIT_HALT:
		return 3;
	}
	return 4;
}

static void log_end(struct posada_vcpu *vcpu, int answer)
{
	struct debug *d = &vcpu->debug;

	d->log[(d->logged - 1) % POSADA_LAST_EXITS_MAX].answer = logged_answer(answer);
}

static bool logs(const struct posada_vcpu *vcpu)
{
	return vcpu->debug.flags & POSADA_DEBUG_LOG;
}

/* ---- debug registers ---------------------------------------------------------------- */

u64 debug_dr7(const struct posada_vcpu *vcpu)
{
	return debug_breakpoints(vcpu) ? vcpu->debug.guest_dr7 : vmcs_read(GUEST_DR7);
}

void debug_set_dr7(struct posada_vcpu *vcpu, u64 dr7)
{
	if (debug_breakpoints(vcpu)) {
		vcpu->debug.guest_dr7 = dr7;
		return;
	}
	vmcs_write(GUEST_DR7, dr7);
	dr_note_active(vcpu, dr7);
}

/* The breakpoints of @qual that are the debugger's are noted; returns the rest of it. */
static u64 take_causes(struct posada_vcpu *vcpu, u64 qual)
{
	u64 dr7 = vmcs_read(GUEST_DR7);
	int n;

	if (!debug_breakpoints(vcpu))
		return qual;
	/* A condition may be told that is not enabled (SDM 3B 18.2.3). */
	for (n = 0; n < 4; n++)
		if ((qual & BIT(n)) && DR7_ON(dr7, n))
			vcpu->debug.hit |= BIT(n);
	return qual & ~DEBUG_BREAKPOINTS;
}

/* SDM 3C table 28-4 */
#define DR_NUMBER(qual)	((qual) & 7)
#define DR_READ(qual)	((qual) >> 4 & 1)
#define DR_GPR(qual)	((qual) >> 8 & 0xf)

#define CR4_DE		(1ULL << 3)
#define DR6_FIXED	0xffff0ff0ULL
#define DR6_WRITABLE	0xe00fULL

static u64 dr_read(struct posada_vcpu *vcpu, unsigned int n)
{
	if (n < 4)
		return vcpu->dr[n];
	return n & 1 ? vcpu->debug.guest_dr7 : vcpu->dr6;
}

static void dr_write(struct posada_vcpu *vcpu, unsigned int n, u64 value)
{
	if (n < 4)
		vcpu->dr[n] = value;
	else if (n & 1)
		vcpu->debug.guest_dr7 = (value & DR7_VALID) | DR7_FIXED;
	else
		vcpu->dr6 = (value & DR6_WRITABLE) | DR6_FIXED;
}

/* SDM 2B, MOV DR, and 3B 18.2.2: the guest's registers are those that we keep for it. */
static int mov_dr(struct posada_vcpu *vcpu)
{
	u64 qual = vmcs_read(EXIT_QUALIFICATION);
	unsigned int n = DR_NUMBER(qual);
	bool wide = exit_in_64bit();
	u64 value;

	exit_read_insn(vcpu);
	if ((n == 4 || n == 5) && (vmcs_read(GUEST_CR4) & CR4_DE))
		return exit_raise_ud(vcpu);
	if (cr_cpl())
		return exit_raise_gp(vcpu);
	if (vcpu->debug.guest_dr7 & DR7_GD) {
		vcpu->debug.guest_dr7 &= ~DR7_GD;
		return exit_debug_exception(vcpu, INTR_TYPE_HARD_EXCEPTION, DEBUG_BD);
	}
	if (DR_READ(qual)) {
		exit_set_gpr(vcpu, DR_GPR(qual), dr_read(vcpu, n));
	} else {
		value = exit_gpr(vcpu, DR_GPR(qual));
		if (!wide)
			value = (u32)value;
		if (n >= 4 && value >> 32)
			return exit_raise_gp(vcpu);
		dr_write(vcpu, n, value);
	}
	exit_skip(vcpu);
	return EXIT_RESUME;
}

/* ---- exceptions --------------------------------------------------------------------- */

/* TF, a shadow and nothing pending is no state to enter with (SDM 3C 27.3.1.5). */
static void settle_shadow(void)
{
	u32 shadow = vmcs_read(GUEST_INTERRUPTIBILITY_INFO);

	if ((shadow & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)) &&
	    (vmcs_read(GUEST_RFLAGS) & RFLAGS_TF))
		vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS,
			   vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) | DEBUG_BS);
}

static int db(struct posada_vcpu *vcpu, u32 info)
{
	u64 rest = take_causes(vcpu, vmcs_read(EXIT_QUALIFICATION));

	if (!vcpu->debug.hit)
		return EXIT_PASS;
	/* What else it is of, the guest's own stepping, is for the guest. */
	if ((rest & (DEBUG_BS | DEBUG_BD)) &&
	    exit_debug_exception(vcpu, info, rest) != EXIT_RESUME)
		return EXIT_TO_USER;
	settle_shadow();
	return hit(vcpu, 0);
}

/* Nothing of it has happened; its length is kept for whoever gives it back. */
static int bp(struct posada_vcpu *vcpu)
{
	hit(vcpu, POSADA_DEBUG_HIT_INT3);
	vcpu->exit.insn_len = vmcs_read(VM_EXIT_INSTRUCTION_LEN);
	vcpu->run->insn_len = vcpu->exit.insn_len;
	return EXIT_TO_USER;
}

static int exception(struct posada_vcpu *vcpu)
{
	u32 info = vmcs_read(VM_EXIT_INTR_INFO);

	switch (info & (INTR_INFO_INTR_TYPE_MASK | INTR_INFO_VECTOR_MASK)) {
	case INTR_TYPE_HARD_EXCEPTION | VECTOR_DB:
		/* Of an armed step: step_exit() and then debug_trap(). */
		return vcpu->step.armed ? EXIT_PASS : db(vcpu, info);
	case INTR_TYPE_SOFT_EXCEPTION | VECTOR_BP:
		if (!(vcpu->debug.flags & POSADA_DEBUG_INT3))
			return EXIT_PASS;
		step_break(vcpu);
		return bp(vcpu);
	}
	return EXIT_PASS;
}

/* ---- one instruction ---------------------------------------------------------------- */

int debug_trap(struct posada_vcpu *vcpu, u32 info, u64 qual)
{
	int answer = EXIT_RESUME;

	qual = take_causes(vcpu, qual);
	if (qual)
		answer = exit_debug_exception(vcpu, info, qual);
	if (answer != EXIT_RESUME || !(debug_steps(vcpu) || vcpu->debug.hit))
		return answer;
	return hit(vcpu, debug_steps(vcpu) ? POSADA_DEBUG_HIT_STEP : 0);
}

/*
 * An exception, or the software interrupt that an INT n has become, is part of
 * the instruction and is delivered; an interrupt or NMI whose delivery was
 * broken waits with the others.
 */
static void step_on(struct posada_vcpu *vcpu)
{
	if (inject_postpone(vcpu)) {
		if (!vcpu->step.armed)
			step_resume(vcpu);
		return;
	}
	step_break(vcpu);
	step_forget(vcpu);
	vcpu->debug.delivering = true;
}

int debug_begin(struct posada_vcpu *vcpu)
{
	struct debug *d = &vcpu->debug;
	u64 rip;

	if (!debug_steps(vcpu))
		return EXIT_RESUME;
	rip = vmcs_read(GUEST_RIP);
	/* The program has completed it, or an exit that had something else to do first. */
	if (d->done || (d->begun && rip != d->rip))
		return hit(vcpu, POSADA_DEBUG_HIT_STEP);
	inject_settle_shadow(vcpu);
	d->begun = true;
	d->rip = rip;
	if (vcpu->halted) {
		if (!inject_wakes(vcpu))
			return EXIT_HALT;
		vcpu->halted = false;
	}
	step_on(vcpu);
	return EXIT_RESUME;
}

bool debug_delivers(struct posada_vcpu *vcpu)
{
	u32 state;

	if (!vcpu->debug.delivering)
		return false;
	/* The NMI window opens when it is delivered, before the handler begins. */
	state = vmcs_read(GUEST_INTERRUPTIBILITY_INFO);
	vcpu->debug.nmi_blocked = state & GUEST_INTR_STATE_NMI;
	vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
		   state & ~(GUEST_INTR_STATE_NMI | GUEST_INTR_STATE_STI |
			     GUEST_INTR_STATE_MOV_SS));
	inject_only_event(vcpu);
	return true;
}

/* The entry that was to deliver has come back. */
static int delivered(struct posada_vcpu *vcpu, u32 reason)
{
	struct debug *d = &vcpu->debug;

	if (d->nmi_blocked)
		vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
			   vmcs_read(GUEST_INTERRUPTIBILITY_INFO) | GUEST_INTR_STATE_NMI);
	d->nmi_blocked = false;
	if (vcpu->events.event)
		return EXIT_PASS;	/* broken off: once more */
	d->delivering = false;
	d->done = true;
	return reason == EXIT_REASON_NMI_WINDOW ? hit(vcpu, POSADA_DEBUG_HIT_STEP) : EXIT_PASS;
}

/* ---- exits -------------------------------------------------------------------------- */

int debug_exit(struct posada_vcpu *vcpu, u32 reason)
{
	int answer;

	if (logs(vcpu))
		log_begin(vcpu, reason);
	if (vcpu->debug.delivering) {
		answer = delivered(vcpu, reason);
		if (answer != EXIT_PASS)
			return answer;
	}
	switch (reason) {
	case EXIT_REASON_EXCEPTION_NMI:
		return exception(vcpu);
	case EXIT_REASON_DR_ACCESS:
		if (!debug_breakpoints(vcpu))
			return EXIT_PASS;
		step_break(vcpu);
		step_forget(vcpu);	/* done here */
		return mov_dr(vcpu);
	}
	return EXIT_PASS;
}

int debug_after(struct posada_vcpu *vcpu, int answer)
{
	struct debug *d = &vcpu->debug;

	if (debug_steps(vcpu)) {
		/* A handler has completed the instruction. */
		if (vcpu->events.shadow_stale)
			d->done = true;
		if (d->done && (answer == EXIT_RESUME || answer == EXIT_HALT)) {
			/* As after the trap of TF, which ends a HLT. */
			vcpu->halted = false;
			answer = hit(vcpu, POSADA_DEBUG_HIT_STEP);
		} else if (answer == EXIT_RESUME && !d->delivering) {
			step_on(vcpu);
		}
	}
	if (logs(vcpu))
		log_end(vcpu, answer);
	return answer;
}

/* ---- the ioctls --------------------------------------------------------------------- */

static bool breakpoint_valid(u64 dr7, int n)
{
	if (!DR7_ON(dr7, n))
		return true;
	if (DR7_RW(dr7, n) == RW_IO)
		return false;
	return DR7_RW(dr7, n) != RW_EXECUTE || !DR7_LEN(dr7, n);
}

static int check(const struct posada_guest_debug *arg)
{
	int n;

	if (arg->flags & ~FLAGS)
		return -EINVAL;
	if (!(arg->flags & POSADA_DEBUG_BREAKPOINTS))
		return arg->dr[0] | arg->dr[1] | arg->dr[2] | arg->dr[3] | arg->dr7 ? -EINVAL : 0;
	if ((arg->dr7 & ~DR7_VALID) || (arg->dr7 & DR7_GD))
		return -EINVAL;
	for (n = 0; n < 4; n++)
		if (!breakpoint_valid(arg->dr7, n))
			return -EINVAL;
	return 0;
}

/* The VMCS is current. */
static void set(struct posada_vcpu *vcpu, const struct posada_guest_debug *arg)
{
	struct debug *d = &vcpu->debug;
	u64 dr7 = debug_dr7(vcpu);
	int n;

	inject_settle_shadow(vcpu);
	debug_forget(vcpu);
	d->flags = arg->flags;
	vcpu->slow = arg->flags ? vcpu->slow | SLOW_DEBUG : vcpu->slow & ~SLOW_DEBUG;
	for (n = 0; n < 4; n++)
		d->dr[n] = arg->dr[n];
	d->guest_dr7 = dr7;
	if (debug_breakpoints(vcpu)) {
		vmcs_write(GUEST_DR7, arg->dr7 | DR7_FIXED);
		vcpu->slow |= SLOW_DR;
	} else {
		debug_set_dr7(vcpu, dr7);
	}
	vcpu_exceptions(vcpu);
}

int debug_ioctl(struct posada_vcpu *vcpu, const struct posada_guest_debug *arg)
{
	struct debug *d = &vcpu->debug;
	int err = check(arg);

	if (err)
		return err;
	if (!mutex_trylock(&vcpu->mutex))
		return -EBUSY;
	if ((arg->flags & POSADA_DEBUG_LOG) && !d->log) {
		d->log = kcalloc(POSADA_LAST_EXITS_MAX, sizeof(*d->log), GFP_KERNEL_ACCOUNT);
		if (!d->log)
			err = -ENOMEM;
	}
	if (!(arg->flags & POSADA_DEBUG_LOG))
		d->logged = 0;
	if (!err)
		err = vcpu_open(vcpu);
	if (!err) {
		set(vcpu, arg);
		vcpu_close(vcpu);
	}
	mutex_unlock(&vcpu->mutex);
	return err;
}

int debug_last_exits(struct posada_vcpu *vcpu, struct posada_last_exits *arg,
		     struct posada_last_exit *entries)
{
	struct debug *d = &vcpu->debug;
	u64 have, i;

	if (!mutex_trylock(&vcpu->mutex))
		return -EBUSY;
	have = min_t(u64, min_t(u64, d->logged, POSADA_LAST_EXITS_MAX), arg->nr);
	for (i = 0; i < have; i++)
		entries[i] = d->log[(d->logged - have + i) % POSADA_LAST_EXITS_MAX];
	arg->nr = have;
	arg->total = d->logged;
	mutex_unlock(&vcpu->mutex);
	return 0;
}

void debug_free(struct posada_vcpu *vcpu)
{
	kfree(vcpu->debug.log);
}
