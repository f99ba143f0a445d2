// SPDX-License-Identifier: GPL-2.0
/* The driver that this project is about. */
#include "driver.h"

#include "explain.h"

#include <errno.h>
#include <unistd.h>

static int vm_open(struct driver_vm *vm)
{
	int err;

	vm->fd = -1;
	vm->dev = posada_open();
	if (vm->dev < 0)
		return vm->dev;
	err = posada_info(vm->dev, &vm->info);
	if (!err && vm->info.abi_version != POSADA_ABI_VERSION)
		err = -EPROTO;
	if (err) {
		close(vm->dev);
		vm->dev = -1;
	}
	return err;
}

static void vm_close(struct driver_vm *vm)
{
	close(vm->dev);
	vm->dev = -1;
}

static int vm_create(struct driver_vm *vm)
{
	vm->fd = posada_create_vm(vm->dev);
	return vm->fd < 0 ? vm->fd : 0;
}

static void vm_destroy(struct driver_vm *vm)
{
	close(vm->fd);
	vm->fd = -1;
}

static int vm_memory(struct driver_vm *vm, const struct posada_memory_op *ops, uint32_t nr,
		     uint32_t *bad)
{
	return posada_memory(vm->fd, ops, nr, bad);
}

static int vcpu_create(struct driver_vm *vm, uint32_t id, struct driver_vcpu *vcpu)
{
	int err;

	vcpu->driver = vm->driver;
	vcpu->data = (struct driver_data){ 0 };
	vcpu->words = NULL;
	vcpu->run_size = vm->info.run_size;
	vcpu->xsave_size = vm->info.xsave_size;
	vcpu->fd = posada_create_vcpu(vm->fd, id);
	if (vcpu->fd < 0)
		return vcpu->fd;
	err = posada_run_page(vcpu->fd, vcpu->run_size, &vcpu->run);
	if (err) {
		close(vcpu->fd);
		vcpu->fd = -1;
	}
	return err;
}

static void vcpu_destroy(struct driver_vcpu *vcpu)
{
	posada_run_page_unmap(vcpu->run, vcpu->run_size);
	close(vcpu->fd);
	vcpu->fd = -1;
}

static int vcpu_run(struct driver_vcpu *vcpu)
{
	return posada_run(vcpu->fd);
}

static int vcpu_kick(struct driver_vcpu *vcpu)
{
	return posada_kick(vcpu->fd);
}

static int vcpu_interrupt(struct driver_vcpu *vcpu, struct posada_interrupt *event)
{
	return posada_interrupt(vcpu->fd, event);
}

static int vcpu_stats(struct driver_vcpu *vcpu, struct posada_stats *stats)
{
	return posada_stats(vcpu->fd, stats);
}

static int vcpu_state_get(struct driver_vcpu *vcpu, struct posada_state *state, uint32_t groups)
{
	return posada_state_get(vcpu->fd, state, groups);
}

static int vcpu_state_set(struct driver_vcpu *vcpu, struct posada_state *state, uint32_t groups)
{
	return posada_state_set(vcpu->fd, state, groups);
}

static int vcpu_explain(struct driver_vcpu *vcpu, struct explanation *e)
{
	return explain_vcpu(vcpu->fd, e);
}

static int vm_policy_get(struct driver_vm *vm, struct posada_trap *traps, uint32_t *nr)
{
	return posada_policy_get(vm->fd, traps, nr);
}

static int vm_policy_set(struct driver_vm *vm, const struct posada_trap *traps, uint32_t nr,
			 uint32_t *bad, char *why)
{
	return posada_policy_set(vm->fd, traps, nr, bad, why);
}

static int vcpu_debug(struct driver_vcpu *vcpu, struct posada_guest_debug *debug)
{
	return posada_guest_debug(vcpu->fd, debug);
}

static int vcpu_last_exits(struct driver_vcpu *vcpu, struct posada_last_exit *entries, uint32_t *nr)
{
	return posada_last_exits(vcpu->fd, entries, nr, NULL);
}

static int vcpu_cpuid_get(struct driver_vcpu *vcpu, struct posada_cpuid_entry *entries,
			  uint32_t *nr)
{
	return posada_cpuid_get(vcpu->fd, entries, nr);
}

static int vcpu_cpuid_set(struct driver_vcpu *vcpu, const struct posada_cpuid_entry *entries,
			  uint32_t nr)
{
	return posada_cpuid_set(vcpu->fd, entries, nr);
}

const struct driver driver_posada = {
	.name = "posada",
	.device = POSADA_DEVICE,
	.advice = "The module is not loaded. Load it: insmod posada.ko, or see 'posada doctor'.",
	.open = vm_open,
	.close = vm_close,
	.create = vm_create,
	.destroy = vm_destroy,
	.memory = vm_memory,
	.create_vcpu = vcpu_create,
	.destroy_vcpu = vcpu_destroy,
	.run = vcpu_run,
	.kick = vcpu_kick,
	.interrupt = vcpu_interrupt,
	.stats = vcpu_stats,
	.state_get = vcpu_state_get,
	.state_set = vcpu_state_set,
	.explain = vcpu_explain,
	.policy_get = vm_policy_get,
	.policy_set = vm_policy_set,
	.debug = vcpu_debug,
	.last_exits = vcpu_last_exits,
	.cpuid_get = vcpu_cpuid_get,
	.cpuid_set = vcpu_cpuid_set,
};
