// SPDX-License-Identifier: GPL-2.0
/* Does a signal end RUN with EINTR and leave everything so that it can go on? */
#include <signal.h>
#include <sys/time.h>

#include "guest_fixture.h"
#include "runner.h"

static void do_nothing(int signal)
{
	(void)signal;
}

GUEST_CODE(out_then_spin,
"	out %al, $0x80\n"
"	inc %r8\n"
"	movl $1, DATA\n"
"1:	pause\n"
"	cmpl $0, DATA + 64\n"
"	je 1b\n"
"	hlt\n");

TEST_F(guest, run_goes_on_and_repeats_nothing)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct runner runner;

	vcpu_code(&self->cpu, out_then_spin);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	self->run->apply = POSADA_APPLY_SKIP;
	runner_start(&runner, &self->cpu);
	wait_for_write(data, 0);
	runner_signal(&runner);
	EXPECT_EQ(-EINTR, runner_join(&runner));
	EXPECT_EQ(0, self->run->apply);
	data[16] = 1;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(1, self->run->regs[POSADA_R8]);
}

GUEST_CODE(counts,
"	pxor %xmm1, %xmm1\n"
"	mov $1, %eax\n"
"	movq %rax, %xmm2\n"
"1:	inc %r8\n"
"	paddq %xmm2, %xmm1\n"
"	cmpl $0, DATA\n"
"	je 1b\n"
"	movq %xmm1, %r9\n"
"	hlt\n");

TEST_F_TIMEOUT(guest, many_signals_lose_no_instruction, 120)
{
	volatile uint32_t *stop = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct itimerval often = {
		.it_interval = { .tv_usec = 2000 },
		.it_value = { .tv_usec = 2000 },
	}, never = { 0 };
	struct sigaction action = { .sa_handler = do_nothing };
	int ret, interrupted = 0;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	vcpu_code(&self->cpu, counts);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	while ((ret = __vcpu_run(&self->cpu)) == -EINTR)
		if (++interrupted == 50)
			*stop = 1;
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
	ASSERT_EQ(0, ret);
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	EXPECT_LE(50, interrupted);
	EXPECT_EQ(self->run->regs[POSADA_R8], self->run->regs[POSADA_R9]);
	EXPECT_LT(0, self->run->regs[POSADA_R8]);
}

static void *busy(void *stop)
{
	while (!*(volatile uint32_t *)stop)
		;
	return NULL;
}

/* A thread that only loses its CPU to another for a while has no signal. */
TEST_F_TIMEOUT(guest, no_signal_no_eintr, 120)
{
	volatile uint32_t *stop = (uint32_t *)(self->vm.ram + GUEST_DATA);
	pthread_t other[3];
	struct runner runner;
	unsigned int i;

	vcpu_code(&self->cpu, counts);
	for (i = 0; i < ARRAY_SIZE(other); i++)
		ASSERT_EQ(0, pthread_create(&other[i], NULL, busy, (void *)stop));
	runner_start(&runner, &self->cpu);
	/* then its first EINTR would be its last */
	__atomic_store_n(&runner.signalled, true, __ATOMIC_SEQ_CST);
	for (i = 0; i < 20; i++)
		usleep(5000);
	*stop = 1;
	for (i = 0; i < ARRAY_SIZE(other); i++)
		pthread_join(other[i], NULL);
	EXPECT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
}

TEST_HARNESS_MAIN
