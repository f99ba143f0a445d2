/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hardware task switches (SDM 3A chapter 8.3): what a CPU does on a JMP, CALL, IRET or
 * event that leads to another TSS.  VMX leaves them to software.
 *
 * Pure over a struct posada_state and guest memory: 16- and 32-bit TSSs, all checks
 * with their exceptions, paging of either kind, tasks in virtual-8086 mode.
 *
 * Checks and faults up to the point where the old task is saved belong to the old task,
 * and nothing has happened but for accessed bits; those after it belong to the new one.
 */
#ifndef POSADA_TASK_SWITCH_H
#define POSADA_TASK_SWITCH_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/posada.h>

#include "memory.h"

/* What task_switch() reads of the state, and what of it is to be set afterwards. */
#define TASK_GROUPS                                                                              \
	(POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL | POSADA_STATE_DEBUG | \
	 POSADA_STATE_DELIVERY)

enum task_answer {
	TASK_DONE,	/* set the state, run */
	TASK_EXCEPTION, /* set the state, inject @exception, run */
	TASK_NO_MEMORY, /* a table or a TSS lies where there is no memory: @gpa */
};

/**
 * struct task_result - what came of it
 * @exception: TASK_EXCEPTION: what to inject; #DB for the T bit of the new TSS
 * @switched: the state is that of the new task
 * @gpa: TASK_NO_MEMORY: where
 */
struct task_result {
	struct posada_interrupt exception;
	bool switched;
	uint64_t gpa;
};

/**
 * task_switch() - do all of a task switch
 * @run: after POSADA_EXIT_TASK_SWITCH
 * @ram: guest memory
 * @gpa_bits: posada_info.gpa_bits
 * @state: in: TASK_GROUPS; out: TASK_GROUPS to be set.  If the exception meets
 *         an event (an exception whose handler is the new task, say), that is in
 *         @state too, so that injecting combines the two (SDM 3A 6.15)
 * @result: out
 */
enum task_answer task_switch(const struct posada_run *run, const struct guest_memory *ram,
			     unsigned int gpa_bits, struct posada_state *state,
			     struct task_result *result);

#endif /* POSADA_TASK_SWITCH_H */
