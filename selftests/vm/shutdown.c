// SPDX-License-Identifier: GPL-2.0
/* Does a triple fault end the vCPU, with its state still readable, and not the VM or the host? */
#include "guest_fixture.h"

GUEST_CODE(triple_fault,
"	mov $0x1234, %r15d\n"
"	lidt triple_fault_idt(%rip)\n"
"triple_fault_here:\n"
"	ud2\n"
"triple_fault_idt:\n"
"	.word 0\n"
"	.quad 0\n");
GUEST_LABEL(triple_fault_here);

TEST_F(guest, every_run_says_so_again)
{
	unsigned int i;

	vcpu_code(&self->cpu, triple_fault);
	for (i = 0; i < 3; i++) {
		vcpu_run_to(&self->cpu, POSADA_EXIT_SHUTDOWN);
		EXPECT_EQ(2, self->run->hw_reason);
		EXPECT_EQ(0x1234, self->run->regs[POSADA_R15]);
	}
	EXPECT_EQ(1, vcpu_stats(&self->cpu).exits[2]);
}

TEST_F(guest, state_stays_readable)
{
	struct posada_state state;

	vcpu_code(&self->cpu, triple_fault);
	vcpu_run_to(&self->cpu, POSADA_EXIT_SHUTDOWN);
	state = vcpu_state(&self->cpu, POSADA_STATE_REGS | POSADA_STATE_SEGMENTS |
			   POSADA_STATE_EVENTS);
	EXPECT_EQ(POSADA_SHUTDOWN, state.events.activity);
	EXPECT_EQ(guest_address(triple_fault, triple_fault_here), state.regs.rip);
	EXPECT_EQ(0x1234, state.regs.gpr[POSADA_R15]);
	EXPECT_EQ(0, state.segments.idtr.limit);
}

GUEST_CODE(lives_on,
"	mov $0x55, %eax\n"
"	hlt\n");

TEST_F(guest, setting_another_activity_revives_it)
{
	struct posada_state state;

	vcpu_code(&self->cpu, triple_fault);
	vcpu_run_to(&self->cpu, POSADA_EXIT_SHUTDOWN);
	boot_long(&self->cpu);
	vcpu_code(&self->cpu, lives_on);
	vcpu_run_to(&self->cpu, POSADA_EXIT_SHUTDOWN);
	state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	state.events.activity = POSADA_ACTIVE;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_EVENTS);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x55, self->run->regs[POSADA_RAX]);
}

TEST_F(guest, another_vcpu_of_the_vm_lives_on)
{
	struct vcpu other;

	vcpu_code(&self->cpu, triple_fault);
	vcpu_run_to(&self->cpu, POSADA_EXIT_SHUTDOWN);
	vcpu_create(&self->vm, &other, 1);
	boot_long(&other);
	vcpu_code(&other, lives_on);
	vcpu_run_to(&other, POSADA_EXIT_HLT);
	EXPECT_EQ(0x55, other.run->regs[POSADA_RAX]);
	vcpu_close(&other);
}

TEST_HARNESS_MAIN
