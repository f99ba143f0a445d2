// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt virtualization: is a vector delivered where this guest would take it, once, at
 * the cost of one interrupt window, and do CLI and STI cost nothing?  The saved RIP
 * tells the boundary.
 */
#include <pthread.h>

#include "proof_fixture.h"

#define VECTOR 0x41
#define HIGHER 0x52

static void expect_event(struct __test_metadata *_metadata, struct proof *p, unsigned int i,
			 uint64_t vector, uint64_t rip)
{
	EXPECT_EQ(vector, vm_event(&p->vm, i)->vector);
	EXPECT_EQ(rip, vm_event(&p->vm, i)->rip);
}

GUEST_CODE(sti,
"	cli\n"
"	out %al, $0x80\n"
"	nop\n"
"	nop\n"
"	sti\n"
"	nop\n"
"sti_here:\n"
"	nop\n"
	PROOF_END);
GUEST_LABEL(sti_here);

/* The launcher queues it while IF is clear; exits: two OUTs and the window.  KVM has one more. */
TEST_F(proof, after_the_instruction_that_follows_sti)
{
	proof_code(&self->p, sti);
	proof_run(&self->p);
	proof_interrupt(&self->p, VECTOR);
	proof_run_on(&self->p);
	ASSERT_EQ(1, vm_log(&self->p.vm)->count);
	expect_event(_metadata, &self->p, 0, VECTOR, guest_address(sti, sti_here));
	EXPECT_EQ(1, proof_stats(&self->p).exits[EXIT_INTERRUPT_WINDOW]);
	if (self->p.is_posada)
		EXPECT_EQ(3, proof_exits(&self->p));
}

GUEST_CODE(mov_ss,
"	mov %ss, %ebx\n"
"	cli\n"
"	out %al, $0x80\n"
"	sti\n"
"	mov %ebx, %ss\n"
"	nop\n"
"mov_ss_here:\n"
"	nop\n"
	PROOF_END);
GUEST_LABEL(mov_ss_here);

TEST_F(proof, after_the_instruction_that_follows_mov_ss)
{
	proof_code(&self->p, mov_ss);
	proof_run(&self->p);
	proof_interrupt(&self->p, VECTOR);
	proof_run_on(&self->p);
	ASSERT_EQ(1, vm_log(&self->p.vm)->count);
	expect_event(_metadata, &self->p, 0, VECTOR, guest_address(mov_ss, mov_ss_here));
	EXPECT_EQ(1, proof_stats(&self->p).exits[EXIT_INTERRUPT_WINDOW]);
}

GUEST_CODE(halts,
"	movl $1, DATA\n"
"	sti\n"
"	hlt\n"
"halts_here:\n"
"	cli\n"
	PROOF_END);
GUEST_LABEL(halts_here);

/* Asleep in RUN; queued by another thread. */
TEST_F(proof, wakes_hlt_and_comes_behind_it)
{
	volatile uint32_t *data = (uint32_t *)(self->p.vm.ram + GUEST_DATA);
	pthread_t thread;

	self->run->flags = 0;
	proof_code(&self->p, halts);
	proof_start(&self->p, &thread);
	while (!data[0])
		sched_yield();
	usleep(2000);
	proof_interrupt(&self->p, VECTOR);
	proof_join(thread);
	EXPECT_EQ(POSADA_EXIT_IO, self->run->reason);
	ASSERT_EQ(1, vm_log(&self->p.vm)->count);
	expect_event(_metadata, &self->p, 0, VECTOR, guest_address(halts, halts_here));
}

TEST_F(proof, of_two_vectors_the_higher_comes_first_and_each_once)
{
	proof_code(&self->p, sti);
	proof_run(&self->p);
	proof_interrupt(&self->p, VECTOR);
	proof_interrupt(&self->p, HIGHER);
	proof_interrupt(&self->p, HIGHER);
	proof_run_on(&self->p);
	ASSERT_EQ(2, vm_log(&self->p.vm)->count);
	expect_event(_metadata, &self->p, 0, HIGHER, guest_address(sti, sti_here));
	EXPECT_EQ(VECTOR, vm_event(&self->p.vm, 1)->vector);
}

GUEST_CODE(nmi,
"	sti\n"
"	nop\n"
"	out %al, $0x80\n"
"nmi_back:\n"
"	nop\n"
	PROOF_END
"nmi_handler:\n"
"	out %al, $0x80\n"
"	nop\n"
"	iretq\n");
GUEST_LABEL(nmi_back);
GUEST_LABEL(nmi_handler);

/* While the NMI handler runs IF is clear; the vector comes with its IRET. */
TEST_F(proof, that_comes_while_an_nmi_is_handled_waits_for_iret)
{
	proof_code(&self->p, nmi);
	proof_gate(&self->p, 2, nmi, nmi_handler);
	proof_run(&self->p);
	proof_nmi(&self->p);
	proof_run_on(&self->p);		/* in the handler */
	EXPECT_EQ(guest_address(nmi, nmi_handler), self->run->rip);
	proof_interrupt(&self->p, VECTOR);
	proof_nmi(&self->p);		/* and one more, which waits too */
	proof_run_on(&self->p);
	EXPECT_EQ(guest_address(nmi, nmi_handler), self->run->rip);
	EXPECT_EQ(0, vm_log(&self->p.vm)->count);
	proof_run_on(&self->p);
	ASSERT_EQ(1, vm_log(&self->p.vm)->count);
	expect_event(_metadata, &self->p, 0, VECTOR, guest_address(nmi, nmi_back));
}

GUEST_CODE(priority,
"	mov $4, %eax\n"
"	mov %rax, %cr8\n"
"	sti\n"
"	nop\n"
"	out %al, $0x80\n"
"	nop\n"
"	nop\n"
"	mov $3, %eax\n"
"	mov %rax, %cr8\n"
"priority_here:\n"
"	nop\n"
	PROOF_END);
GUEST_LABEL(priority_here);

/* Vector 0x41 is of class 4, which CR8 holds back until it is lowered. */
TEST_F(proof, cr8_holds_it_back)
{
	proof_code(&self->p, priority);
	proof_run(&self->p);
	proof_interrupt(&self->p, VECTOR);
	proof_run_on(&self->p);
	ASSERT_EQ(1, vm_log(&self->p.vm)->count);
	expect_event(_metadata, &self->p, 0, VECTOR, guest_address(priority, priority_here));
}

GUEST_CODE(million,
"	mov $1000000, %ecx\n"
"1:	cli\n"
"	sti\n"
"	dec %ecx\n"
"	jnz 1b\n"
	PROOF_END);

TEST_F(proof, a_million_cli_and_sti_cost_no_exit)
{
	proof_code(&self->p, million);
	proof_run(&self->p);
	EXPECT_EQ(0, self->run->regs[POSADA_RCX]);
	EXPECT_EQ(1, proof_exits(&self->p));
}

TEST_HARNESS_MAIN
