// SPDX-License-Identifier: GPL-2.0
/* The vCPU loop. */
#include "loop.h"

#include <errno.h>
#include <string.h>

#include "exitname.h"
#include "gdb.h"
#include "linear.h"
#include "vm.h"

static void exit_nothing(struct vm *vm)
{
	(void)vm; /* the loop looks at vm->requests and at the PIC anyway */
}

/* Nobody serves hypercalls here, so VMCALL is what it is on a CPU without VMX. */
static void exit_hypercall(struct vm *vm)
{
	vcpu_undefined(vm);
}

static void exit_shutdown(struct vm *vm)
{
	const struct posada_run *run = vm->vcpu.run;

	if (gdb_shutdown_exit(vm))
		return;
	vm_end(vm, END_TRIPLE_FAULT, 0, "at rip %#llx", (unsigned long long)run->rip);
}

static void exit_failed(struct vm *vm)
{
	const struct posada_run *run = vm->vcpu.run;
	const struct driver *driver = vm->vcpu.driver;

	if (driver->explain)
		driver->explain(&vm->vcpu, &vm->explained);
	if (run->failed.instruction_error)
		vm_end(vm, END_FAILED_ENTRY, 0, "error %u, %s; rip %#llx",
		       run->failed.instruction_error,
		       entry_error_name(run->failed.instruction_error),
		       (unsigned long long)run->rip);
	else
		vm_end(vm, END_FAILED_ENTRY, 0, "%s, qualification %#llx; rip %#llx",
		       exit_reason_name(run->hw_reason & 0xffff),
		       (unsigned long long)run->qualification, (unsigned long long)run->rip);
}

static void exit_unknown(struct vm *vm)
{
	const struct posada_run *run = vm->vcpu.run;

	if (vm->vcpu.words) {
		vm_end(vm, END_STUCK, 0, "%s; rip %#llx", vm->vcpu.words,
		       (unsigned long long)run->rip);
		return;
	}
	vm_end(vm, END_STUCK, 0, "exit reason %u, %s, qualification %#llx; rip %#llx",
	       run->hw_reason & 0xffff, exit_reason_name(run->hw_reason & 0xffff),
	       (unsigned long long)run->qualification, (unsigned long long)run->rip);
}

static void exit_memory(struct vm *vm)
{
	const struct posada_run *run = vm->vcpu.run;

	vm_end(vm, END_ERROR, -(int)run->mmio.error,
	       "the host cannot serve guest memory at %#llx: %s", (unsigned long long)run->mmio.gpa,
	       strerror(run->mmio.error));
}

/* Nobody has asked for it any more: a debugger that just left. */
static void exit_debug(struct vm *vm)
{
	if (!gdb_debug_exit(vm))
		exit_unknown(vm);
}

static void (*const exits[])(struct vm *vm) = {
	[POSADA_EXIT_NONE] = exit_nothing,
	[POSADA_EXIT_KICK] = exit_nothing,
	[POSADA_EXIT_IO] = exit_io,
	[POSADA_EXIT_MMIO] = exit_mmio,
	[POSADA_EXIT_RDMSR] = exit_rdmsr,
	[POSADA_EXIT_WRMSR] = exit_wrmsr,
	[POSADA_EXIT_HLT] = exit_hlt,
	[POSADA_EXIT_HYPERCALL] = exit_hypercall,
	[POSADA_EXIT_SHUTDOWN] = exit_shutdown,
	[POSADA_EXIT_FAILED] = exit_failed,
	[POSADA_EXIT_UNKNOWN] = exit_unknown,
	[POSADA_EXIT_MEMORY] = exit_memory,
	[POSADA_EXIT_TRAP] = exit_trap,
	[POSADA_EXIT_TERMINATED] = exit_terminated,
	[POSADA_EXIT_DEBUG] = exit_debug,
	[POSADA_EXIT_TASK_SWITCH] = exit_task_switch,
};

static void taken(struct vm *vm, uint32_t offered)
{
	pthread_mutex_lock(&vm->lock);
	pic_inta(&vm->pic, offered);
	pthread_mutex_unlock(&vm->lock);
}

static void handle(struct vm *vm)
{
	uint32_t reason = vm->vcpu.run->reason;

	exit_ring_add(&vm->exits, vm->vcpu.run);
	if (reason < sizeof(exits) / sizeof(exits[0]) && exits[reason])
		exits[reason](vm);
	else
		vm_end(vm, END_STUCK, 0, "unknown exit %u: the module is newer than this command",
		       reason);
}

static void run_failed(struct vm *vm, int err)
{
	vm_end(vm, END_ERROR, err, "RUN of %s: %s", vm->driver.driver->name, strerror(-err));
}

void loop_run(struct vm *vm)
{
	struct driver_vcpu *vcpu = &vm->vcpu;

	vm_this_is_vcpu_thread();
	for (;;) {
		struct posada_run *run;
		uint32_t output;
		int err;

		if (__atomic_load_n(&vm->requests, __ATOMIC_ACQUIRE) && !vm_serve(vm))
			break;
		run = vcpu->run; /* another one after a move */
		output = __atomic_load_n(&vm->pic.output, __ATOMIC_ACQUIRE);
		run->offer = output & PIC_INTR ? POSADA_OFFER_VALID | (output & PIC_VECTOR) : 0;
		err = vcpu->driver->run(vcpu);
		if (err && err != -EINTR) {
			run_failed(vm, err);
			break;
		}
		if (run->status & POSADA_STATUS_TAKEN)
			taken(vm, output);
		if (!err)
			handle(vm);
	}
	vm_vcpu_leaves(vm);
}
