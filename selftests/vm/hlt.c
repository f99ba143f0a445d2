// SPDX-License-Identifier: GPL-2.0
/* Does a halted vCPU sleep in the kernel, and does just what should wake it? */
#include "guest_fixture.h"
#include "runner.h"

#define VECTOR 0x41

GUEST_CODE(halts,
"	hlt\n"
"halts_after:\n"
"	out %al, $0xf4\n"
"	hlt\n");
GUEST_LABEL(halts_after);

static void start_halting(struct vcpu *cpu, struct runner *runner, uint64_t rflags)
{
	vcpu_code(cpu, halts);
	vcpu_rflags_set(cpu, rflags);
	cpu->run->flags = 0;
	runner_start(runner, cpu);
	runner_wait_asleep(runner);
}

static void expect_woken_by(struct __test_metadata *_metadata, struct vcpu *cpu, uint8_t vector)
{
	EXPECT_EQ(POSADA_EXIT_IO, cpu->run->reason);
	EXPECT_EQ(0xf4, cpu->run->io.port);
	EXPECT_EQ(1, vm_log(cpu->vm)->count);
	EXPECT_EQ(vector, vm_event(cpu->vm, 0)->vector);
	EXPECT_EQ(guest_address(halts, halts_after), vm_event(cpu->vm, 0)->rip);
}

TEST_F(guest, an_interrupt_wakes_it)
{
	struct runner runner;

	start_halting(&self->cpu, &runner, RFLAGS_IF);
	vcpu_interrupt(&self->cpu, VECTOR);
	EXPECT_EQ(0, runner_join(&runner));
	expect_woken_by(_metadata, &self->cpu, VECTOR);
}

TEST_F(guest, an_nmi_wakes_it_even_with_interrupts_off)
{
	struct runner runner;

	start_halting(&self->cpu, &runner, 0);
	vcpu_nmi(&self->cpu);
	EXPECT_EQ(0, runner_join(&runner));
	expect_woken_by(_metadata, &self->cpu, 2);
}

TEST_F(guest, an_interrupt_does_not_wake_it_with_interrupts_off)
{
	struct posada_state state;
	struct runner runner;

	start_halting(&self->cpu, &runner, 0);
	vcpu_interrupt(&self->cpu, VECTOR);
	runner_wait_asleep(&runner);
	vcpu_kick(&self->cpu);
	EXPECT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_KICK, self->run->reason);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS | POSADA_STATE_REGS);
	EXPECT_EQ(POSADA_HALTED, state.events.activity);
	EXPECT_EQ(1ULL << (VECTOR % 64), state.events.vectors[VECTOR / 64]);
	EXPECT_EQ(guest_address(halts, halts_after), state.regs.rip);
}

TEST_F(guest, a_vector_above_cr8_wakes_it_and_one_below_does_not)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_CONTROL);
	struct runner runner;

	state.control.cr8 = 5;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_CONTROL);
	start_halting(&self->cpu, &runner, RFLAGS_IF);
	vcpu_interrupt(&self->cpu, 0x5f);
	runner_wait_asleep(&runner);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	vcpu_interrupt(&self->cpu, 0x60);
	EXPECT_EQ(0, runner_join(&runner));
	expect_woken_by(_metadata, &self->cpu, 0x60);
}

GUEST_CODE(sti_hlt,
"	sti\n"
"	hlt\n"
"sti_hlt_after:\n"
"	cli\n"
"	out %al, $0xf4\n"
"	hlt\n");
GUEST_LABEL(sti_hlt_after);

/* The idle loop of every kernel: the interrupt comes after HLT, never between. */
TEST_F(guest, sti_hlt_with_a_waiting_interrupt)
{
	vcpu_code(&self->cpu, sti_hlt);
	self->run->flags = 0;
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(VECTOR, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(sti_hlt, sti_hlt_after), vm_event(&self->vm, 0)->rip);
}

TEST_F(guest, a_kick_returns_and_the_next_run_sleeps_on)
{
	struct runner runner;

	start_halting(&self->cpu, &runner, RFLAGS_IF);
	vcpu_kick(&self->cpu);
	EXPECT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_KICK, self->run->reason);
	runner_start(&runner, &self->cpu);
	runner_wait_asleep(&runner);
	vcpu_interrupt(&self->cpu, VECTOR);
	EXPECT_EQ(0, runner_join(&runner));
	expect_woken_by(_metadata, &self->cpu, VECTOR);
}

TEST_F(guest, a_signal_returns_eintr_and_the_next_run_sleeps_on)
{
	struct runner runner;

	start_halting(&self->cpu, &runner, RFLAGS_IF);
	runner_signal(&runner);
	EXPECT_EQ(-EINTR, runner_join(&runner));
	EXPECT_EQ(POSADA_HALTED, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.activity);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	expect_woken_by(_metadata, &self->cpu, VECTOR);
}

TEST_F(guest, hlt_can_be_an_exit)
{
	vcpu_code(&self->cpu, halts);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(12, self->run->hw_reason);
	EXPECT_EQ(1, self->run->insn_len);
	EXPECT_EQ(GUEST_CODE_AT, self->run->rip);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
}

TEST_HARNESS_MAIN
