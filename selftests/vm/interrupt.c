// SPDX-License-Identifier: GPL-2.0
/*
 * Is an interrupt delivered at the very instruction boundary where a CPU would
 * take it, and once?  The saved RIP tells the boundary.
 */
#include "guest_fixture.h"

#define VECTOR 0x41
#define EXIT_INTERRUPT_WINDOW 7

#define EXPECT_ONE_EVENT(v, where) do {					\
	EXPECT_EQ(1, vm_log(&self->vm)->count);				\
	EXPECT_EQ((uint64_t)(v), vm_event(&self->vm, 0)->vector);	\
	EXPECT_EQ((uint64_t)(where), vm_event(&self->vm, 0)->rip);	\
} while (0)

GUEST_CODE(sti_shadow,
"	cli\n"
"	nop\n"
"	nop\n"
"	sti\n"
"	nop\n"
"sti_shadow_here:\n"
"	nop\n"
"	nop\n"
"	hlt\n");
GUEST_LABEL(sti_shadow_here);

TEST_F(guest, after_the_instruction_that_follows_sti)
{
	vcpu_code(&self->cpu, sti_shadow);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_ONE_EVENT(VECTOR, guest_address(sti_shadow, sti_shadow_here));
	EXPECT_EQ(0, vm_event(&self->vm, 0)->error);
	EXPECT_EQ(GUEST_CODE64, vm_event(&self->vm, 0)->cs);
	EXPECT_EQ(GUEST_STACK, vm_event(&self->vm, 0)->rsp);
	EXPECT_EQ(RFLAGS_IF, vm_event(&self->vm, 0)->rflags & RFLAGS_IF);
	EXPECT_EQ(1, vcpu_stats(&self->cpu).exits[EXIT_INTERRUPT_WINDOW]);
	EXPECT_EQ(1, vcpu_stats(&self->cpu).irq);
}

GUEST_CODE(mov_ss_shadow,
"	mov %ss, %eax\n"
"	cli\n"
"	sti\n"
"	mov %eax, %ss\n"
"	nop\n"
"mov_ss_shadow_here:\n"
"	nop\n"
"	hlt\n");
GUEST_LABEL(mov_ss_shadow_here);

TEST_F(guest, after_the_instruction_that_follows_mov_ss)
{
	vcpu_code(&self->cpu, mov_ss_shadow);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_ONE_EVENT(VECTOR, guest_address(mov_ss_shadow, mov_ss_shadow_here));
}

GUEST_CODE(popf_no_shadow,
"	push $0x202\n"
"	popf\n"
"popf_here:\n"
"	nop\n"
"	nop\n"
"	hlt\n");
GUEST_LABEL(popf_here);

TEST_F(guest, right_after_popf)
{
	vcpu_code(&self->cpu, popf_no_shadow);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_ONE_EVENT(VECTOR, guest_address(popf_no_shadow, popf_here));
}

GUEST_CODE(never_enabled,
"	cli\n"
"	mov $100000, %ecx\n"
"1:	dec %ecx\n"
"	jnz 1b\n"
"	hlt\n");

TEST_F(guest, not_while_if_is_clear)
{
	struct posada_state state;

	vcpu_code(&self->cpu, never_enabled);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	EXPECT_EQ(1ULL << (VECTOR % 64), state.events.vectors[VECTOR / 64]);
	EXPECT_EQ(0, vcpu_stats(&self->cpu).irq);
}

GUEST_CODE(enabled,
"	nop\n"
"	hlt\n");

TEST_F(guest, before_the_first_instruction_when_if_is_set)
{
	vcpu_code(&self->cpu, enabled);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_ONE_EVENT(VECTOR, GUEST_CODE_AT);
	EXPECT_EQ(0, vcpu_stats(&self->cpu).exits[EXIT_INTERRUPT_WINDOW]);
}

TEST_F(guest, queued_twice_is_delivered_once)
{
	vcpu_code(&self->cpu, enabled);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_ONE_EVENT(VECTOR, GUEST_CODE_AT);
}

TEST_F(guest, highest_vector_first)
{
	static const uint8_t queued[] = { 0x31, 0x52, 0x2f, 0xff, 0x53 };
	static const uint8_t delivered[] = { 0xff, 0x53, 0x52, 0x31, 0x2f };
	unsigned int i;

	vcpu_code(&self->cpu, enabled);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	for (i = 0; i < ARRAY_SIZE(queued); i++)
		vcpu_interrupt(&self->cpu, queued[i]);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(ARRAY_SIZE(delivered), vm_log(&self->vm)->count);
	for (i = 0; i < ARRAY_SIZE(delivered); i++) {
		EXPECT_EQ(delivered[i], vm_event(&self->vm, i)->vector);
		EXPECT_EQ(GUEST_CODE_AT, vm_event(&self->vm, i)->rip);
	}
	EXPECT_EQ(ARRAY_SIZE(delivered), vcpu_stats(&self->cpu).irq);
}

/* 16..31 are for exceptions too, and yet may come from an interrupt controller. */
TEST_F(guest, the_lowest_vectors_are_interrupts_as_well)
{
	vcpu_code(&self->cpu, enabled);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	vm_log(&self->vm)->recover = guest_address(enabled, enabled);
	vcpu_interrupt(&self->cpu, 0x1f);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_ONE_EVENT(0x1f, GUEST_CODE_AT);
}

TEST_F(guest, every_vector_arrives)
{
	unsigned int v;

	vcpu_code(&self->cpu, enabled);
	for (v = 255; v >= 32; v--) {
		vcpu_interrupt(&self->cpu, v);
		vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
		vcpu_rflags_set(&self->cpu, RFLAGS_IF);
		vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
		ASSERT_EQ(256 - v, vm_log(&self->vm)->count);
		ASSERT_EQ(v, vm_event(&self->vm, 255 - v)->vector);
	}
}

/* HLT exits lie between; the exit at OUT is in the shadow of MOV SS. */
GUEST_CODE(out_in_shadow,
"	mov %ss, %eax\n"
"	sti\n"
"	nop\n"
"	mov %eax, %ss\n"
"out_in_shadow_out:\n"
"	out %al, $0x80\n"
"out_in_shadow_here:\n"
"	nop\n"
"	hlt\n");
GUEST_LABEL(out_in_shadow_out);
GUEST_LABEL(out_in_shadow_here);

TEST_F(guest, completing_the_instruction_in_a_shadow_ends_the_shadow)
{
	vcpu_code(&self->cpu, out_in_shadow);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(POSADA_SHADOW_MOV_SS, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.shadow);
	vcpu_interrupt(&self->cpu, VECTOR);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_ONE_EVENT(VECTOR, guest_address(out_in_shadow, out_in_shadow_here));
}

TEST_F(guest, executing_it_again_keeps_the_shadow)
{
	vcpu_code(&self->cpu, out_in_shadow);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(guest_address(out_in_shadow, out_in_shadow_out), self->run->rip);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_ONE_EVENT(VECTOR, guest_address(out_in_shadow, out_in_shadow_here));
}

GUEST_CODE(sti_out,
"	sti\n"
"	out %al, $0x80\n"
"sti_out_here:\n"
"	cli\n"
"	hlt\n");
GUEST_LABEL(sti_out_here);

TEST_F(guest, sti_shadow_over_an_exit)
{
	vcpu_code(&self->cpu, sti_out);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	EXPECT_EQ(POSADA_SHADOW_STI, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.shadow);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_ONE_EVENT(VECTOR, guest_address(sti_out, sti_out_here));
}

/* The same for an exit that the module finishes by itself. */
GUEST_CODE(sti_cpuid,
"	xor %eax, %eax\n"
"	sti\n"
"	cpuid\n"
"sti_cpuid_here:\n"
"	cli\n"
"	hlt\n");
GUEST_LABEL(sti_cpuid_here);

TEST_F(guest, sti_shadow_over_an_exit_that_stays_in_the_kernel)
{
	vcpu_code(&self->cpu, sti_cpuid);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_ONE_EVENT(VECTOR, guest_address(sti_cpuid, sti_cpuid_here));
}

/* RFLAGS that do not go with the shadow: the shadow gives way, or entry would fail. */
TEST_F(guest, rflags_from_outside_in_a_shadow)
{
	static const uint64_t flags[] = {
		RFLAGS_FIXED, RFLAGS_FIXED | RFLAGS_TF | RFLAGS_IF, RFLAGS_FIXED | RFLAGS_IF,
	};
	unsigned int i;

	vcpu_code(&self->cpu, sti_out);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
		vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
		self->run->rflags = flags[i];
		self->run->apply = POSADA_APPLY_RFLAGS;
		vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
		EXPECT_EQ(flags[i], self->run->rflags);
	}
}

/* What belongs to the vCPU alone can be set without touching what others queue. */
TEST_F(guest, setting_the_delivery_keeps_what_is_queued)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_DELIVERY);

	EXPECT_EQ(0, state.events.shadow);
	vcpu_interrupt(&self->cpu, VECTOR);
	vcpu_nmi(&self->cpu);
	state.events.shadow = POSADA_SHADOW_NMI;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_DELIVERY);
	state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	EXPECT_EQ(1ULL << (VECTOR % 64), state.events.vectors[VECTOR / 64]);
	EXPECT_EQ(1, state.events.nmis);
	EXPECT_EQ(POSADA_SHADOW_NMI, state.events.shadow);
	state = vcpu_state(&self->cpu, POSADA_STATE_DELIVERY);
	EXPECT_EQ(0, state.events.vectors[VECTOR / 64]);
	EXPECT_EQ(0, state.events.nmis);
}

TEST_F(guest, delivery_is_checked_as_events_are)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_DELIVERY);

	state.events.shadow = 1 << 2;
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_DELIVERY));
	EXPECT_EQ(offsetof(struct posada_state, events.shadow), state.bad);
}

/* 100,000 times CLI and STI cost no exit when nothing waits. */
GUEST_CODE(cli_sti,
"	mov $100000, %ecx\n"
"1:	cli\n"
"	sti\n"
"	dec %ecx\n"
"	jnz 1b\n"
"	hlt\n");

TEST_F(guest, cli_and_sti_do_not_exit)
{
	vcpu_code(&self->cpu, cli_sti);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, vcpu_stats(&self->cpu).exits[EXIT_INTERRUPT_WINDOW]);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

TEST_HARNESS_MAIN
