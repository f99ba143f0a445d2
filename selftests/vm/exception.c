// SPDX-License-Identifier: GPL-2.0
/* Is an exception that the program queues what the guest's handler sees? */
#include "guest_fixture.h"

GUEST_CODE(target,
"	nop\n"
"target_recover:\n"
"	mov $0x33, %eax\n"
"	hlt\n");
GUEST_LABEL(target_recover);

static void prepare(struct vcpu *cpu)
{
	vcpu_code(cpu, target);
	vm_log(cpu->vm)->recover = guest_address(target, target_recover);
}

#define EXPECT_EXCEPTION(v, e) do {					\
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);			\
	EXPECT_EQ(0x33, self->run->regs[POSADA_RAX]);			\
	EXPECT_EQ(1, vm_log(&self->vm)->count);				\
	EXPECT_EQ((uint64_t)(v), vm_event(&self->vm, 0)->vector);	\
	EXPECT_EQ((uint64_t)(e), vm_event(&self->vm, 0)->error);	\
	EXPECT_EQ(GUEST_CODE_AT, vm_event(&self->vm, 0)->rip);		\
} while (0)

TEST_F(guest, without_error_code)
{
	prepare(&self->cpu);
	vcpu_exception(&self->cpu, 6);
	EXPECT_EXCEPTION(6, 0);
	EXPECT_EQ(1, vcpu_stats(&self->cpu).exceptions);
}

TEST_F(guest, with_error_code)
{
	prepare(&self->cpu);
	vcpu_exception_error(&self->cpu, 13, 0x18, 0);
	EXPECT_EXCEPTION(13, 0x18);
}

/* Of a selector in the upper half of its table: bit 15 is set. */
TEST_F(guest, with_the_largest_error_code)
{
	struct posada_state state;

	prepare(&self->cpu);
	vcpu_exception_error(&self->cpu, 13, 0xfffc, 0);
	state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_EVENTS);
	EXPECT_EXCEPTION(13, 0xfffc);
}

TEST_F(guest, page_fault_with_address)
{
	prepare(&self->cpu);
	vcpu_exception_error(&self->cpu, 14, 0x7, 0xffff800012345678);
	EXPECT_EXCEPTION(14, 7);
	EXPECT_EQ(0xffff800012345678, vm_event(&self->vm, 0)->cr2);
}

TEST_F(guest, comes_even_with_interrupts_off_and_before_the_instruction)
{
	prepare(&self->cpu);
	vcpu_exception(&self->cpu, 0);
	vcpu_interrupt(&self->cpu, 0x41);
	EXPECT_EXCEPTION(0, 0);
}

static uint32_t queued_event(struct vcpu *cpu)
{
	return vcpu_state(cpu, POSADA_STATE_EVENTS).events.event;
}

TEST_F(guest, is_seen_and_can_be_taken_back_by_state)
{
	struct posada_state state;

	prepare(&self->cpu);
	vcpu_exception_error(&self->cpu, 13, 0x18, 0);
	state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	/* valid, error code, hardware exception, vector (SDM 3C 25.8.3) */
	EXPECT_EQ(0x80000b0d, state.events.event);
	EXPECT_EQ(0x18, state.events.event_error);
	state.events.event = 0;
	state.events.event_error = 0;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_EVENTS);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

/* SDM 3A 6.15, table 6-5 */
TEST_F(guest, two_contributory_ones_are_a_double_fault)
{
	prepare(&self->cpu);
	vcpu_exception_error(&self->cpu, 13, 0x18, 0);
	vcpu_exception_error(&self->cpu, 11, 0x20, 0);
	EXPECT_EQ(0x80000b08, queued_event(&self->cpu));
	EXPECT_EXCEPTION(8, 0);
}

TEST_F(guest, page_fault_then_page_fault_is_a_double_fault)
{
	prepare(&self->cpu);
	vcpu_exception_error(&self->cpu, 14, 2, 0x1000);
	vcpu_exception_error(&self->cpu, 14, 2, 0x2000);
	EXPECT_EXCEPTION(8, 0);
}

TEST_F(guest, page_fault_then_contributory_is_a_double_fault)
{
	prepare(&self->cpu);
	vcpu_exception_error(&self->cpu, 14, 2, 0x1000);
	vcpu_exception(&self->cpu, 0);
	EXPECT_EXCEPTION(8, 0);
}

TEST_F(guest, contributory_then_page_fault_is_the_page_fault)
{
	prepare(&self->cpu);
	vcpu_exception_error(&self->cpu, 13, 0x18, 0);
	vcpu_exception_error(&self->cpu, 14, 2, 0x5000);
	EXPECT_EXCEPTION(14, 2);
	EXPECT_EQ(0x5000, vm_event(&self->vm, 0)->cr2);
}

TEST_F(guest, benign_then_contributory_is_the_contributory)
{
	prepare(&self->cpu);
	vcpu_exception(&self->cpu, 6);
	vcpu_exception_error(&self->cpu, 13, 0, 0);
	EXPECT_EXCEPTION(13, 0);
}

TEST_F(guest, a_fault_after_a_double_fault_is_a_shutdown)
{
	prepare(&self->cpu);
	vcpu_exception_error(&self->cpu, 13, 0, 0);
	vcpu_exception_error(&self->cpu, 13, 0, 0);
	vcpu_exception_error(&self->cpu, 13, 0, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_SHUTDOWN);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	vcpu_run_to(&self->cpu, POSADA_EXIT_SHUTDOWN);
}

GUEST_CODE(own_faults,
"	TRY own_faults_1\n"
"	ud2\n"
"own_faults_1:\n"
"	TRY own_faults_2\n"
"	mov $1, %eax\n"
"	xor %ecx, %ecx\n"
"	xor %edx, %edx\n"
"	div %ecx\n"
"own_faults_2:\n"
"	TRY own_faults_3\n"
"	mov $0x8000000000000000, %rbx\n"
"	mov (%rbx), %eax\n"
"own_faults_3:\n"
"	TRY own_faults_4\n"
"	mov $0x8000000000, %rbx\n"
"	movl $0, 0x123(%rbx)\n"
"own_faults_4:\n"
"	int3\n"
"	hlt\n");

TEST_F(guest, its_own_exceptions_need_no_exit)
{
	static const uint8_t vectors[] = { 6, 0, 13, 14, 3 };
	unsigned int i;

	vcpu_code(&self->cpu, own_faults);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(ARRAY_SIZE(vectors), vm_log(&self->vm)->count);
	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		EXPECT_EQ(vectors[i], vm_event(&self->vm, i)->vector);
	EXPECT_EQ(0x8000000123, vm_event(&self->vm, 3)->cr2);
	EXPECT_EQ(2, vm_event(&self->vm, 3)->error);
	EXPECT_EQ(0, vcpu_stats(&self->cpu).exits[0]);
	EXPECT_EQ(0, vcpu_stats(&self->cpu).exceptions);
}

TEST_HARNESS_MAIN
