// SPDX-License-Identifier: GPL-2.0
#include "vm.h"

#include <linux/err.h>
#include <linux/slab.h>
#include <asm/tsc.h>

#include "cpu.h"
#include "ledger.h"
#include "trap.h"
#include "vcpu.h"

struct posada_vm *vm_create(void)
{
	struct posada_vm *vm;
	int err;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	kref_init(&vm->kref);
	mutex_init(&vm->policy_lock);
	INIT_LIST_HEAD(&vm->vcpus);
	spin_lock_init(&vm->vcpus_lock);
	vm->tsc_base = rdtsc();
	err = mem_create(&vm->mem);
	if (err)
		goto out_free_vm;
	err = cpu_acquire();
	if (err)
		goto out_destroy_mem;
	ledger_add(LEDGER_VM);
	return vm;

out_destroy_mem:
	mem_destroy(&vm->mem);
out_free_vm:
	kfree(vm);
	return ERR_PTR(err);
}

static void vm_destroy(struct kref *kref)
{
	struct posada_vm *vm = container_of(kref, struct posada_vm, kref);

	ledger_remove(LEDGER_VM);
	cpu_release();
	trap_free(vm);
	mem_destroy(&vm->mem);
	kfree(vm);
}

void vm_put(struct posada_vm *vm)
{
	kref_put(&vm->kref, vm_destroy);
}

/* ---- its vCPUs --------------------------------------------------------------------- */

void vm_add(struct posada_vm *vm, struct posada_vcpu *vcpu)
{
	unsigned long flags;

	spin_lock_irqsave(&vm->vcpus_lock, flags);
	list_add_tail(&vcpu->link, &vm->vcpus);
	spin_unlock_irqrestore(&vm->vcpus_lock, flags);
	/* Set before it was in the list; one set after finds it there. */
	if (rcu_access_pointer(vm->policy))
		set_bit(REQUEST_POLICY, &vcpu->requests);
}

void vm_remove(struct posada_vm *vm, struct posada_vcpu *vcpu)
{
	unsigned long flags;

	spin_lock_irqsave(&vm->vcpus_lock, flags);
	list_del(&vcpu->link);
	spin_unlock_irqrestore(&vm->vcpus_lock, flags);
}

void vm_request(struct posada_vm *vm, int bit)
{
	struct posada_vcpu *vcpu;
	unsigned long flags;

	spin_lock_irqsave(&vm->vcpus_lock, flags);
	list_for_each_entry(vcpu, &vm->vcpus, link)
		set_bit(bit, &vcpu->requests);
	spin_unlock_irqrestore(&vm->vcpus_lock, flags);
	mem_wait_for_exits(&vm->mem);
}

void vm_end(struct posada_vm *vm, struct posada_vcpu *vcpu, const struct trap_facts *facts)
{
	struct posada_vcpu *other;
	unsigned long flags;

	spin_lock_irqsave(&vm->vcpus_lock, flags);
	if (!test_and_clear_bit(REQUEST_END, &vcpu->requests))
		vcpu->end = *facts;	/* else another was first */
	vcpu->dead = VCPU_TERMINATED;
	list_for_each_entry(other, &vm->vcpus, link) {
		if (other == vcpu || READ_ONCE(other->dead))
			continue;
		if (!test_bit(REQUEST_END, &other->requests)) {
			other->end = vcpu->end;
			set_bit(REQUEST_END, &other->requests);
			vcpu_kick(other);
		}
	}
	spin_unlock_irqrestore(&vm->vcpus_lock, flags);
}
