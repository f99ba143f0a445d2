// SPDX-License-Identifier: GPL-2.0
/* Exits of hardware task switches. */
#include "loop.h"

#include <string.h>

#include "task_switch.h"
#include "vm.h"

void exit_task_switch(struct vm *vm)
{
	struct driver_vcpu *vcpu = &vm->vcpu;
	struct posada_state state = { 0 };
	struct task_result result;
	enum task_answer answer;
	int err = vcpu->driver->state_get(vcpu, &state, TASK_GROUPS);

	if (!err) {
		answer =
			task_switch(vcpu->run, &vm->ram, vm->driver.info.gpa_bits, &state, &result);
		if (answer == TASK_NO_MEMORY) {
			vm_end(vm, END_STUCK, 0,
			       "a task switch meets %#llx, where there is no memory; rip %#llx",
			       (unsigned long long)result.gpa, (unsigned long long)vcpu->run->rip);
			return;
		}
		err = vcpu->driver->state_set(vcpu, &state, TASK_GROUPS);
		if (!err && answer == TASK_EXCEPTION)
			err = vcpu->driver->interrupt(vcpu, &result.exception);
	}
	if (err)
		vm_end(vm, END_ERROR, err, "cannot switch tasks: %s", strerror(-err));
}
