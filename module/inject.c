// SPDX-License-Identifier: GPL-2.0
#include "inject.h"

#include <linux/posada.h>

#include "combine.h"
#include "vcpu.h"
#include "vmx_ops.h"

#define RFLAGS_IF	(1ULL << 9)
#define RFLAGS_RF	(1ULL << 16)
#define CR0_PE		(1ULL << 0)

#define SHADOW	(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)

/* Pending debug exceptions (SDM 3C table 25-4) that are more than a note for DR6. */
#define PENDING_ENABLED	(1ULL << 12)
#define PENDING_BS	(1ULL << 14)

/* The highest vector that is queued, 256 for none. */
static unsigned int highest_vector(struct posada_vcpu *vcpu)
{
	return find_last_bit(vcpu->events.vectors, 256);
}

/* Is it above the task priority? */
static bool above_tpr(struct posada_vcpu *vcpu, unsigned int vector)
{
	/* Below 16: a PIC's in real mode, put back; no priority class holds those. */
	return vector < 16 || (vector >> 4) > (vcpu_tpr(vcpu) >> 4);
}

/*
 * The vector to deliver, -1 for none.  For one that the TPR holds back: exit when the
 * guest lowers it far enough (SDM 3C 30.1.2).
 */
static int next_vector(struct posada_vcpu *vcpu)
{
	unsigned int vector = highest_vector(vcpu);
	bool held = vector < 256 && !above_tpr(vcpu, vector);
	u32 threshold = held ? vector >> 4 : 0;

	if (threshold != vcpu->events.threshold) {
		vcpu->events.threshold = threshold;
		vmcs_write(TPR_THRESHOLD, threshold);
	}
	return vector == 256 || held ? -1 : (int)vector;
}

static void enter_with(u32 info)
{
	vmcs_write(VM_ENTRY_INTR_INFO_FIELD, info);
}

/* Faults push RF=1, so that a breakpoint on the instruction does not come again
 * (SDM 3B 18.3.1.1); traps and aborts push it as it is.
 */
static bool is_fault(u32 event)
{
	u32 vector = event & INTR_INFO_VECTOR_MASK;

	return (event & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_HARD_EXCEPTION &&
	       vector != VECTOR_DB && vector != VECTOR_DF && vector != VECTOR_MC;
}

static void deliver_event(struct posada_vcpu *vcpu)
{
	struct events *e = &vcpu->events;

	if (e->event & INTR_INFO_DELIVER_CODE_MASK) {
		/* Real mode has no error codes (SDM 3C 27.2.1.3). */
		if (vmcs_read(GUEST_CR0) & CR0_PE)
			vmcs_write(VM_ENTRY_EXCEPTION_ERROR_CODE, e->error);
		else
			e->event &= ~INTR_INFO_DELIVER_CODE_MASK;
	}
	if (!e->again && is_fault(e->event))
		vmcs_write(GUEST_RFLAGS, vmcs_read(GUEST_RFLAGS) | RFLAGS_RF);
	vmcs_write(VM_ENTRY_INSTRUCTION_LEN, e->length);
	enter_with(e->event);
	if (e->again)
		vcpu->stats.redelivered++;
	else
		vcpu->stats.exceptions++;
	e->event = 0;
	e->again = false;
}

/* Blocking as the guest sees it now: a shadow ends with a completed instruction. */
static u32 blocking(struct posada_vcpu *vcpu)
{
	u32 state = vmcs_read(GUEST_INTERRUPTIBILITY_INFO);

	if (vcpu->events.shadow_stale && (state & SHADOW)) {
		state &= ~SHADOW;
		vmcs_write(GUEST_INTERRUPTIBILITY_INFO, state);
	}
	vcpu->events.shadow_stale = false;
	return state;
}

void inject_settle_shadow(struct posada_vcpu *vcpu)
{
	blocking(vcpu);
}

bool inject_trap_pending(void)
{
	return vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) & (PENDING_BS | PENDING_ENABLED);
}

/*
 * One event per entry, in the order of SDM 3A 6.9: what belongs to the last
 * instruction, NMI, external interrupts.  The rest waits for a window.
 *
 * A trap that is pending in the VMCS comes first of all, and injecting an event drops
 * it (SDM 3C 27.7.3).  Its #DB is an exit, after which the others are looked at again.
 */
void inject_prepare(struct posada_vcpu *vcpu)
{
	struct events *e = &vcpu->events;
	u32 windows = 0;
	bool busy = false;
	bool nmi, offer;
	int vector;

	clear_bit(REQUEST_EVENT, &vcpu->requests);
	smp_mb__after_atomic();	/* then look; pairs with inject_ioctl() */
	e->check = false;
	if (unlikely(vcpu->dr_loaded))
		blocking(vcpu);	/* a shadow that is over would hold up a breakpoint */

	if (e->event) {
		deliver_event(vcpu);
		busy = true;
	}
	vector = next_vector(vcpu);
	nmi = atomic_read(&e->nmis) > 0;
	offer = e->offer & POSADA_OFFER_VALID;

	if (nmi || vector >= 0 || offer) {
		u32 blocked = blocking(vcpu);
		bool injected = busy;

		if (!busy && !(blocked & GUEST_INTR_STATE_MOV_SS) && inject_trap_pending())
			busy = true;
		if (nmi && !busy && !(blocked & (SHADOW | GUEST_INTR_STATE_NMI))) {
			enter_with(INTR_INFO_VALID_MASK | INTR_TYPE_NMI_INTR | 2);
			nmi = atomic_dec_return(&e->nmis) > 0;
			vcpu->stats.nmi++;
			busy = true;
			injected = true;
		}
		if ((vector >= 0 || offer) && !busy && !(blocked & SHADOW) &&
		    (vmcs_read(GUEST_RFLAGS) & RFLAGS_IF)) {
			if (vector >= 0) {
				clear_bit(vector, e->vectors);
			} else {
				vector = e->offer & POSADA_OFFER_VECTOR;
				e->offer = 0;
				e->taken = true;
				offer = false;
			}
			enter_with(INTR_INFO_VALID_MASK | INTR_TYPE_EXT_INTR | vector);
			vcpu->stats.irq++;
			vector = next_vector(vcpu);
		}
		/* While one is handled, only one more is remembered (SDM 3A 6.7.1). */
		if (blocked & GUEST_INTR_STATE_NMI)
			atomic_cmpxchg(&e->nmis, 2, 1);
		/*
		 * Whether a shadow of STI keeps the NMI window shut is up to the CPU
		 * (SDM 3C 26.2): where it does not, the guest would exit for ever before
		 * its next instruction.  IF is 1 there, so take the other window.
		 */
		if (nmi)
			windows |= (blocked & GUEST_INTR_STATE_STI) && !injected ?
				   CPU_BASED_INTR_WINDOW_EXITING : CPU_BASED_NMI_WINDOW_EXITING;
		if (vector >= 0 || offer)
			windows |= CPU_BASED_INTR_WINDOW_EXITING;
	}
	e->window = windows || vcpu->dr_loaded;
	vcpu_controls(vcpu, windows, (CPU_BASED_NMI_WINDOW_EXITING |
				      CPU_BASED_INTR_WINDOW_EXITING) & ~windows);
}

void inject_hold(struct posada_vcpu *vcpu)
{
	struct events *e = &vcpu->events;

	e->check = true;
	e->window = false;
	if (e->threshold) {
		e->threshold = 0;
		vmcs_write(TPR_THRESHOLD, 0);
	}
	vcpu_controls(vcpu, 0, CPU_BASED_NMI_WINDOW_EXITING | CPU_BASED_INTR_WINDOW_EXITING);
}

static void take_back(struct posada_vcpu *vcpu, u32 info, u32 error, u32 length)
{
	struct events *e = &vcpu->events;

	e->event = info & (INTR_INFO_VALID_MASK | INTR_INFO_DELIVER_CODE_MASK |
			   INTR_INFO_INTR_TYPE_MASK | INTR_INFO_VECTOR_MASK);
	e->error = error;
	e->length = length;
	e->again = true;
	e->check = true;
}

void inject_undo(struct posada_vcpu *vcpu)
{
	u32 info = vmcs_read(VM_ENTRY_INTR_INFO_FIELD);

	/* Only a successful entry clears the valid bit (SDM 3C 27.8). */
	if (!(info & INTR_INFO_VALID_MASK))
		return;
	enter_with(0);
	take_back(vcpu, info, vmcs_read(VM_ENTRY_EXCEPTION_ERROR_CODE),
		  vmcs_read(VM_ENTRY_INSTRUCTION_LEN));
}

/* SDM 3C 28.2.4 */
void inject_requeue(struct posada_vcpu *vcpu)
{
	u32 info = vmcs_read(IDT_VECTORING_INFO_FIELD);
	u32 error = 0, length = 0;

	if (likely(!(info & INTR_INFO_VALID_MASK)))
		return;
	if (info & INTR_INFO_DELIVER_CODE_MASK)
		error = vmcs_read(IDT_VECTORING_ERROR_CODE);

	switch (info & INTR_INFO_INTR_TYPE_MASK) {
	case INTR_TYPE_SOFT_INTR:
	case INTR_TYPE_SOFT_EXCEPTION:
	case INTR_TYPE_PRIV_SW_EXCEPTION:
		length = vmcs_read(VM_EXIT_INSTRUCTION_LEN);
		break;
	case INTR_TYPE_NMI_INTR:
		/* Delivery blocked NMIs already; the second one needs them open. */
		vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
			   vmcs_read(GUEST_INTERRUPTIBILITY_INFO) & ~GUEST_INTR_STATE_NMI);
		break;
	}
	take_back(vcpu, info, error, length);
}

/*
 * HLT has ended what blocked before it: the shadow is over, and an interrupt
 * wakes only with IF=1 (in exit.rflags, as they were at HLT).
 */
bool inject_wakes(struct posada_vcpu *vcpu)
{
	struct events *e = &vcpu->events;
	unsigned int vector;

	if (e->event || (atomic_read(&e->nmis) && !vcpu->halted_in_nmi))
		return true;
	if (!(vcpu->exit.rflags & RFLAGS_IF))
		return false;
	vector = highest_vector(vcpu);
	return (vector < 256 && above_tpr(vcpu, vector)) || (e->offer & POSADA_OFFER_VALID);
}

/* What an earlier event that gives way to an exception leaves behind. */
static void put_back(struct posada_vcpu *vcpu, u32 info)
{
	struct events *e = &vcpu->events;

	switch (info & INTR_INFO_INTR_TYPE_MASK) {
	case INTR_TYPE_EXT_INTR:
		set_bit(info & INTR_INFO_VECTOR_MASK, e->vectors);
		break;
	case INTR_TYPE_NMI_INTR:
		atomic_add_unless(&e->nmis, 1, 2);
		break;
	/* Software interrupts and exceptions come again with their instruction. */
	}
}

bool inject_postpone(struct posada_vcpu *vcpu)
{
	struct events *e = &vcpu->events;
	u32 type = e->event & INTR_INFO_INTR_TYPE_MASK;

	if (!e->event)
		return true;
	if (type != INTR_TYPE_EXT_INTR && type != INTR_TYPE_NMI_INTR)
		return false;
	put_back(vcpu, e->event);
	e->event = 0;
	e->again = false;
	e->check = true;
	return true;
}

void inject_only_event(struct posada_vcpu *vcpu)
{
	inject_hold(vcpu);
	deliver_event(vcpu);
	vcpu_controls(vcpu, CPU_BASED_NMI_WINDOW_EXITING, 0);
}

bool inject_exception(struct posada_vcpu *vcpu, u8 vector, bool with_error, u32 error)
{
	struct events *e = &vcpu->events;
	u32 type = INTR_TYPE_HARD_EXCEPTION;
	u32 length = 0;

	if (e->event) {
		u32 first_type = e->event & INTR_INFO_INTR_TYPE_MASK;
		u8 first = e->event & INTR_INFO_VECTOR_MASK;

		if (first_type == INTR_TYPE_HARD_EXCEPTION) {
			switch (combine(first, vector)) {
			case COMBINE_TRIPLE:
				return false;
			case COMBINE_DOUBLE:
				vector = VECTOR_DF;
				with_error = true;
				error = 0;
				break;
			case COMBINE_SECOND:
				break;
			}
		} else {
			put_back(vcpu, e->event);
		}
	}
	if (vector == VECTOR_BP || vector == VECTOR_OF) {
		type = INTR_TYPE_SOFT_EXCEPTION;
		length = vcpu->exit.insn_len ? : 1;
	}
	e->event = INTR_INFO_VALID_MASK | type | vector |
		   (with_error ? INTR_INFO_DELIVER_CODE_MASK : 0);
	e->error = error;
	e->length = length;
	e->again = false;
	e->check = true;
	vcpu->halted = false;
	return true;
}

void inject_icebp(struct posada_vcpu *vcpu)
{
	struct events *e = &vcpu->events;

	if (e->event)
		put_back(vcpu, e->event);
	e->event = INTR_INFO_VALID_MASK | INTR_TYPE_PRIV_SW_EXCEPTION | VECTOR_DB;
	e->error = 0;
	e->length = vcpu->exit.insn_len;
	e->again = true;
	e->check = true;
}

/* ---- the ioctl --------------------------------------------------------------- */

static int queue_exception(struct posada_vcpu *vcpu, const struct posada_interrupt *arg)
{
	bool with_error = arg->flags & POSADA_INTERRUPT_ERROR_CODE;
	bool protected_mode;
	int err;

	if (arg->vector > 31 || arg->vector == 2)
		return -EINVAL;
	if (arg->flags & ~POSADA_INTERRUPT_ERROR_CODE)
		return -EINVAL;
	/* Bits 31:16 of an error code must be 0 (SDM 3C 27.2.1.3). */
	if (!with_error ? arg->error_code : arg->error_code & ~0xffffU)
		return -EINVAL;
	if (arg->vector != VECTOR_PF && arg->payload)
		return -EINVAL;

	if (!mutex_trylock(&vcpu->mutex))
		return -EBUSY;
	err = vcpu_open(vcpu);
	if (err)
		goto out_unlock;
	protected_mode = vmcs_read(GUEST_CR0) & CR0_PE;
	vcpu_close(vcpu);
	/* Entry would fail with any other pair (SDM 3C 27.2.1.3). */
	if (with_error != (has_error_code(arg->vector) && protected_mode)) {
		err = -EINVAL;
		goto out_unlock;
	}
	if (!inject_exception(vcpu, arg->vector, with_error, arg->error_code))
		vcpu->dead = VCPU_SHUTDOWN;
	else if (arg->vector == VECTOR_PF)
		vcpu->cr2 = arg->payload;
out_unlock:
	mutex_unlock(&vcpu->mutex);
	return err;
}

int inject_ioctl(struct posada_vcpu *vcpu, const struct posada_interrupt *arg)
{
	struct events *e = &vcpu->events;

	if (arg->reserved)
		return -EINVAL;
	if (arg->type == POSADA_INTERRUPT_EXCEPTION)
		return queue_exception(vcpu, arg);
	if (arg->flags || arg->error_code || arg->payload)
		return -EINVAL;

	switch (arg->type) {
	case POSADA_INTERRUPT_VECTOR:
		if (arg->vector < 16 || arg->vector > 255)
			return -EINVAL;
		set_bit(arg->vector, e->vectors);
		break;
	case POSADA_INTERRUPT_NMI:
		if (arg->vector)
			return -EINVAL;
		atomic_add_unless(&e->nmis, 1, 2);
		break;
	default:
		return -EINVAL;
	}
	smp_mb__before_atomic();	/* the event before the request; inject_prepare() */
	set_bit(REQUEST_EVENT, &vcpu->requests);
	vcpu_kick(vcpu);
	return 0;
}
