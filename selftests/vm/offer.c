// SPDX-License-Identifier: GPL-2.0
/* Is an offered vector taken when the guest can take it, told once, and free to be withdrawn? */
#include "guest_fixture.h"
#include "runner.h"

#define VECTOR 0x38
#define OFFER (POSADA_OFFER_VALID | VECTOR)

GUEST_CODE(sti_nop,
"	cli\n"
"	nop\n"
"	out %al, $0x80\n"
"	sti\n"
"	nop\n"
"sti_nop_here:\n"
"	nop\n"
"	hlt\n");
GUEST_LABEL(sti_nop_here);

TEST_F(guest, is_taken_when_interrupts_are_on)
{
	vcpu_code(&self->cpu, sti_nop);
	self->run->offer = OFFER;
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(0, self->run->status & POSADA_STATUS_TAKEN);
	EXPECT_EQ(OFFER, self->run->offer);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(POSADA_STATUS_TAKEN, self->run->status & POSADA_STATUS_TAKEN);
	EXPECT_EQ(0, self->run->offer);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(VECTOR, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(sti_nop, sti_nop_here), vm_event(&self->vm, 0)->rip);
}

TEST_F(guest, taken_is_told_once)
{
	vcpu_code(&self->cpu, sti_nop);
	vcpu_rip_set(&self->cpu, guest_address(sti_nop, sti_nop_here));
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	self->run->offer = OFFER;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(POSADA_STATUS_TAKEN, self->run->status & POSADA_STATUS_TAKEN);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, self->run->status & POSADA_STATUS_TAKEN);
	EXPECT_EQ(1, vm_log(&self->vm)->count);
}

TEST_F(guest, cr8_does_not_hold_it_back)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_CONTROL);

	state.control.cr8 = 15;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_CONTROL);
	vcpu_code(&self->cpu, sti_nop);
	vcpu_rip_set(&self->cpu, guest_address(sti_nop, sti_nop_here));
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	self->run->offer = OFFER;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(POSADA_STATUS_TAKEN, self->run->status & POSADA_STATUS_TAKEN);
	EXPECT_EQ(1, vm_log(&self->vm)->count);
}

GUEST_CODE(spins,
"	movl $1, DATA\n"
"1:	pause\n"
"	cmpl $0, DATA + 64\n"
"	je 1b\n"
"	sti\n"
"	nop\n"
"	cli\n"
"	hlt\n");

TEST_F(guest, a_kick_withdraws_it)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct runner runner;

	vcpu_code(&self->cpu, spins);
	self->run->offer = OFFER;
	runner_start(&runner, &self->cpu);
	wait_for_write(&data[0], 0);
	vcpu_kick(&self->cpu);
	ASSERT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_KICK, self->run->reason);
	EXPECT_EQ(0, self->run->status & POSADA_STATUS_TAKEN);
	EXPECT_EQ(OFFER, self->run->offer);
	self->run->offer = 0;
	data[16] = 1;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, self->run->status & POSADA_STATUS_TAKEN);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

GUEST_CODE(halts,
"	hlt\n"
"	out %al, $0x80\n");

TEST_F(guest, wakes_a_halted_vcpu)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	struct runner runner;

	vcpu_code(&self->cpu, halts);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	self->run->flags = 0;
	runner_start(&runner, &self->cpu);
	runner_wait_asleep(&runner);
	vcpu_kick(&self->cpu);
	ASSERT_EQ(0, runner_join(&runner));
	state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	ASSERT_EQ(POSADA_HALTED, state.events.activity);
	self->run->offer = OFFER;
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(POSADA_STATUS_TAKEN, self->run->status & POSADA_STATUS_TAKEN);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(VECTOR, vm_event(&self->vm, 0)->vector);
}

GUEST_CODE(takes_and_spins,
"	sti\n"
"	nop\n"
"	movl $1, DATA\n"
"1:	pause\n"
"	jmp 1b\n");

TEST_F(guest, taken_is_told_with_eintr_too)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	struct runner runner;

	vcpu_code(&self->cpu, takes_and_spins);
	self->run->offer = OFFER;
	runner_start(&runner, &self->cpu);
	wait_for_write(&data[0], 0);
	runner_signal(&runner);
	EXPECT_EQ(-EINTR, runner_join(&runner));
	EXPECT_EQ(POSADA_STATUS_TAKEN, self->run->status & POSADA_STATUS_TAKEN);
	EXPECT_EQ(0, self->run->offer);
	EXPECT_EQ(1, vm_log(&self->vm)->count);
}

TEST_HARNESS_MAIN
