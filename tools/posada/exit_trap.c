// SPDX-License-Identifier: GPL-2.0
/* Exits that rows of the trap policy ask for. */
#include "loop.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "policies.h"
#include "vm.h"

/* VM-exit interruption information (SDM 3C 25.9.2) */
#define INFO_TYPE(info)	  ((info) >> 8 & 7)
#define INFO_ERROR_CODE	  (1U << 11)
#define TYPE_PRIVILEGED	  5 /* INT1 */

#define VECTOR_DB	  1
#define VECTOR_PF	  14

/* Exit qualification of #DB (SDM 3C 28.2.1, table 28-1): bits as in DR6. */
#define QUALIFICATION_DR6 0x600fULL
#define DR6_B		  0xfULL
#define DR7_GD		  (1ULL << 13)

/* ---- exceptions ------------------------------------------------------------------------ */

/* The exit came before DR6 was written (SDM 3C 26.1). */
static int set_dr6(struct vm *vm)
{
	struct posada_state state = { 0 };
	int err = vm->vcpu.driver->state_get(&vm->vcpu, &state, POSADA_STATE_DEBUG);

	if (err)
		return err;
	state.debug.dr6 = (state.debug.dr6 & ~DR6_B) |
			  (vm->vcpu.run->qualification & QUALIFICATION_DR6);
	state.debug.dr7 &= ~DR7_GD;
	return vm->vcpu.driver->state_set(&vm->vcpu, &state, POSADA_STATE_DEBUG);
}

/* The guest gets what it would have got. */
static void pass_on(struct vm *vm)
{
	struct posada_run *run = vm->vcpu.run;
	struct posada_interrupt event = {
		.type = POSADA_INTERRUPT_EXCEPTION,
		.vector = run->trap.number,
	};
	int err = 0;

	/* A trap of its own instruction, INT1: the guest goes on behind it. */
	if (INFO_TYPE(run->trap.information) == TYPE_PRIVILEGED) {
		run->rip += run->insn_len ? run->insn_len : 1;
		run->apply = POSADA_APPLY_RIP;
	} else if (event.vector == VECTOR_DB) {
		err = set_dr6(vm);
	}
	if (run->trap.information & INFO_ERROR_CODE) {
		event.flags = POSADA_INTERRUPT_ERROR_CODE;
		event.error_code = run->trap.error_code;
	}
	if (event.vector == VECTOR_PF)
		event.payload = run->trap.value;
	if (!err)
		err = vm->vcpu.driver->interrupt(&vm->vcpu, &event);
	if (err)
		vm_end(vm, END_ERROR, err, "cannot pass exception %u on to the guest: %s",
		       event.vector, strerror(-err));
}

/* ---- both reasons ------------------------------------------------------------------------ */

void exit_trap(struct vm *vm)
{
	struct posada_run *run = vm->vcpu.run;
	char deed[POLICY_TEXT];

	if (vm->verbose)
		note("%s: row %u (rip %#llx)",
		     policy_describe(run->trap.what, run->trap.access, run->trap.number,
				     run->trap.value, deed),
		     run->trap.row, (unsigned long long)run->rip);
	if (run->trap.what == POSADA_TRAP_EXCEPTION)
		pass_on(vm);
	else
		run->apply = POSADA_APPLY_STEP;
}

void exit_terminated(struct vm *vm)
{
	const struct posada_run *run = vm->vcpu.run;
	char deed[POLICY_TEXT], row[POLICY_TEXT];

	vm_end(vm, END_TERMINATED, 0, "%s: row %u '%s' (rip %#llx)",
	       policy_describe(run->trap.what, run->trap.access, run->trap.number, run->trap.value,
			       deed),
	       run->trap.row, policies_row(vm, run->trap.row, row), (unsigned long long)run->rip);
}

/* A row `hlt:user`: the module sleeps, as without it. */
void exit_hlt(struct vm *vm)
{
	vm->vcpu.run->apply = POSADA_APPLY_STEP;
}
