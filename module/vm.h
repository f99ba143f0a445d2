/* SPDX-License-Identifier: GPL-2.0 */
#ifndef POSADA_VM_H
#define POSADA_VM_H

#include <linux/bitmap.h>
#include <linux/kref.h>
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
 */
struct posada_vm {
	struct mem mem;
	u64 tsc_base;
	struct kref kref;
	DECLARE_BITMAP(ids, VM_MAX_VCPUS);
};

struct posada_vm *vm_create(void);	/* or ERR_PTR */
void vm_put(struct posada_vm *vm);

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
