// SPDX-License-Identifier: GPL-2.0
/*
 * A struct posada_state from and to KVM's many ioctls.  KVM checks what it is given
 * group by group, so that a set that is refused may have been done in part, and it
 * does not say which field it was.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "driver_kvm.h"

#define MSR_TSC_ADJUST 0x3b

/* Interruption information (SDM 3C 25.8.3) */
#define INFO_VALID     (1U << 31)
#define INFO_ERROR     (1U << 11)
#define TYPE_IRQ       0
#define TYPE_NMI       2
#define TYPE_EXCEPTION 3
#define TYPE_SOFT_IRQ  4

#define CR0_PG	       (1ULL << 31)
#define CR4_PAE	       (1ULL << 5)
#define EFER_LMA       (1ULL << 10)

/* ---- general registers ------------------------------------------------------------ */

static void get_regs(struct kvm_cpu *cpu, struct posada_regs *regs)
{
	const struct kvm_regs *kvm = &cpu->kvm->s.regs.regs;

	memcpy(regs->gpr, cpu->run.regs, sizeof(regs->gpr));
	regs->gpr[POSADA_RSP] = kvm->rsp;
	regs->rip = kvm->rip;
	regs->rflags = kvm->rflags;
}

static int set_regs(struct kvm_cpu *cpu, const struct posada_regs *regs)
{
	struct kvm_regs *kvm = &cpu->kvm->s.regs.regs;
	int err = 0;

	/* Elsewhere means that the instruction is not to be finished. */
	if (cpu->open_exit && regs->rip != kvm->rip)
		err = kvm_abandon(cpu);
	memcpy(cpu->run.regs, regs->gpr, sizeof(regs->gpr));
	cpu->run.rip = regs->rip;
	cpu->run.rflags = regs->rflags;
	kvm_regs_in(cpu);
	kvm->rsp = regs->gpr[POSADA_RSP];
	kvm->rip = regs->rip;
	kvm->rflags = regs->rflags;
	cpu->kvm->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	return err;
}

/* ---- segments and control registers ------------------------------------------------- */

static struct posada_segment from_segment(const struct kvm_segment *from)
{
	return (struct posada_segment){
		.base = from->base,
		.limit = from->limit,
		.selector = from->selector,
		.access = from->type | from->s << 4 | from->dpl << 5 | from->present << 7 |
			  from->avl << 12 | from->l << 13 | from->db << 14 | from->g << 15 |
			  from->unusable << 16,
	};
}

static struct kvm_segment to_segment(const struct posada_segment *from)
{
	uint32_t access = from->access;

	return (struct kvm_segment){
		.base = from->base,
		.limit = from->limit,
		.selector = from->selector,
		.type = access & 15,
		.s = access >> 4 & 1,
		.dpl = access >> 5 & 3,
		.present = access >> 7 & 1,
		.avl = access >> 12 & 1,
		.l = access >> 13 & 1,
		.db = access >> 14 & 1,
		.g = access >> 15 & 1,
		.unusable = access >> 16 & 1,
	};
}

#define SEGMENTS(X)  \
	X(es, es)    \
	X(cs, cs)    \
	X(ss, ss)    \
	X(ds, ds)    \
	X(fs, fs)    \
	X(gs, gs)    \
	X(ldtr, ldt) \
	X(tr, tr)

static void get_segments(const struct kvm_sregs2 *kvm, struct posada_segments *segments)
{
#define GET(ours, theirs) segments->ours = from_segment(&kvm->theirs);
	SEGMENTS(GET)
#undef GET
	segments->gdtr = (struct posada_table){ .base = kvm->gdt.base, .limit = kvm->gdt.limit };
	segments->idtr = (struct posada_table){ .base = kvm->idt.base, .limit = kvm->idt.limit };
}

static void set_segments(struct kvm_sregs2 *kvm, const struct posada_segments *segments)
{
#define SET(ours, theirs) kvm->theirs = to_segment(&segments->ours);
	SEGMENTS(SET)
#undef SET
	kvm->gdt =
		(struct kvm_dtable){ .base = segments->gdtr.base, .limit = segments->gdtr.limit };
	kvm->idt =
		(struct kvm_dtable){ .base = segments->idtr.base, .limit = segments->idtr.limit };
}

static void get_control(const struct kvm_sregs2 *kvm, struct posada_control *control)
{
	control->cr0 = kvm->cr0;
	control->cr2 = kvm->cr2;
	control->cr3 = kvm->cr3;
	control->cr4 = kvm->cr4;
	control->cr8 = kvm->cr8;
	control->efer = kvm->efer;
	if (kvm->flags & KVM_SREGS2_FLAGS_PDPTRS_VALID)
		memcpy(control->pdpte, kvm->pdptrs, sizeof(control->pdpte));
	else
		memset(control->pdpte, 0, sizeof(control->pdpte));
}

static void set_control(struct kvm_sregs2 *kvm, const struct posada_control *control)
{
	bool pae = control->cr0 & CR0_PG && control->cr4 & CR4_PAE && !(control->efer & EFER_LMA);

	kvm->cr0 = control->cr0;
	kvm->cr2 = control->cr2;
	kvm->cr3 = control->cr3;
	kvm->cr4 = control->cr4;
	kvm->cr8 = control->cr8;
	kvm->efer = control->efer;
	kvm->flags = pae ? KVM_SREGS2_FLAGS_PDPTRS_VALID : 0;
	memcpy(kvm->pdptrs, control->pdpte, sizeof(kvm->pdptrs));
}

static int get_xcr0(struct kvm_cpu *cpu, __u64 *xcr0)
{
	struct kvm_xcrs xcrs = { 0 };
	int err = kvm_ioctl(cpu->vcpu->fd, KVM_GET_XCRS, (uintptr_t)&xcrs);

	*xcr0 = 0;
	for (uint32_t i = 0; !err && i < xcrs.nr_xcrs; i++)
		if (!xcrs.xcrs[i].xcr)
			*xcr0 = xcrs.xcrs[i].value;
	return err == -EINVAL ? 0 : err; /* without XSAVE there is none */
}

static int set_xcr0(struct kvm_cpu *cpu, uint64_t xcr0)
{
	struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs = { { .value = xcr0 } } };

	return xcr0 ? kvm_ioctl(cpu->vcpu->fd, KVM_SET_XCRS, (uintptr_t)&xcrs) : 0;
}

#define SREGS (POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL)

static int get_sregs(struct kvm_cpu *cpu, struct posada_state *state, uint32_t groups)
{
	struct kvm_sregs2 kvm;
	int err = kvm_ioctl(cpu->vcpu->fd, KVM_GET_SREGS2, (uintptr_t)&kvm);

	if (err)
		return err;
	if (groups & POSADA_STATE_SEGMENTS)
		get_segments(&kvm, &state->segments);
	if (groups & POSADA_STATE_CONTROL) {
		get_control(&kvm, &state->control);
		err = get_xcr0(cpu, &state->control.xcr0);
	}
	return err;
}

static int set_sregs(struct kvm_cpu *cpu, const struct posada_state *state, uint32_t groups)
{
	struct kvm_sregs2 kvm;
	int err = kvm_ioctl(cpu->vcpu->fd, KVM_GET_SREGS2, (uintptr_t)&kvm);

	if (err)
		return err;
	if (groups & POSADA_STATE_SEGMENTS)
		set_segments(&kvm, &state->segments);
	if (groups & POSADA_STATE_CONTROL) {
		set_control(&kvm, &state->control);
		err = set_xcr0(cpu, state->control.xcr0);
	}
	if (!err)
		err = kvm_ioctl(cpu->vcpu->fd, KVM_SET_SREGS2, (uintptr_t)&kvm);
	if (!err)
		cpu->kvm->cr8 = kvm.cr8; /* KVM_RUN takes it from there */
	return err;
}

/* ---- debug registers ---------------------------------------------------------------- */

static int get_debug(struct kvm_cpu *cpu, struct posada_debug *debug)
{
	struct kvm_debugregs kvm;
	int err = kvm_ioctl(cpu->vcpu->fd, KVM_GET_DEBUGREGS, (uintptr_t)&kvm);

	if (err)
		return err;
	memcpy(debug->dr, kvm.db, sizeof(debug->dr));
	debug->dr6 = kvm.dr6;
	debug->dr7 = kvm.dr7;
	return 0;
}

static int set_debug(struct kvm_cpu *cpu, const struct posada_debug *debug)
{
	struct kvm_debugregs kvm = { .dr6 = debug->dr6, .dr7 = debug->dr7 };

	memcpy(kvm.db, debug->dr, sizeof(kvm.db));
	return kvm_ioctl(cpu->vcpu->fd, KVM_SET_DEBUGREGS, (uintptr_t)&kvm);
}

/* ---- events ---------------------------------------------------------------------------- */

static int get_events(struct kvm_cpu *cpu, struct posada_events *events)
{
	struct kvm_vcpu_events kvm;
	int err = kvm_ioctl(cpu->vcpu->fd, KVM_GET_VCPU_EVENTS, (uintptr_t)&kvm);

	if (err)
		return err;
	memset(events, 0, sizeof(*events));
	memcpy(events->vectors, cpu->vectors, sizeof(events->vectors));
	events->nmis = cpu->nmis + kvm.nmi.pending;
	events->activity = cpu->dead   ? POSADA_SHUTDOWN :
			   cpu->halted ? POSADA_HALTED :
					 POSADA_ACTIVE;
	if (kvm.interrupt.shadow & KVM_X86_SHADOW_INT_STI)
		events->shadow |= POSADA_SHADOW_STI;
	if (kvm.interrupt.shadow & KVM_X86_SHADOW_INT_MOV_SS)
		events->shadow |= POSADA_SHADOW_MOV_SS;
	if (kvm.nmi.masked)
		events->shadow |= POSADA_SHADOW_NMI;
	if (kvm.exception.injected) {
		events->event = INFO_VALID | TYPE_EXCEPTION << 8 | kvm.exception.nr |
				(kvm.exception.has_error_code ? INFO_ERROR : 0);
		events->event_error = kvm.exception.error_code;
	} else if (kvm.nmi.injected) {
		events->event = INFO_VALID | TYPE_NMI << 8 | 2;
	} else if (kvm.interrupt.injected) {
		events->event = INFO_VALID | kvm.interrupt.nr |
				(kvm.interrupt.soft ? TYPE_SOFT_IRQ : TYPE_IRQ) << 8;
	}
	return 0;
}

static int set_events(struct kvm_cpu *cpu, const struct posada_events *events)
{
	uint32_t type = events->event >> 8 & 7;
	bool valid = events->event & INFO_VALID;
	struct kvm_vcpu_events kvm;
	int err = kvm_ioctl(cpu->vcpu->fd, KVM_GET_VCPU_EVENTS, (uintptr_t)&kvm);

	if (err)
		return err;
	kvm.exception.injected = valid && (type == TYPE_EXCEPTION || type > TYPE_SOFT_IRQ);
	kvm.exception.pending = 0;
	kvm.exception.nr = kvm.exception.injected ? events->event & 0xff : 0;
	kvm.exception.has_error_code = !!(events->event & INFO_ERROR);
	kvm.exception.error_code = events->event_error;
	kvm.nmi.injected = valid && type == TYPE_NMI;
	kvm.nmi.pending = 0;
	kvm.nmi.masked = !!(events->shadow & POSADA_SHADOW_NMI);
	kvm.interrupt.injected = valid && (type == TYPE_IRQ || type == TYPE_SOFT_IRQ);
	kvm.interrupt.nr = events->event & 0xff;
	kvm.interrupt.soft = type == TYPE_SOFT_IRQ;
	kvm.interrupt.shadow =
		(events->shadow & POSADA_SHADOW_STI ? KVM_X86_SHADOW_INT_STI : 0) |
		(events->shadow & POSADA_SHADOW_MOV_SS ? KVM_X86_SHADOW_INT_MOV_SS : 0);
	kvm.flags |= KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
	err = kvm_ioctl(cpu->vcpu->fd, KVM_SET_VCPU_EVENTS, (uintptr_t)&kvm);
	if (err)
		return err;
	memcpy(cpu->vectors, events->vectors, sizeof(cpu->vectors));
	cpu->nmis = events->nmis;
	cpu->halted = events->activity == POSADA_HALTED;
	cpu->dead = events->activity == POSADA_SHUTDOWN;
	return 0;
}

/* ---- MSRs, the TSC, extended state --------------------------------------------------------- */

struct one_msr {
	struct kvm_msrs head;
	struct kvm_msr_entry entry;
};

static int one_msr(struct kvm_cpu *cpu, unsigned long request, uint32_t index, uint64_t *value)
{
	struct one_msr msr = {
		.head = { .nmsrs = 1 },
		.entry = { .index = index, .data = *value },
	};
	int ret = kvm_ioctl(cpu->vcpu->fd, request, (uintptr_t)&msr);

	*value = msr.entry.data;
	return ret == 1 ? 0 : ret < 0 ? ret : -EINVAL;
}

static int all_msrs(struct kvm_cpu *cpu, unsigned long request, struct posada_state *state)
{
	struct posada_msr *msrs = (void *)(uintptr_t)state->msrs;

	for (uint32_t i = 0; i < state->nr_msrs; i++) {
		int err = one_msr(cpu, request, msrs[i].index, (uint64_t *)&msrs[i].value);

		if (!err)
			continue;
		state->bad = offsetof(struct posada_state, msrs);
		state->bad_msr = i;
		return err;
	}
	return 0;
}

static int tsc_offset(struct kvm_cpu *cpu, unsigned long request, uint64_t *offset)
{
	struct kvm_device_attr attribute = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)offset,
	};

	return kvm_ioctl(cpu->vcpu->fd, request, (uintptr_t)&attribute);
}

static int get_tsc(struct kvm_cpu *cpu, struct posada_tsc *tsc)
{
	uint64_t offset = 0, adjust = 0;
	int err = tsc_offset(cpu, KVM_GET_DEVICE_ATTR, &offset);

	if (!err)
		err = one_msr(cpu, KVM_GET_MSRS, MSR_TSC_ADJUST, &adjust);
	tsc->offset = offset;
	tsc->adjust = adjust;
	return err;
}

/* The MSR first: to write it moves the TSC. */
static int set_tsc(struct kvm_cpu *cpu, const struct posada_tsc *tsc)
{
	uint64_t offset = tsc->offset, adjust = tsc->adjust;
	int err = one_msr(cpu, KVM_SET_MSRS, MSR_TSC_ADJUST, &adjust);

	return err ? err : tsc_offset(cpu, KVM_SET_DEVICE_ATTR, &offset);
}

/* KVM's area has 4 KiB, whatever the CPU has. */
static int xsave(struct kvm_cpu *cpu, struct posada_state *state, bool set)
{
	struct kvm_xsave area = { { 0 } };
	void *theirs = (void *)(uintptr_t)state->xsave;
	uint32_t size = cpu->vcpu->xsave_size;
	int err;

	if (state->xsave_size < size || size > sizeof(area.region))
		return -ENOSPC;
	if (set)
		memcpy(&area, theirs, size);
	err = kvm_ioctl(cpu->vcpu->fd, set ? KVM_SET_XSAVE : KVM_GET_XSAVE, (uintptr_t)&area);
	if (!err && !set)
		memcpy(theirs, &area, size);
	return err;
}

/* ---- all of it --------------------------------------------------------------------------------- */

static int begin(struct kvm_cpu *cpu, struct posada_state *state, uint32_t groups)
{
	state->size = sizeof(*state);
	state->groups = groups;
	state->bad = ~0U;
	state->bad_msr = ~0U;
	return kvm_settle(cpu);
}

int kvm_state_get(struct driver_vcpu *vcpu, struct posada_state *state, uint32_t groups)
{
	struct kvm_cpu *cpu = kvm_cpu_of(vcpu);
	int err = begin(cpu, state, groups);

	if (groups & POSADA_STATE_REGS)
		get_regs(cpu, &state->regs);
	if (!err && groups & SREGS)
		err = get_sregs(cpu, state, groups);
	if (!err && groups & POSADA_STATE_DEBUG)
		err = get_debug(cpu, &state->debug);
	if (!err && groups & POSADA_STATE_EVENTS)
		err = get_events(cpu, &state->events);
	if (!err && groups & POSADA_STATE_MSRS)
		err = all_msrs(cpu, KVM_GET_MSRS, state);
	if (!err && groups & POSADA_STATE_XSAVE)
		err = xsave(cpu, state, false);
	if (!err && groups & POSADA_STATE_TSC)
		err = get_tsc(cpu, &state->tsc);
	return err;
}

int kvm_state_set(struct driver_vcpu *vcpu, struct posada_state *state, uint32_t groups)
{
	struct kvm_cpu *cpu = kvm_cpu_of(vcpu);
	int err = begin(cpu, state, groups);

	/* Registers first: the others may lie beyond what an open instruction allows. */
	if (!err && groups & POSADA_STATE_REGS)
		err = set_regs(cpu, &state->regs);
	if (!err && groups & SREGS)
		err = set_sregs(cpu, state, groups);
	if (!err && groups & POSADA_STATE_DEBUG)
		err = set_debug(cpu, &state->debug);
	if (!err && groups & POSADA_STATE_MSRS)
		err = all_msrs(cpu, KVM_SET_MSRS, state);
	if (!err && groups & POSADA_STATE_XSAVE)
		err = xsave(cpu, state, true);
	if (!err && groups & POSADA_STATE_TSC)
		err = set_tsc(cpu, &state->tsc);
	if (!err && groups & POSADA_STATE_EVENTS)
		err = set_events(cpu, &state->events);
	cpu->fresh = false;
	return err;
}
