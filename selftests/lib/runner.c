// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include "runner.h"

static void *run(void *argument)
{
	struct runner *runner = argument;

	__atomic_store_n(&runner->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	do {
		runner->result = __vcpu_run(runner->cpu);
	} while (runner->result == -EINTR &&
		 !__atomic_load_n(&runner->signalled, __ATOMIC_SEQ_CST));
	return NULL;
}

static void do_nothing(int signal)
{
	(void)signal;
}

void runner_signal(struct runner *runner)
{
	struct sigaction action = { .sa_handler = do_nothing };
	int ret;

	require(sigaction(SIGUSR1, &action, NULL) == 0);
	__atomic_store_n(&runner->signalled, true, __ATOMIC_SEQ_CST);
	ret = pthread_kill(runner->thread, SIGUSR1);
	if (ret)
		die("pthread_kill: %s", strerror(ret));
}

void runner_start(struct runner *runner, struct vcpu *cpu)
{
	int ret;

	runner->cpu = cpu;
	runner->tid = 0;
	runner->signalled = false;
	ret = pthread_create(&runner->thread, NULL, run, runner);
	if (ret)
		die("pthread_create: %s", strerror(ret));
	while (!__atomic_load_n(&runner->tid, __ATOMIC_ACQUIRE))
		sched_yield();
}

int runner_join(struct runner *runner)
{
	int ret = pthread_join(runner->thread, NULL);

	if (ret)
		die("pthread_join: %s", strerror(ret));
	return runner->result;
}

/*
 * Sleeping rather than yielding: a vCPU that never leaves the guest by itself
 * gives way to a thread that wakes, but only at the end of its time to one that
 * yields.  And for long enough: on one slow CPU a thread that wakes all the time
 * would leave the vCPU no time to get into the guest at all.
 */
void relax(void)
{
	usleep(1000);
}

/* The state letter of a thread, or 0 when it is no more. */
static char thread_state(pid_t tid)
{
	char path[64], line[256], *name_end;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (length <= 0)
		return 0;
	line[length] = 0;
	name_end = strrchr(line, ')');
	return name_end ? name_end[2] : 0;
}

/*
 * Asleep several looks in a row: a thread that merely waits for a lock for a
 * moment does not stay so.  (A test whose thread never sleeps is ended by the
 * harness.)
 */
void runner_wait_asleep(struct runner *runner)
{
	unsigned int asleep = 0;
	char state;

	while (asleep < 5) {
		state = thread_state(runner->tid);
		if (!state)
			die("the thread is gone: RUN returned %d, exit %s", runner->result,
			    exit_name(runner->cpu->run->reason));
		asleep = state == 'S' || state == 'D' ? asleep + 1 : 0;
		usleep(1000);
	}
}

void wait_for_write(const volatile uint32_t *word, uint32_t not_this)
{
	while (*word == not_this)
		relax();
}
