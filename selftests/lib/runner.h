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
	bool signalled;
	int result;		/* of RUN: 0 or -errno */
};

/*
 * runner_start: one RUN; comes back when the thread is about to call it.  It is
 * called again on EINTR, unless that is what runner_signal() sent SIGUSR1 for.
 */
void runner_start(struct runner *runner, struct vcpu *cpu);
void runner_signal(struct runner *runner);
int runner_join(struct runner *runner);

/* Until RUN sleeps, as for HLT or behind another's RUN; until the guest wrote. */
void runner_wait_asleep(struct runner *runner);
void relax(void);		/* in a loop that waits for a guest */
void wait_for_write(const volatile uint32_t *word, uint32_t not_this);

#endif /* SELFTESTS_RUNNER_H */
