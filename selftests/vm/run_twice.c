// SPDX-License-Identifier: GPL-2.0
/* Does a second thread that runs the same vCPU wait for the first? */
#include "guest_fixture.h"
#include "runner.h"

GUEST_CODE(spins,
"	movl $1, DATA\n"
"1:	pause\n"
"	cmpl $0, DATA + 64\n"
"	je 1b\n"
"	out %al, $0x80\n"
"	hlt\n");

TEST_F(guest, one_after_the_other)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct runner first, second;

	vcpu_code(&self->cpu, spins);
	runner_start(&first, &self->cpu);
	wait_for_write(data, 0);
	runner_start(&second, &self->cpu);
	runner_wait_asleep(&second);
	data[16] = 1;
	EXPECT_EQ(0, runner_join(&first));
	EXPECT_EQ(0, runner_join(&second));
	EXPECT_EQ(POSADA_EXIT_IO, self->run->reason);
	EXPECT_EQ(0x80, self->run->io.port);
	EXPECT_EQ(2, vcpu_stats(&self->cpu).exits[30]);
}

/* What the waiting thread must not do meanwhile. */
TEST_F(guest, state_of_a_running_vcpu_is_ebusy)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct posada_interrupt exception = { .type = POSADA_INTERRUPT_EXCEPTION, .vector = 6 };
	struct posada_cpuid_entry entry = { .leaf = 0, .eax = 1 };
	struct posada_cpuid table = {
		.size = sizeof(table),
		.nr = 1,
		.entries = (uintptr_t)&entry,
	};
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_REGS);
	struct posada_explain explain = { .size = sizeof(explain) };
	struct runner runner;

	vcpu_code(&self->cpu, spins);
	runner_start(&runner, &self->cpu);
	wait_for_write(data, 0);
	EXPECT_EQ(-EBUSY, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	EXPECT_EQ(-EBUSY, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_REGS));
	EXPECT_EQ(-EBUSY, __vcpu_interrupt(&self->cpu, &exception));
	EXPECT_EQ(-EBUSY, posada_ioctl(self->cpu.fd, POSADA_CPUID_SET, &table));
	EXPECT_EQ(-EBUSY, posada_ioctl(self->cpu.fd, POSADA_EXPLAIN, &explain));
	EXPECT_LT(0, vcpu_stats(&self->cpu).entries);
	data[16] = 1;
	EXPECT_EQ(0, runner_join(&runner));
}

TEST_F(guest, the_one_that_waits_can_be_interrupted)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct runner first, second;

	vcpu_code(&self->cpu, spins);
	runner_start(&first, &self->cpu);
	wait_for_write(data, 0);
	runner_start(&second, &self->cpu);
	runner_wait_asleep(&second);
	runner_signal(&second);
	EXPECT_EQ(-EINTR, runner_join(&second));
	data[16] = 1;
	EXPECT_EQ(0, runner_join(&first));
	EXPECT_EQ(POSADA_EXIT_IO, self->run->reason);
}

/* A guest that never exits leaves the CPU to others. */
GUEST_CODE(spins_for_ever,
"	cli\n"
"	movl $1, DATA\n"
"1:	jmp 1b\n");

TEST_F(guest, a_spinning_guest_shares_the_cpu)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct runner runner;
	unsigned int i;

	vcpu_code(&self->cpu, spins_for_ever);
	runner_start(&runner, &self->cpu);
	wait_for_write(data, 0);
	/* each of these needs the scheduler to come back here */
	for (i = 0; i < 20; i++)
		usleep(1000);
	vcpu_kick(&self->cpu);
	EXPECT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_KICK, self->run->reason);
}

TEST_HARNESS_MAIN
