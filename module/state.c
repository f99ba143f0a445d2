// SPDX-License-Identifier: GPL-2.0
#include "state.h"

#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/processor.h>
#include <asm/processor-flags.h>

#include "combine.h"
#include "cr.h"
#include "vcpu.h"
#include "vmx_ops.h"

#define RFLAGS_VALID	0x3f7fd7ULL	/* SDM 1 3.4.3 */
#define RFLAGS_FIXED	0x2ULL
#define ACCESS_VALID	0x1f0ffU	/* SDM 3C table 25-2 */
#define PENDING_VALID	0x1500fULL	/* SDM 3C table 25-4 */
#define SHADOWS		(POSADA_SHADOW_STI | POSADA_SHADOW_MOV_SS)	/* never both */
#define SHADOW_VALID	(SHADOWS | POSADA_SHADOW_NMI)

/* The order of struct posada_segments, which is that of the fields of the VMCS. */
enum {
	SEGMENT_ES, SEGMENT_CS, SEGMENT_SS, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS,
	SEGMENT_LDTR, SEGMENT_TR, NR_SEGMENTS
};

/* Of TR: unusable, P, S and the type but for bit 3 (16- or 32-bit). */
#define TR_MASK		(POSADA_SEGMENT_UNUSABLE | 0x97)
#define TR_WANT		0x83

static_assert(offsetof(struct posada_segments, tr) ==
	      SEGMENT_TR * sizeof(struct posada_segment));
static_assert(GUEST_TR_BASE == GUEST_ES_BASE + 2 * SEGMENT_TR);
static_assert(GUEST_TR_LIMIT == GUEST_ES_LIMIT + 2 * SEGMENT_TR);

static bool canonical(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) == address;
}

/* ---- reset ------------------------------------------------------------------------------ */

/* SDM 3A table 10-1 */
void state_reset(struct posada_vcpu *vcpu)
{
	int i;

	for (i = 0; i < NR_SEGMENTS; i++) {
		vmcs_write(GUEST_ES_SELECTOR + 2 * i, 0);
		vmcs_write(GUEST_ES_BASE + 2 * i, 0);
		vmcs_write(GUEST_ES_LIMIT + 2 * i, 0xffff);
		vmcs_write(GUEST_ES_AR_BYTES + 2 * i, 0x93);
	}
	vmcs_write(GUEST_CS_SELECTOR, 0xf000);
	vmcs_write(GUEST_CS_BASE, 0xffff0000);
	vmcs_write(GUEST_CS_AR_BYTES, 0x9b);
	vmcs_write(GUEST_LDTR_AR_BYTES, 0x82);
	vmcs_write(GUEST_TR_AR_BYTES, 0x8b);
	vmcs_write(GUEST_GDTR_BASE, 0);
	vmcs_write(GUEST_GDTR_LIMIT, 0xffff);
	vmcs_write(GUEST_IDTR_BASE, 0);
	vmcs_write(GUEST_IDTR_LIMIT, 0xffff);
	vmcs_write(GUEST_RIP, 0xfff0);
	vmcs_write(GUEST_RSP, 0);
	vmcs_write(GUEST_RFLAGS, RFLAGS_FIXED);
	vmcs_write(GUEST_SYSENTER_CS, 0);
	vmcs_write(GUEST_SYSENTER_ESP, 0);
	vmcs_write(GUEST_SYSENTER_EIP, 0);
	vmcs_write(GUEST_IA32_DEBUGCTL, 0);
	vmcs_write(GUEST_INTERRUPTIBILITY_INFO, 0);
	vmcs_write(GUEST_ACTIVITY_STATE, 0);
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	for (i = 0; i < 4; i++)
		vmcs_write(GUEST_PDPTR0 + 2 * i, 0);
	cr_reset(vcpu);
	msr_reset(vcpu);
	vcpu->run->regs[POSADA_RDX] = 0x600;	/* family 6 */
	vcpu->exit.rip = 0xfff0;
	vcpu->exit.rflags = RFLAGS_FIXED;
}

/* ---- get ---------------------------------------------------------------------------------- */

static void get_regs(struct posada_vcpu *vcpu, struct posada_regs *r)
{
	memcpy(r->gpr, vcpu->run->regs, sizeof(r->gpr));
	r->gpr[POSADA_RSP] = vmcs_read(GUEST_RSP);
	r->rip = vmcs_read(GUEST_RIP);
	r->rflags = vmcs_read(GUEST_RFLAGS);
}

static void get_segments(struct posada_segments *s)
{
	struct posada_segment *seg = &s->es;
	int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < NR_SEGMENTS; i++) {
		seg[i].selector = vmcs_read(GUEST_ES_SELECTOR + 2 * i);
		seg[i].base = vmcs_read(GUEST_ES_BASE + 2 * i);
		seg[i].limit = vmcs_read(GUEST_ES_LIMIT + 2 * i);
		seg[i].access = vmcs_read(GUEST_ES_AR_BYTES + 2 * i);
	}
	s->gdtr.base = vmcs_read(GUEST_GDTR_BASE);
	s->gdtr.limit = vmcs_read(GUEST_GDTR_LIMIT);
	s->idtr.base = vmcs_read(GUEST_IDTR_BASE);
	s->idtr.limit = vmcs_read(GUEST_IDTR_LIMIT);
}

static void get_control(struct posada_vcpu *vcpu, struct posada_control *c)
{
	int i;

	c->cr0 = cr0_read();
	c->cr2 = vcpu->cr2;
	c->cr3 = vmcs_read(GUEST_CR3);
	c->cr4 = cr4_read();
	c->cr8 = vcpu_tpr(vcpu) >> 4;
	c->efer = vmcs_read(GUEST_IA32_EFER);
	c->xcr0 = vcpu->fpu.xcr0;
	for (i = 0; i < 4; i++)
		c->pdpte[i] = vmcs_read(GUEST_PDPTR0 + 2 * i);
}

static void get_debug(struct posada_vcpu *vcpu, struct posada_debug *d)
{
	int i;

	for (i = 0; i < 4; i++)
		d->dr[i] = vcpu->dr[i];
	d->dr6 = vcpu->dr6;
	d->dr7 = debug_dr7(vcpu);
}

/* What the vCPU has to itself. */
static void get_delivery(struct posada_vcpu *vcpu, struct posada_events *e)
{
	e->activity = vcpu->dead ? POSADA_SHUTDOWN :
		      vcpu->halted ? POSADA_HALTED : POSADA_ACTIVE;
	e->shadow = vmcs_read(GUEST_INTERRUPTIBILITY_INFO) & SHADOW_VALID;
	if (vcpu->events.shadow_stale)
		e->shadow &= POSADA_SHADOW_NMI;
	e->event = vcpu->events.event;
	e->event_error = vcpu->events.error;
	e->event_length = vcpu->events.length;
	e->pending_debug = vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS);
}

/* And what any thread may queue. */
static void get_events(struct posada_vcpu *vcpu, struct posada_events *e)
{
	int i;

	get_delivery(vcpu, e);
	for (i = 0; i < 4; i++)
		e->vectors[i] = READ_ONCE(vcpu->events.vectors[i]);
	e->nmis = atomic_read(&vcpu->events.nmis);
	if (e->nmis && (e->shadow & POSADA_SHADOW_NMI))
		e->nmis = 1;
}

static void get_tsc(struct posada_vcpu *vcpu, struct posada_tsc *t)
{
	t->offset = vmcs_read(TSC_OFFSET);
	t->adjust = vcpu->msrs.tsc_adjust;
}

int state_get(struct posada_vcpu *vcpu, struct posada_state *state,
	      struct posada_msr *msrs, void *xsave)
{
	u32 groups = state->groups;
	int err = vcpu_open(vcpu);
	u32 i;

	if (err)
		return err;
	if (groups & POSADA_STATE_REGS)
		get_regs(vcpu, &state->regs);
	if (groups & POSADA_STATE_SEGMENTS)
		get_segments(&state->segments);
	if (groups & POSADA_STATE_CONTROL)
		get_control(vcpu, &state->control);
	if (groups & POSADA_STATE_DEBUG)
		get_debug(vcpu, &state->debug);
	if (groups & POSADA_STATE_EVENTS)
		get_events(vcpu, &state->events);
	else if (groups & POSADA_STATE_DELIVERY)
		get_delivery(vcpu, &state->events);
	if (groups & POSADA_STATE_TSC)
		get_tsc(vcpu, &state->tsc);
	for (i = 0; msrs && i < state->nr_msrs; i++) {
		if (msr_read(vcpu, msrs[i].index, &msrs[i].value) == MSR_DONE)
			continue;
		state->bad = offsetof(struct posada_state, msrs);
		state->bad_msr = i;
		err = -EINVAL;
		break;
	}
	vcpu_close(vcpu);
	if (xsave)
		memcpy(xsave, vcpu->fpu.area, fpu_size);
	return err;
}

/* ---- check ---------------------------------------------------------------------------------- */

/* Each check answers 0, or the offset in struct posada_state of what is wrong. */
#define BAD(field)	offsetof(struct posada_state, field)

static u32 check_regs(const struct posada_regs *r)
{
	if ((r->rflags & ~RFLAGS_VALID) || !(r->rflags & RFLAGS_FIXED))
		return BAD(regs.rflags);
	return 0;
}

static u32 check_table(const struct posada_table *t, u32 at)
{
	if (!canonical(t->base))
		return at + offsetof(struct posada_table, base);
	if (t->limit > 0xffff)
		return at + offsetof(struct posada_table, limit);
	if (t->reserved)
		return at + offsetof(struct posada_table, reserved);
	return 0;
}

/* SDM 3C 27.3.1.2; @i by the order of struct posada_segments */
static bool base_valid(const struct posada_segment *seg, int i)
{
	static const u8 full = BIT(SEGMENT_FS) | BIT(SEGMENT_GS) | BIT(SEGMENT_LDTR) |
			       BIT(SEGMENT_TR);
	static const u8 always = BIT(SEGMENT_CS) | BIT(SEGMENT_FS) | BIT(SEGMENT_GS) |
				 BIT(SEGMENT_TR);

	/* What an unusable segment has left behind is nobody's business. */
	if (!(always & BIT(i)) && (seg->access & POSADA_SEGMENT_UNUSABLE))
		return true;
	return full & BIT(i) ? canonical(seg->base) : !(seg->base >> 32);
}

static u32 check_segments(const struct posada_segments *s)
{
	const struct posada_segment *seg = &s->es;
	u32 at = BAD(segments.es);
	int i;

	for (i = 0; i < NR_SEGMENTS; i++, at += sizeof(*seg)) {
		if (seg[i].access & ~ACCESS_VALID)
			return at + offsetof(struct posada_segment, access);
		if (!base_valid(&seg[i], i))
			return at + offsetof(struct posada_segment, base);
		if (seg[i].reserved[0] | seg[i].reserved[1] | seg[i].reserved[2])
			return at + offsetof(struct posada_segment, reserved);
	}
	/* Present, a system segment, a busy TSS (SDM 3C 27.3.1.2). */
	if ((s->tr.access & TR_MASK) != TR_WANT)
		return BAD(segments.tr.access);
	return check_table(&s->gdtr, BAD(segments.gdtr)) ? :
	       check_table(&s->idtr, BAD(segments.idtr));
}

static u32 check_control(struct posada_vcpu *vcpu, const struct posada_control *c)
{
	bool lma = (c->efer & EFER_LME) && (c->cr0 & X86_CR0_PG);

	if (!cr0_valid(c->cr0))
		return BAD(control.cr0);
	if (!cr4_valid(&vcpu->cpuid, c->cr4) ||
	    (lma ? !(c->cr4 & X86_CR4_PAE) : !!(c->cr4 & X86_CR4_PCIDE)))
		return BAD(control.cr4);
	if (c->cr3 >> boot_cpu_data.x86_phys_bits)
		return BAD(control.cr3);
	if (c->cr8 > 15)
		return BAD(control.cr8);
	if ((c->efer & ~(msr_efer_allowed(vcpu) | EFER_LMA)) || !!(c->efer & EFER_LMA) != lma)
		return BAD(control.efer);
	if (fpu_mask ? !fpu_xcr0_valid(c->xcr0) : c->xcr0)
		return BAD(control.xcr0);
	return 0;
}

static u32 check_debug(const struct posada_debug *d)
{
	if (d->dr6 >> 32)
		return BAD(debug.dr6);
	if (d->dr7 >> 32)
		return BAD(debug.dr7);
	return 0;
}

/* Interruption information as VM entry accepts it (SDM 3C 27.2.1.3). */
static bool event_valid(u32 event)
{
	u32 vector = event & INTR_INFO_VECTOR_MASK;

	if (!event)
		return true;
	if (!(event & INTR_INFO_VALID_MASK) || (event & 0x7ffff000))
		return false;
	switch (event & INTR_INFO_INTR_TYPE_MASK) {
	case INTR_TYPE_EXT_INTR:
	case INTR_TYPE_SOFT_INTR:
		return !(event & INTR_INFO_DELIVER_CODE_MASK);
	case INTR_TYPE_NMI_INTR:
		return vector == 2 && !(event & INTR_INFO_DELIVER_CODE_MASK);
	case INTR_TYPE_HARD_EXCEPTION:
		/* In real mode those that have one push none. */
		return vector < 32 && vector != 2 &&
		       (!(event & INTR_INFO_DELIVER_CODE_MASK) || has_error_code(vector));
	case INTR_TYPE_PRIV_SW_EXCEPTION:
	case INTR_TYPE_SOFT_EXCEPTION:
		return vector < 32 && !(event & INTR_INFO_DELIVER_CODE_MASK);
	}
	return false;
}

static u32 check_delivery(const struct posada_events *e)
{
	if (e->activity > POSADA_SHUTDOWN)
		return BAD(events.activity);
	if ((e->shadow & ~SHADOW_VALID) || (e->shadow & SHADOWS) == SHADOWS)
		return BAD(events.shadow);
	if (!event_valid(e->event))
		return BAD(events.event);
	if (e->event_error & ~0xffffU)
		return BAD(events.event_error);
	if (e->event_length > 15)
		return BAD(events.event_length);
	if (e->pending_debug & ~PENDING_VALID)
		return BAD(events.pending_debug);
	return 0;
}

static u32 check_events(const struct posada_events *e)
{
	return e->nmis > 2 ? BAD(events.nmis) : check_delivery(e);
}

/* LME cannot change while paging is on (SDM 3A 2.2.1): as it will be, not as it is. */
static bool efer_fits(struct posada_vcpu *vcpu, const struct posada_state *state, u64 value)
{
	bool control = state->groups & POSADA_STATE_CONTROL;
	u64 cr0 = control ? state->control.cr0 : cr0_read();
	u64 efer = control ? state->control.efer : vmcs_read(GUEST_IA32_EFER);

	return !(cr0 & X86_CR0_PG) || !((value ^ efer) & EFER_LME);
}

static bool msr_fits(struct posada_vcpu *vcpu, const struct posada_state *state,
		     const struct posada_msr *msr)
{
	return !msr->reserved && msr_check(vcpu, msr->index, msr->value) == MSR_DONE &&
	       (msr->index != MSR_EFER || efer_fits(vcpu, state, msr->value));
}

static u32 check_msrs(struct posada_vcpu *vcpu, struct posada_state *state,
		      const struct posada_msr *msrs)
{
	u32 i;

	for (i = 0; i < state->nr_msrs; i++) {
		if (msr_fits(vcpu, state, &msrs[i]))
			continue;
		state->bad_msr = i;
		return BAD(msrs);
	}
	return 0;
}

static u32 check(struct posada_vcpu *vcpu, struct posada_state *state,
		 const struct posada_msr *msrs, const void *xsave)
{
	u32 groups = state->groups;
	u32 bad = 0;

	if (!bad && (groups & POSADA_STATE_REGS))
		bad = check_regs(&state->regs);
	if (!bad && (groups & POSADA_STATE_SEGMENTS))
		bad = check_segments(&state->segments);
	if (!bad && (groups & POSADA_STATE_CONTROL))
		bad = check_control(vcpu, &state->control);
	if (!bad && (groups & POSADA_STATE_DEBUG))
		bad = check_debug(&state->debug);
	if (!bad && (groups & POSADA_STATE_EVENTS))
		bad = check_events(&state->events);
	else if (!bad && (groups & POSADA_STATE_DELIVERY))
		bad = check_delivery(&state->events);
	if (!bad && msrs)
		bad = check_msrs(vcpu, state, msrs);
	if (!bad && xsave && !fpu_area_valid(xsave))
		bad = BAD(xsave);
	return bad;
}

/* ---- set ------------------------------------------------------------------------------------- */

static void set_regs(struct posada_vcpu *vcpu, const struct posada_regs *r)
{
	memcpy(vcpu->run->regs, r->gpr, sizeof(r->gpr));
	vmcs_write(GUEST_RSP, r->gpr[POSADA_RSP]);
	vmcs_write(GUEST_RIP, r->rip);
	vmcs_write(GUEST_RFLAGS, r->rflags);
	vcpu->exit.rip = r->rip;
	vcpu->exit.rflags = r->rflags;
	vcpu->exit.insn_len = 0;	/* nothing left to skip */
	/* The shadow of an STI does not outlive IF: entry would fail (SDM 3C 27.3.1.5). */
	if (!(r->rflags & X86_EFLAGS_IF))
		vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
			   vmcs_read(GUEST_INTERRUPTIBILITY_INFO) & ~POSADA_SHADOW_STI);
}

static void set_segments(const struct posada_segments *s)
{
	const struct posada_segment *seg = &s->es;
	int i;

	for (i = 0; i < NR_SEGMENTS; i++) {
		vmcs_write(GUEST_ES_SELECTOR + 2 * i, seg[i].selector);
		vmcs_write(GUEST_ES_BASE + 2 * i, seg[i].base);
		vmcs_write(GUEST_ES_LIMIT + 2 * i, seg[i].limit);
		vmcs_write(GUEST_ES_AR_BYTES + 2 * i, seg[i].access);
	}
	vmcs_write(GUEST_GDTR_BASE, s->gdtr.base);
	vmcs_write(GUEST_GDTR_LIMIT, s->gdtr.limit);
	vmcs_write(GUEST_IDTR_BASE, s->idtr.base);
	vmcs_write(GUEST_IDTR_LIMIT, s->idtr.limit);
}

static void set_control(struct posada_vcpu *vcpu, const struct posada_control *c)
{
	int i;

	cr0_write(vcpu, c->cr0);
	vcpu->cr2 = c->cr2;
	vmcs_write(GUEST_CR3, c->cr3);
	cr4_write(vcpu, c->cr4);
	WRITE_ONCE(vcpu->apic_page[APIC_PAGE_TPR], c->cr8 << 4);
	vcpu->events.check = true;
	msr_set_efer(vcpu, c->efer);
	vcpu->fpu.xcr0 = c->xcr0;
	for (i = 0; i < 4; i++)
		vmcs_write(GUEST_PDPTR0 + 2 * i, c->pdpte[i]);
	vcpu->generation = 0;	/* other paging: old translations of the VPID go */
}

static void set_debug(struct posada_vcpu *vcpu, const struct posada_debug *d)
{
	int i;

	for (i = 0; i < 4; i++)
		vcpu->dr[i] = d->dr[i];
	vcpu->dr6 = d->dr6;
	debug_set_dr7(vcpu, d->dr7);
}

static void set_delivery(struct posada_vcpu *vcpu, const struct posada_events *e)
{
	vcpu->halted = e->activity == POSADA_HALTED;
	vcpu->dead = e->activity == POSADA_SHUTDOWN ? VCPU_SHUTDOWN : 0;
	clear_bit(REQUEST_END, &vcpu->requests);	/* revived before it heard of its end */
	vcpu->halted_in_nmi = e->shadow & POSADA_SHADOW_NMI;
	vmcs_write(GUEST_INTERRUPTIBILITY_INFO, e->shadow);
	vcpu->events.shadow_stale = false;
	vcpu->events.event = e->event;
	vcpu->events.error = e->event_error;
	vcpu->events.length = e->event_length;
	/*
	 * Not known to be a second delivery: one that fails in the middle has RF set
	 * already where a fault pushes it (SDM 3C 28.3.3), so nothing is lost.
	 */
	vcpu->events.again = false;
	vcpu->events.check = true;
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, e->pending_debug);
	/* A halted vCPU wakes by the IF it has now. */
	vcpu->exit.rflags = vmcs_read(GUEST_RFLAGS);
}

static void set_events(struct posada_vcpu *vcpu, const struct posada_events *e)
{
	int i;

	for (i = 0; i < 4; i++)
		WRITE_ONCE(vcpu->events.vectors[i], e->vectors[i]);
	atomic_set(&vcpu->events.nmis, e->nmis);
	set_delivery(vcpu, e);
}

static void set_tsc(struct posada_vcpu *vcpu, const struct posada_tsc *t)
{
	vmcs_write(TSC_OFFSET, t->offset);
	vcpu->msrs.tsc_adjust = t->adjust;
}

int state_set(struct posada_vcpu *vcpu, struct posada_state *state,
	      const struct posada_msr *msrs, const void *xsave)
{
	u32 groups = state->groups;
	int err = vcpu_open(vcpu);
	u32 bad, i;

	if (err)
		return err;
	bad = check(vcpu, state, msrs, xsave);
	if (bad) {
		state->bad = bad;
		err = -EINVAL;
		goto out_close;
	}
	inject_settle_shadow(vcpu);
	debug_forget(vcpu);
	step_forget(vcpu);	/* what the instruction at RIP is, another may be now */
	if (groups & POSADA_STATE_REGS)
		set_regs(vcpu, &state->regs);
	if (groups & POSADA_STATE_SEGMENTS)
		set_segments(&state->segments);
	if (groups & POSADA_STATE_CONTROL)
		set_control(vcpu, &state->control);
	if (groups & POSADA_STATE_DEBUG)
		set_debug(vcpu, &state->debug);
	if (groups & POSADA_STATE_EVENTS)
		set_events(vcpu, &state->events);
	else if (groups & POSADA_STATE_DELIVERY)
		set_delivery(vcpu, &state->events);
	for (i = 0; msrs && i < state->nr_msrs; i++)
		msr_set(vcpu, msrs[i].index, msrs[i].value);
	/* After the MSRs, which have no more than an approximation of it. */
	if (groups & POSADA_STATE_TSC)
		set_tsc(vcpu, &state->tsc);
	if (xsave)
		fpu_set_area(&vcpu->fpu, xsave);
out_close:
	vcpu_close(vcpu);
	return err;
}
