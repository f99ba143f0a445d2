// SPDX-License-Identifier: GPL-2.0
/* Interrupts, NMIs and exceptions for a KVM that has no interrupt controller. */
#include <errno.h>

#include "driver_kvm.h"

#define VECTOR_NMI 2
#define VECTOR_DF  8
#define VECTOR_PF  14

/* ---- external interrupts and NMIs --------------------------------------------------- */

/* The highest vector that CR8 lets through, or -1. */
static int next_vector(const struct kvm_cpu *cpu)
{
	for (int word = 3; word >= 0; word--) {
		uint64_t bits = __atomic_load_n(&cpu->vectors[word], __ATOMIC_SEQ_CST);
		int vector;

		if (!bits)
			continue;
		vector = word * 64 + 63 - __builtin_clzll(bits);
		return vector >> 4 > (int)cpu->kvm->cr8 ? vector : -1;
	}
	return -1;
}

static bool offered(const struct kvm_cpu *cpu)
{
	return cpu->run.offer & POSADA_OFFER_VALID;
}

bool kvm_events_wake(struct kvm_cpu *cpu)
{
	if (__atomic_load_n(&cpu->nmis, __ATOMIC_SEQ_CST))
		return true;
	if (!(cpu->kvm->s.regs.regs.rflags & 1 << 9))
		return false;
	return offered(cpu) || next_vector(cpu) >= 0;
}

static int give_nmis(struct kvm_cpu *cpu)
{
	unsigned int nmis = __atomic_exchange_n(&cpu->nmis, 0, __ATOMIC_SEQ_CST);

	for (; nmis; nmis--) {
		int err = kvm_ioctl(cpu->vcpu->fd, KVM_NMI, 0);

		if (err)
			return err;
	}
	return 0;
}

static int give_vector(struct kvm_cpu *cpu)
{
	struct kvm_interrupt interrupt;
	int vector = next_vector(cpu), err;

	interrupt.irq = vector >= 0 ? vector : (int)(cpu->run.offer & POSADA_OFFER_VECTOR);
	err = kvm_ioctl(cpu->vcpu->fd, KVM_INTERRUPT, (uintptr_t)&interrupt);
	if (err)
		return err;
	/* KVM has it now, whatever comes. */
	cpu->kvm->ready_for_interrupt_injection = 0;
	if (vector >= 0) {
		__atomic_fetch_and(&cpu->vectors[vector / 64], ~(1ULL << vector % 64),
				   __ATOMIC_SEQ_CST);
	} else {
		cpu->run.offer = 0;
		cpu->run.status |= POSADA_STATUS_TAKEN;
	}
	return 0;
}

int kvm_events_deliver(struct kvm_cpu *cpu)
{
	int err = give_nmis(cpu);

	cpu->kvm->request_interrupt_window = 0;
	if (err || (!offered(cpu) && next_vector(cpu) < 0))
		return err;
	/* KVM's answer may be about a state that the caller has changed since. */
	if (!cpu->fresh) {
		err = kvm_refresh(cpu);
		if (err)
			return err;
	}
	if (cpu->kvm->ready_for_interrupt_injection)
		err = give_vector(cpu);
	if (!err && (offered(cpu) || next_vector(cpu) >= 0))
		cpu->kvm->request_interrupt_window = 1;
	return err;
}

/* ---- exceptions ------------------------------------------------------------------- */

static bool contributory(unsigned int vector)
{
	return !vector || (vector >= 10 && vector <= 13);
}

/* SDM 3A 6.15, table 6-5 */
static bool double_fault(unsigned int first, unsigned int second)
{
	if (contributory(first))
		return contributory(second);
	return first == VECTOR_PF && (contributory(second) || second == VECTOR_PF);
}

static int set_cr2(int fd, uint64_t cr2)
{
	struct kvm_sregs2 sregs;
	int err = kvm_ioctl(fd, KVM_GET_SREGS2, (uintptr_t)&sregs);

	sregs.cr2 = cr2;
	return err ? err : kvm_ioctl(fd, KVM_SET_SREGS2, (uintptr_t)&sregs);
}

/* Instead of the instruction that the last exit was about. */
static int queue_exception(struct kvm_cpu *cpu, const struct posada_interrupt *event)
{
	struct kvm_vcpu_events events;
	int fd = cpu->vcpu->fd, err;

	if (event->vector > 31 || event->vector == VECTOR_NMI)
		return -EINVAL;
	if (__atomic_load_n(&cpu->inside, __ATOMIC_SEQ_CST))
		return -EBUSY;
	err = kvm_settle(cpu);
	if (!err && cpu->open_exit)
		err = kvm_abandon(cpu);
	if (!err)
		err = kvm_ioctl(fd, KVM_GET_VCPU_EVENTS, (uintptr_t)&events);
	if (!err && event->vector == VECTOR_PF)
		err = set_cr2(fd, event->payload);
	if (err)
		return err;
	if (events.exception.injected && double_fault(events.exception.nr, event->vector)) {
		events.exception.nr = VECTOR_DF;
		events.exception.has_error_code = 1;
		events.exception.error_code = 0;
	} else {
		events.exception.nr = event->vector;
		events.exception.has_error_code = !!(event->flags & POSADA_INTERRUPT_ERROR_CODE);
		events.exception.error_code = event->error_code;
	}
	events.exception.injected = 1;
	events.exception.pending = 0;
	cpu->fresh = false;
	cpu->halted = false;
	return kvm_ioctl(fd, KVM_SET_VCPU_EVENTS, (uintptr_t)&events);
}

static int queue_vector(struct kvm_cpu *cpu, uint32_t vector)
{
	if (vector < 16 || vector > 255)
		return -EINVAL;
	__atomic_fetch_or(&cpu->vectors[vector / 64], 1ULL << vector % 64, __ATOMIC_SEQ_CST);
	kvm_poke(cpu, POKE_EVENT);
	return 0;
}

static int queue_nmi(struct kvm_cpu *cpu)
{
	unsigned int nmis = __atomic_load_n(&cpu->nmis, __ATOMIC_SEQ_CST);

	while (nmis < 2 && !__atomic_compare_exchange_n(&cpu->nmis, &nmis, nmis + 1, false,
							__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	kvm_poke(cpu, POKE_EVENT);
	return 0;
}

int kvm_interrupt(struct driver_vcpu *vcpu, struct posada_interrupt *event)
{
	struct kvm_cpu *cpu = kvm_cpu_of(vcpu);

	switch (event->type) {
	case POSADA_INTERRUPT_VECTOR:
		return queue_vector(cpu, event->vector);
	case POSADA_INTERRUPT_NMI:
		return queue_nmi(cpu);
	case POSADA_INTERRUPT_EXCEPTION:
		return queue_exception(cpu, event);
	default:
		return -EINVAL;
	}
}
