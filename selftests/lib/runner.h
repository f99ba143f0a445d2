/* SPDX-License-Identifier: GPL-2.0 */
/* A vCPU that runs in a thread of its own. */
#ifndef SELFTESTS_RUNNER_H
#define SELFTESTS_RUNNER_H

#include <pthread.h>
#include <sys/types.h>

#include "vm.h"

struct runner {
	struct vcpu *cpu;
	pthread_t thread;
	pid_t tid;
	int result;		/* of RUN: 0 or -errno */
};

/* runner_start: one RUN; comes back when the thread is about to call it. */
void runner_start(struct runner *runner, struct vcpu *cpu);
int runner_join(struct runner *runner);

/* Until RUN sleeps, as for HLT or behind another's RUN; until the guest wrote. */
void runner_wait_asleep(struct runner *runner);
void wait_for_write(const volatile uint32_t *word, uint32_t not_this);

#endif /* SELFTESTS_RUNNER_H */
