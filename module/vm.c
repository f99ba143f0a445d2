// SPDX-License-Identifier: GPL-2.0
#include "vm.h"

#include <linux/err.h>
#include <linux/slab.h>
#include <asm/tsc.h>

#include "cpu.h"
#include "ledger.h"

struct posada_vm *vm_create(void)
{
	struct posada_vm *vm;
	int err;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	kref_init(&vm->kref);
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
	mem_destroy(&vm->mem);
	kfree(vm);
}

void vm_put(struct posada_vm *vm)
{
	kref_put(&vm->kref, vm_destroy);
}
