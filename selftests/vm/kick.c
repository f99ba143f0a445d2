// SPDX-License-Identifier: GPL-2.0
/* Does a kick always end a RUN: the running one, or else the next, and only one? */
#include "guest_fixture.h"
#include "runner.h"

GUEST_CODE(one_instruction,
"	mov $0x55, %eax\n"
"	hlt\n");

TEST_F(guest, before_run_it_ends_the_next)
{
	vcpu_code(&self->cpu, one_instruction);
	vcpu_kick(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_KICK);
	EXPECT_EQ(0, self->run->regs[POSADA_RAX]);
	EXPECT_EQ(GUEST_CODE_AT, vcpu_rip(&self->cpu));
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x55, self->run->regs[POSADA_RAX]);
}

TEST_F(guest, several_are_one)
{
	unsigned int i;

	vcpu_code(&self->cpu, one_instruction);
	for (i = 0; i < 5; i++)
		vcpu_kick(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_KICK);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
}

GUEST_CODE(two_outs,
"	out %al, $0x80\n"
"	out %al, $0x81\n"
"	hlt\n");

/* What the program applied is done, although the guest has not run. */
TEST_F(guest, apply_comes_first)
{
	vcpu_code(&self->cpu, two_outs);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_kick(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_KICK);
	EXPECT_EQ(0, self->run->apply);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(0x81, self->run->io.port);
}

GUEST_CODE(spins,
"	movl $1, DATA\n"
"1:	inc %r8\n"
"	jmp 1b\n");

static void kick_a_spinning_guest(struct __test_metadata *_metadata, FIXTURE_DATA(guest) *self,
				  uint64_t rflags)
{
	volatile uint32_t *started = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct runner runner;

	vcpu_code(&self->cpu, spins);
	vcpu_rflags_set(&self->cpu, rflags);
	runner_start(&runner, &self->cpu);
	wait_for_write(started, 0);
	vcpu_kick(&self->cpu);
	EXPECT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_KICK, self->run->reason);
	EXPECT_LT(0, self->run->regs[POSADA_R8]);
}

TEST_F(guest, ends_a_guest_that_spins)
{
	kick_a_spinning_guest(_metadata, self, RFLAGS_IF);
}

TEST_F(guest, ends_a_guest_that_spins_with_interrupts_off)
{
	kick_a_spinning_guest(_metadata, self, 0);
}

struct loop {
	struct vcpu *cpu;
	volatile uint32_t returns;
	volatile uint32_t stop;
	volatile uint32_t wrong;
};

static void *run_until_stopped(void *argument)
{
	struct loop *loop = argument;

	while (!loop->stop) {
		if (__vcpu_run_on(loop->cpu) || loop->cpu->run->reason != POSADA_EXIT_KICK)
			loop->wrong++;
		__atomic_fetch_add(&loop->returns, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* A kick that was lost would leave this waiting until the harness ends it. */
TEST_F_TIMEOUT(guest, none_is_lost, 120)
{
	struct loop loop = { .cpu = &self->cpu };
	pthread_t thread;
	unsigned int i;

	vcpu_code(&self->cpu, spins);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_until_stopped, &loop));
	for (i = 0; i < 200; i++) {
		uint32_t before = loop.returns;

		vcpu_kick(&self->cpu);
		wait_for_write(&loop.returns, before);
	}
	loop.stop = 1;
	vcpu_kick(&self->cpu);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, loop.wrong);
	EXPECT_LE(200, loop.returns);
}

TEST_HARNESS_MAIN
