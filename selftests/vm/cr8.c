// SPDX-License-Identifier: GPL-2.0
/* Does CR8 hold back the vectors of its priority class and below, and only those? */
#include "guest_fixture.h"

static void set_cr8(struct vcpu *cpu, uint64_t cr8)
{
	struct posada_state state = vcpu_state(cpu, POSADA_STATE_CONTROL);

	state.control.cr8 = cr8;
	vcpu_state_set(cpu, &state, POSADA_STATE_CONTROL);
}

GUEST_CODE(nothing,
"	nop\n"
"	hlt\n");

TEST_F(guest, a_vector_of_the_same_class_is_held_and_one_above_passes)
{
	struct posada_state state;

	vcpu_code(&self->cpu, nothing);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	set_cr8(&self->cpu, 5);
	vcpu_interrupt(&self->cpu, 0x5f);
	vcpu_interrupt(&self->cpu, 0x60);
	vcpu_interrupt(&self->cpu, 0x20);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(0x60, vm_event(&self->vm, 0)->vector);
	state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	EXPECT_EQ(1ULL << 0x20, state.events.vectors[0]);
	EXPECT_EQ(1ULL << (0x5f - 64), state.events.vectors[1]);
}

GUEST_CODE(lowers,
"	mov $4, %eax\n"
"	mov %rax, %cr8\n"
"lowers_here:\n"
"	nop\n"
"	xor %eax, %eax\n"
"	mov %rax, %cr8\n"
"lowers_again:\n"
"	nop\n"
"	hlt\n");
GUEST_LABEL(lowers_here);
GUEST_LABEL(lowers_again);

TEST_F(guest, lowering_it_lets_them_through_at_once)
{
	vcpu_code(&self->cpu, lowers);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	set_cr8(&self->cpu, 15);
	vcpu_interrupt(&self->cpu, 0x51);
	vcpu_interrupt(&self->cpu, 0x42);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(2, vm_log(&self->vm)->count);
	EXPECT_EQ(0x51, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(lowers, lowers_here), vm_event(&self->vm, 0)->rip);
	EXPECT_EQ(0x42, vm_event(&self->vm, 1)->vector);
	EXPECT_EQ(guest_address(lowers, lowers_again), vm_event(&self->vm, 1)->rip);
}

GUEST_CODE(raises,
"	cli\n"
"	mov $8, %eax\n"
"	mov %rax, %cr8\n"
"	sti\n"
"	nop\n"
"	nop\n"
"	hlt\n");

TEST_F(guest, raising_it_with_interrupts_off_holds_what_waits_already)
{
	vcpu_code(&self->cpu, raises);
	vcpu_interrupt(&self->cpu, 0x88);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	EXPECT_EQ(8, vcpu_state(&self->cpu, POSADA_STATE_CONTROL).control.cr8);
}

TEST_F(guest, nmi_is_not_held)
{
	vcpu_code(&self->cpu, nothing);
	set_cr8(&self->cpu, 15);
	vcpu_nmi(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(2, vm_event(&self->vm, 0)->vector);
}

GUEST_CODE(loops,
"	mov $10000, %ecx\n"
"1:	mov $3, %eax\n"
"	mov %rax, %cr8\n"
"	xor %eax, %eax\n"
"	mov %rax, %cr8\n"
"	dec %ecx\n"
"	jnz 1b\n"
"	hlt\n");

TEST_F(guest, works_while_nothing_waits)
{
	vcpu_code(&self->cpu, loops);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, vcpu_state(&self->cpu, POSADA_STATE_CONTROL).control.cr8);
}

TEST_HARNESS_MAIN
