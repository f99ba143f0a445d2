// SPDX-License-Identifier: GPL-2.0
/* Hardware task switches: VMX leaves them to software, and the module to the program. */
#include "exit.h"

#include "vcpu.h"
#include "vmx_ops.h"

/* SDM 3C table 28-2 */
#define TASK_SELECTOR(qual)	((qual) & 0xffff)
#define TASK_SOURCE(qual)	((qual) >> 30 & 3)

/* An event that is an instruction, with a length (SDM 3C 28.2.5). */
static bool is_software(u32 event)
{
	switch (event & INTR_INFO_INTR_TYPE_MASK) {
	case INTR_TYPE_SOFT_INTR:
	case INTR_TYPE_SOFT_EXCEPTION:
	case INTR_TYPE_PRIV_SW_EXCEPTION:
		return true;
	}
	return false;
}

/*
 * Nothing of the switch has happened.  An event that came by way of a task gate is
 * delivered by the switch itself: it is the program's now, and must not be delivered
 * again.
 */
int exit_task_switch(struct posada_vcpu *vcpu)
{
	struct posada_run *run = vcpu->run;
	struct events *e = &vcpu->events;
	u64 qual = vmcs_read(EXIT_QUALIFICATION);

	exit_read_insn(vcpu);
	run->qualification = qual;
	run->task.selector = TASK_SELECTOR(qual);
	run->task.source = TASK_SOURCE(qual);
	run->task.event = 0;
	run->task.event_error = 0;
	if (TASK_SOURCE(qual) == POSADA_TASK_GATE) {
		run->task.event = e->event;
		run->task.event_error = e->error;
		if (!is_software(e->event))
			vcpu->exit.insn_len = 0;
		e->event = 0;
		e->error = 0;
		e->length = 0;
		e->again = false;
	}
	return exit_to_user_insn(vcpu, POSADA_EXIT_TASK_SWITCH);
}
