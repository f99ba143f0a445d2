// SPDX-License-Identifier: GPL-2.0
/* Is an NMI delivered whatever IF says, and the next only after IRET? */
#include <sys/mman.h>

#include "guest_fixture.h"
#include "traps.h"

/* Main program, and a handler that counts in R8 and tells where it is. */
GUEST_CODE(counts,
"	nop\n"
"	hlt\n"
"counts_nmi:\n"
"	inc %r8\n"
"	mov (%rsp), %r9\n"
"	out %al, $0x80\n"
"	out %al, $0x81\n"
"	iretq\n"
"counts_sti_nmi:\n"
"	inc %r8\n"
"	out %al, $0x80\n"
"	sti\n"
"	nop\n"
"	cli\n"
"	out %al, $0x81\n"
"	iretq\n");
GUEST_LABEL(counts_nmi);
GUEST_LABEL(counts_sti_nmi);

static void run_to_port(struct __test_metadata *_metadata, struct vcpu *cpu, uint16_t port)
{
	vcpu_run_to(cpu, POSADA_EXIT_IO);
	ASSERT_EQ(port, cpu->run->io.port);
	cpu->run->apply = POSADA_APPLY_SKIP;
}

static uint32_t shadow(struct vcpu *cpu)
{
	return vcpu_state(cpu, POSADA_STATE_EVENTS).events.shadow;
}

TEST_F(guest, comes_with_interrupts_off)
{
	vcpu_code(&self->cpu, counts);
	vcpu_nmi(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(2, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(GUEST_CODE_AT, vm_event(&self->vm, 0)->rip);
	EXPECT_EQ(1, vcpu_stats(&self->cpu).nmi);
	EXPECT_EQ(0, shadow(&self->cpu));
}

TEST_F(guest, another_waits_for_iret)
{
	boot_idt_gate(&self->vm, 2, guest_address(counts, counts_nmi), 0);
	vcpu_code(&self->cpu, counts);
	vcpu_nmi(&self->cpu);
	run_to_port(_metadata, &self->cpu, 0x80);
	EXPECT_EQ(1, self->run->regs[POSADA_R8]);
	EXPECT_EQ(POSADA_SHADOW_NMI, shadow(&self->cpu));
	vcpu_nmi(&self->cpu);
	run_to_port(_metadata, &self->cpu, 0x81);
	EXPECT_EQ(1, self->run->regs[POSADA_R8]);
	run_to_port(_metadata, &self->cpu, 0x80);
	EXPECT_EQ(2, self->run->regs[POSADA_R8]);
	run_to_port(_metadata, &self->cpu, 0x81);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(2, self->run->regs[POSADA_R8]);
	EXPECT_EQ(0, shadow(&self->cpu));
	EXPECT_EQ(2, vcpu_stats(&self->cpu).nmi);
}

/*
 * An IRET that meets a page which is not there is executed again.  SDM 3C 28.2.3: on
 * the way NMIs were unblocked; they must not get in between.
 */
TEST_F(guest, an_iret_that_faults_does_not_let_another_in)
{
	const uint64_t stack = GUEST_STACK - 0x1000;
	uint8_t copy[0x1000];

	boot_idt_gate(&self->vm, 2, guest_address(counts, counts_nmi), 0);
	vcpu_code(&self->cpu, counts);
	vcpu_nmi(&self->cpu);
	run_to_port(_metadata, &self->cpu, 0x80);
	vcpu_nmi(&self->cpu);
	run_to_port(_metadata, &self->cpu, 0x81);
	memcpy(copy, self->vm.ram + stack, sizeof(copy));
	ASSERT_EQ(0, madvise(self->vm.ram + stack, sizeof(copy), MADV_DONTNEED));
	memcpy(self->vm.ram + stack, copy, sizeof(copy));
	run_to_port(_metadata, &self->cpu, 0x80);
	EXPECT_EQ(2, self->run->regs[POSADA_R8]);
	/* it came to the program, not to the handler */
	EXPECT_EQ(GUEST_CODE_AT, self->run->regs[POSADA_R9]);
	run_to_port(_metadata, &self->cpu, 0x81);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(2, self->run->regs[POSADA_R8]);
}

/* The same where the fault is an exception that the program wants to see. */
TEST_F(guest, an_iret_whose_fault_goes_to_the_program_does_not_let_another_in)
{
	uint64_t *cs, good, rsp;

	policy_set_one(&self->vm, TRAP(EXCEPTION, USER, TRAP_AT(13)));
	boot_idt_gate(&self->vm, 2, guest_address(counts, counts_nmi), 0);
	vcpu_code(&self->cpu, counts);
	vcpu_nmi(&self->cpu);
	run_to_port(_metadata, &self->cpu, 0x80);
	vcpu_nmi(&self->cpu);
	run_to_port(_metadata, &self->cpu, 0x81);
	rsp = vcpu_state(&self->cpu, POSADA_STATE_REGS).regs.gpr[POSADA_RSP];
	cs = (uint64_t *)(self->vm.ram + rsp) + 1;
	good = *cs;
	*cs = 0xfff8;	/* beyond the GDT */
	vcpu_run_to(&self->cpu, POSADA_EXIT_TRAP);
	EXPECT_EQ(13, self->run->trap.number);
	EXPECT_EQ(POSADA_SHADOW_NMI, shadow(&self->cpu));
	*cs = good;
	run_to_port(_metadata, &self->cpu, 0x80);
	EXPECT_EQ(2, self->run->regs[POSADA_R8]);
	/* it came to the program, not to the handler */
	EXPECT_EQ(GUEST_CODE_AT, self->run->regs[POSADA_R9]);
	run_to_port(_metadata, &self->cpu, 0x81);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, shadow(&self->cpu));
}

TEST_F(guest, one_more_waits_and_not_three)
{
	boot_idt_gate(&self->vm, 2, guest_address(counts, counts_nmi), 0);
	vcpu_code(&self->cpu, counts);
	vcpu_nmi(&self->cpu);
	run_to_port(_metadata, &self->cpu, 0x80);
	vcpu_nmi(&self->cpu);
	vcpu_nmi(&self->cpu);
	vcpu_nmi(&self->cpu);
	EXPECT_EQ(1, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.nmis);
	run_to_port(_metadata, &self->cpu, 0x81);
	run_to_port(_metadata, &self->cpu, 0x80);
	run_to_port(_metadata, &self->cpu, 0x81);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(2, self->run->regs[POSADA_R8]);
}

TEST_F(guest, an_interrupt_may_come_while_it_is_handled)
{
	boot_idt_gate(&self->vm, 2, guest_address(counts, counts_sti_nmi), 0);
	vcpu_code(&self->cpu, counts);
	vcpu_nmi(&self->cpu);
	run_to_port(_metadata, &self->cpu, 0x80);
	vcpu_interrupt(&self->cpu, 0x41);
	run_to_port(_metadata, &self->cpu, 0x81);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(0x41, vm_event(&self->vm, 0)->vector);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
}

TEST_F(guest, comes_before_an_interrupt)
{
	vcpu_code(&self->cpu, counts);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	vcpu_interrupt(&self->cpu, 0xff);
	vcpu_nmi(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(2, vm_log(&self->vm)->count);
	EXPECT_EQ(2, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(0xff, vm_event(&self->vm, 1)->vector);
}

GUEST_CODE(shadow_code,
"	nop\n"
"shadow_here:\n"
"	nop\n"
"	hlt\n");
GUEST_LABEL(shadow_here);

/*
 * In the shadow of STI it waits, as for the interrupt window: whether the NMI window
 * opens there is up to the CPU, and on one where it does the guest would not get on.
 */
TEST_F(guest, waits_for_the_end_of_a_shadow_of_sti)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);

	vcpu_code(&self->cpu, shadow_code);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	state.events.shadow = POSADA_SHADOW_STI;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_EVENTS);
	vcpu_nmi(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(2, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(shadow_code, shadow_here), vm_event(&self->vm, 0)->rip);
	EXPECT_EQ(1, vcpu_stats(&self->cpu).exits[7]);
	EXPECT_EQ(0, vcpu_stats(&self->cpu).exits[8]);
}

/* Blocking is part of the state: a vCPU that was saved in its handler stays there. */
TEST_F(guest, blocking_can_be_set_from_outside)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);

	state.events.shadow = POSADA_SHADOW_NMI;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_EVENTS);
	vcpu_code(&self->cpu, counts);
	vcpu_nmi(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	EXPECT_EQ(1, state.events.nmis);
	EXPECT_EQ(POSADA_SHADOW_NMI, state.events.shadow);
}

TEST_HARNESS_MAIN
