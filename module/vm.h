/* SPDX-License-Identifier: GPL-2.0 */
#ifndef POSADA_VM_H
#define POSADA_VM_H

#include <linux/bitmap.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "mem.h"

#define VM_MAX_VCPUS	64

/**
 * struct posada_vm - one virtual machine
 * @mem: its memory; has its own locks
 * @tsc_base: [I] the host's TSC when the VM was made: the guests' starts at 0 there
 * @kref: the VM fd and every vCPU hold one
 * @ids: [a] vCPU ids in use
 * @policy: RCU; NULL until one is set
 * @policy_lock: to change @policy
 * @vcpus: under @vcpus_lock
 * @vcpus_lock: interrupts off; innermost
 */
struct posada_vm {
	struct mem mem;
	u64 tsc_base;
	struct kref kref;
	DECLARE_BITMAP(ids, VM_MAX_VCPUS);
	struct policy __rcu *policy;
	struct mutex policy_lock;
	struct list_head vcpus;
	spinlock_t vcpus_lock;
};

struct posada_vcpu;
struct trap_facts;

struct posada_vm *vm_create(void);	/* or ERR_PTR */
void vm_put(struct posada_vm *vm);

/* A vCPU is there, or goes. */
void vm_add(struct posada_vm *vm, struct posada_vcpu *vcpu);
void vm_remove(struct posada_vm *vm, struct posada_vcpu *vcpu);

/**
 * vm_request - ask something of all vCPUs
 * @vm: its vCPUs may run
 * @bit: REQUEST_*
 *
 * May sleep.  On return none is in the guest that has not seen it.
 */
void vm_request(struct posada_vm *vm, int bit);

/* @vcpu met a TERMINATE row: it and all others end with @facts.  First one wins. */
void vm_end(struct posada_vm *vm, struct posada_vcpu *vcpu, const struct trap_facts *facts);

static inline struct posada_vm *vm_get(struct posada_vm *vm)
{
	kref_get(&vm->kref);
	return vm;
}

/* Guest memory is the memory of one process; no other may use it. */
static inline bool vm_is_mine(const struct posada_vm *vm)
{
	return vm->mem.mm == current->mm;
}

#endif /* POSADA_VM_H */
