/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the KVM driver share: driver_kvm.c (lives), kvm_memory.c
 * (slots), kvm_run.c (run and exits), kvm_event.c (interrupts), kvm_state.c and
 * kvm_stats.c.  For nobody else.
 */
#ifndef POSADA_DRIVER_KVM_H
#define POSADA_DRIVER_KVM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/kvm.h>

#include "driver.h"

#define KVM_SLOTS 512

struct kvm_slot {
	uint64_t gpa;
	uint64_t length; /* 0: free */
	uint64_t hva;
	uint32_t flags; /* POSADA_MEMORY_* */
};

struct kvm_cpu;

/**
 * struct kvm_vm - the KVM driver's side of a VM
 * @vm: the other side
 * @lock: of @slot and @cpus
 * @changing: the layout changes; no vCPU may be in the guest
 * @slot: by KVM's number
 * @cpus: list of vCPUs
 * @run_size: bytes to mmap from a vCPU
 * @cpuid: what a vCPU gets
 */
struct kvm_vm {
	struct driver_vm *vm;
	pthread_mutex_t lock;
	unsigned int changing;
	struct kvm_slot slot[KVM_SLOTS];
	struct kvm_cpu *cpus;
	uint32_t run_size;
	struct kvm_cpuid2 *cpuid;
};

/* Why a vCPU that is in the guest, or asleep, has to come out; kvm_cpu.poke */
#define POKE_KICK  (1U << 0)
#define POKE_EVENT (1U << 1)

/* What KVM would finish at the next KVM_RUN; kvm_cpu.open_exit */
enum kvm_open {
	OPEN_NOT,
	OPEN_ACCESS, /* a port or a device */
	OPEN_MSR,
	OPEN_ANSWERED, /* either, and the caller has said POSADA_APPLY_SKIP */
};

/**
 * struct kvm_cpu - the KVM driver's side of a vCPU
 *
 * [I] set once, [a] atomic, from any thread; the rest belongs to the thread that runs it
 *
 * @vcpu: [I] the other side
 * @vm: [I]
 * @next: in vm->cpus
 * @kvm: [I] KVM's run page
 * @stats: [I] file of KVM's statistics, -1 without
 * @wake: [I] eventfd, written while @asleep
 * @run: the exit record
 * @inside: [a] thread that is in KVM_RUN, 0
 * @asleep: [a] it waits on @wake
 * @poke: [a] POKE_*
 * @vectors: [a] external interrupts that are queued
 * @nmis: [a] NMIs that KVM does not know yet
 * @open_exit: an instruction that KVM has not finished
 * @deferred: KVM's page has an exit that the caller has not seen
 * @halted: HLT without POSADA_RUN_EXIT_HLT
 * @dead: a triple fault; every RUN says so again
 * @fresh: kvm->ready_for_interrupt_injection is about the state as it is now
 * @to_user: RUNs that returned with an exit
 */
struct kvm_cpu {
	struct driver_vcpu *vcpu;
	struct kvm_vm *vm;
	struct kvm_cpu *next;
	struct kvm_run *kvm;
	int stats;
	int wake;
	struct posada_run run;
	int inside;
	int asleep;
	unsigned int poke;
	uint64_t vectors[4];
	unsigned int nmis;
	enum kvm_open open_exit;
	bool deferred;
	bool halted;
	bool dead;
	bool fresh;
	uint64_t to_user;
};

static inline struct kvm_cpu *kvm_cpu_of(const struct driver_vcpu *vcpu)
{
	return vcpu->own;
}

/* driver_kvm.c: an ioctl with -errno */
int kvm_ioctl(int fd, unsigned long request, uintptr_t argument);

/* kvm_memory.c */
int kvm_memory(struct driver_vm *vm, const struct posada_memory_op *ops, uint32_t nr,
	       uint32_t *bad);

/* kvm_run.c */
int kvm_run(struct driver_vcpu *vcpu);
int kvm_kick(struct driver_vcpu *vcpu);
void kvm_poke(struct kvm_cpu *cpu, unsigned int why);

/** kvm_regs_in() - what the caller has written to the exit record goes to KVM's page */
void kvm_regs_in(struct kvm_cpu *cpu);

/** kvm_regs_out() - the other way */
void kvm_regs_out(struct kvm_cpu *cpu);

/**
 * kvm_refresh() - let KVM take registers and say anew whether it would take an interrupt
 *
 * Finishes what is open.  Return: 0; 1 if that led to another exit; -errno.
 */
int kvm_refresh(struct kvm_cpu *cpu);

/** kvm_settle() - finish what the caller has answered; another exit is for the next run */
int kvm_settle(struct kvm_cpu *cpu);

/** kvm_abandon() - an instruction that KVM has begun shall not have been */
int kvm_abandon(struct kvm_cpu *cpu);

/* kvm_event.c */
int kvm_interrupt(struct driver_vcpu *vcpu, struct posada_interrupt *event);

/** kvm_events_wake() - something waits that ends HLT */
bool kvm_events_wake(struct kvm_cpu *cpu);

/** kvm_events_deliver() - give KVM what it can take now.  Return: as kvm_refresh() */
int kvm_events_deliver(struct kvm_cpu *cpu);

/* kvm_state.c */
int kvm_state_get(struct driver_vcpu *vcpu, struct posada_state *state, uint32_t groups);
int kvm_state_set(struct driver_vcpu *vcpu, struct posada_state *state, uint32_t groups);

/* kvm_stats.c */
int kvm_stats_open(int vcpu);
int kvm_stats(struct driver_vcpu *vcpu, struct posada_stats *stats);

#endif /* POSADA_DRIVER_KVM_H */
