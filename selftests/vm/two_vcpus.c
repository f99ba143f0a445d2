// SPDX-License-Identifier: GPL-2.0
/* Do two vCPUs of one VM run at the same time on the same memory? */
#include "guest_fixture.h"
#include "runner.h"

#define ROUNDS 200000

/* R8 times; each adds to the shared counter and to one of its own in R9 */
GUEST_CODE(adds,
"1:	lock incl DATA\n"
"	inc %r9\n"
"	dec %r8\n"
"	jnz 1b\n"
"	hlt\n");

static void second_vcpu(struct vm *vm, struct vcpu *cpu)
{
	struct posada_state state;

	vcpu_create(vm, cpu, 1);
	boot_long(cpu);
	state = vcpu_state(cpu, POSADA_STATE_REGS);
	state.regs.gpr[POSADA_RSP] = GUEST_STACK - 0x8000;
	vcpu_state_set(cpu, &state, POSADA_STATE_REGS);
}

TEST_F_TIMEOUT(guest, locked_additions_add_up, 120)
{
	uint32_t *counter = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct runner runner[2];
	struct vcpu other;

	second_vcpu(&self->vm, &other);
	vcpu_code(&self->cpu, adds);
	self->run->regs[POSADA_R8] = ROUNDS;
	other.run->regs[POSADA_R8] = ROUNDS;
	runner_start(&runner[0], &self->cpu);
	runner_start(&runner[1], &other);
	ASSERT_EQ(0, runner_join(&runner[0]));
	ASSERT_EQ(0, runner_join(&runner[1]));
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	EXPECT_EQ(POSADA_EXIT_HLT, other.run->reason);
	EXPECT_EQ(ROUNDS, self->run->regs[POSADA_R9]);
	EXPECT_EQ(ROUNDS, other.run->regs[POSADA_R9]);
	EXPECT_EQ(2 * ROUNDS, *counter);
	vcpu_close(&other);
}

/* Wait for DATA to have my parity in R10, then pass it on; R8 rounds. */
GUEST_CODE(ping_pong,
"1:	mov DATA, %eax\n"
"	and $1, %eax\n"
"	cmp %eax, %r10d\n"
"	je 2f\n"
"	pause\n"
"	jmp 1b\n"
"2:	incl DATA\n"
"	dec %r8\n"
"	jnz 1b\n"
"	hlt\n");

TEST_F_TIMEOUT(guest, they_see_each_others_writes, 120)
{
	uint32_t *ball = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct runner runner[2];
	struct vcpu other;

	second_vcpu(&self->vm, &other);
	vcpu_code(&self->cpu, ping_pong);
	self->run->regs[POSADA_R8] = 50;
	other.run->regs[POSADA_R8] = 50;
	other.run->regs[POSADA_R10] = 1;
	runner_start(&runner[0], &self->cpu);
	runner_start(&runner[1], &other);
	ASSERT_EQ(0, runner_join(&runner[0]));
	ASSERT_EQ(0, runner_join(&runner[1]));
	EXPECT_EQ(100, *ball);
	vcpu_close(&other);
}

/* Interrupts from any thread, to a vCPU that runs. */
GUEST_CODE(counts_interrupts,
"	sti\n"
"	movl $1, DATA\n"
"1:	pause\n"
"	cmpl $100, COUNT\n"
"	jb 1b\n"
"	cli\n"
"	hlt\n");

TEST_F_TIMEOUT(guest, interrupts_reach_a_running_vcpu, 120)
{
	volatile uint32_t *started = (uint32_t *)(self->vm.ram + GUEST_DATA);
	volatile uint32_t *count = &vm_log(&self->vm)->count;
	struct runner runner;
	unsigned int i;

	vcpu_code(&self->cpu, counts_interrupts);
	runner_start(&runner, &self->cpu);
	wait_for_write(started, 0);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(i, *count);
		vcpu_interrupt(&self->cpu, 0x41);
		wait_for_write(count, i);
	}
	ASSERT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	EXPECT_EQ(100, vcpu_stats(&self->cpu).irq);
}

TEST_HARNESS_MAIN
