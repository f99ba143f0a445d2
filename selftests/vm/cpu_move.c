// SPDX-License-Identifier: GPL-2.0
/* Does a vCPU survive being moved between CPUs a thousand times? */
#include <sched.h>

#include "guest_fixture.h"
#include "runner.h"

#define MOVES 1000

static unsigned int online_cpus(int *cpus, unsigned int max)
{
	unsigned int nr = 0;
	cpu_set_t set;
	int cpu;

	require(sched_getaffinity(0, sizeof(set), &set) == 0);
	for (cpu = 0; cpu < CPU_SETSIZE && nr < max; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[nr++] = cpu;
	return nr;
}

static void move_to(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	require(sched_setaffinity(tid, sizeof(set), &set) == 0);
}

#define NEEDS_TWO_CPUS()						\
	int cpus[8];							\
	unsigned int nr_cpus = online_cpus(cpus, ARRAY_SIZE(cpus));	\
									\
	if (nr_cpus < 2)						\
		SKIP(return, "there is one CPU only")

/* Everything that lives in the CPU rather than in memory changes every round. */
GUEST_CODE(rounds,
"	pxor %xmm1, %xmm1\n"
"	mov $1, %eax\n"
"	movd %eax, %xmm2\n"
"	xor %r8d, %r8d\n"
"1:	out %al, $0x80\n"
"	inc %r8\n"
"	paddd %xmm2, %xmm1\n"
"	incl DATA\n"
"	mov $0xc0000102, %ecx\n"
"	rdmsr\n"
"	inc %eax\n"
"	wrmsr\n"
"	mov %dr1, %rax\n"
"	inc %rax\n"
"	mov %rax, %dr1\n"
"	movd %xmm1, %r9d\n"
"	mov %rax, %r10\n"
"	jmp 1b\n");

TEST_F_TIMEOUT(guest, between_runs, 120)
{
	struct posada_stats stats;
	unsigned int i;
	NEEDS_TWO_CPUS();

	vcpu_code(&self->cpu, rounds);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	for (i = 1; i <= MOVES; i++) {
		move_to(0, cpus[i % nr_cpus]);
		self->run->apply = POSADA_APPLY_SKIP;
		vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
		ASSERT_EQ(i, self->run->regs[POSADA_R8]);
		ASSERT_EQ(i, self->run->regs[POSADA_R9]);
		ASSERT_EQ(i, self->run->regs[POSADA_R10]);
		ASSERT_EQ(i, *(uint32_t *)(self->vm.ram + GUEST_DATA));
	}
	EXPECT_EQ(MOVES, vcpu_msr(&self->cpu, 0xc0000102));
	stats = vcpu_stats(&self->cpu);
	EXPECT_LE(MOVES - 1, stats.migrations);
}

/* R8 counts as long as DATA is 0: one round loses or repeats nothing. */
GUEST_CODE(counts,
"	pxor %xmm1, %xmm1\n"
"	mov $1, %eax\n"
"	movq %rax, %xmm2\n"
"1:	inc %r8\n"
"	paddq %xmm2, %xmm1\n"
"	mov %r8d, DATA + 64\n"
"	cmpl $0, DATA\n"
"	je 1b\n"
"	movq %xmm1, %r9\n"
"	hlt\n");

TEST_F_TIMEOUT(guest, while_the_guest_runs, 120)
{
	uint32_t *stop = (uint32_t *)(self->vm.ram + GUEST_DATA);
	volatile uint32_t *counter = stop + 16;
	struct runner runner;
	unsigned int i;
	NEEDS_TWO_CPUS();

	vcpu_code(&self->cpu, counts);
	runner_start(&runner, &self->cpu);
	for (i = 0; i < 100; i++) {
		uint32_t before = *counter;

		move_to(runner.tid, cpus[i % nr_cpus]);
		wait_for_write(counter, before);
	}
	__atomic_store_n(stop, 1, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	EXPECT_EQ(self->run->regs[POSADA_R8], self->run->regs[POSADA_R9]);
	EXPECT_LT(0, vcpu_stats(&self->cpu).migrations);
}

TEST_HARNESS_MAIN
