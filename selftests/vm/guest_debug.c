// SPDX-License-Identifier: GPL-2.0
/* Can a guest be stepped and watched from outside, without noticing it? */
#include "guest_fixture.h"

#define STEP		POSADA_DEBUG_STEP
#define BREAKPOINTS	POSADA_DEBUG_BREAKPOINTS
#define INT3		POSADA_DEBUG_INT3
#define LOG		POSADA_DEBUG_LOG

#define HIT_STEP	POSADA_DEBUG_HIT_STEP
#define HIT_BREAKPOINT	POSADA_DEBUG_HIT_BREAKPOINT
#define HIT_INT3	POSADA_DEBUG_HIT_INT3

#define HANDLER(vector)	(GUEST_HANDLERS + (vector) * GUEST_HANDLER_STRIDE)

static int __debug(struct vcpu *cpu, uint32_t flags, const uint64_t dr[4], uint64_t dr7)
{
	struct posada_guest_debug debug = { .size = sizeof(debug), .flags = flags, .dr7 = dr7 };

	if (dr)
		for (int i = 0; i < 4; i++)
			debug.dr[i] = dr[i];
	return posada_ioctl(cpu->fd, POSADA_GUEST_DEBUG, &debug);
}

static void debug(struct vcpu *cpu, uint32_t flags)
{
	require(!__debug(cpu, flags, NULL, 0));
}

/* One breakpoint: how is R/W and LEN, as in DR7 from bit 16 on. */
static void breakpoint(struct vcpu *cpu, uint32_t flags, uint64_t address, uint64_t how)
{
	const uint64_t dr[4] = { [2] = address };

	require(!__debug(cpu, flags | BREAKPOINTS, dr, 1 << 4 | how << 24));
}

#define EXECUTE		0
#define WRITE4		0xd
#define ACCESS4		0xf

/* RUN, which must end with this hit, at @rip. */
#define EXPECT_HIT(cpu, hit, at) do {						\
	vcpu_run_to(cpu, POSADA_EXIT_DEBUG);					\
	EXPECT_EQ(hit, (cpu)->run->debug.flags);				\
	EXPECT_EQ(at, (cpu)->run->rip);						\
	EXPECT_EQ((cpu)->run->rip, vcpu_rip(cpu));				\
} while (0)

/* ---- refusals ------------------------------------------------------------------------- */

TEST_F(guest, what_makes_no_sense_is_refused)
{
	const uint64_t dr[4] = { 0x1000 }, none[4] = { 0 };

	EXPECT_EQ(-EINVAL, __debug(&self->cpu, 1 << 4, none, 0));
	EXPECT_EQ(-EINVAL, __debug(&self->cpu, STEP, dr, 0));
	EXPECT_EQ(-EINVAL, __debug(&self->cpu, 0, none, 0x400));
	EXPECT_EQ(-EINVAL, __debug(&self->cpu, BREAKPOINTS, dr, 0x2401));	/* GD */
	EXPECT_EQ(-EINVAL, __debug(&self->cpu, BREAKPOINTS, dr, 1ULL << 32 | 1));
	EXPECT_EQ(-EINVAL, __debug(&self->cpu, BREAKPOINTS, dr, 0x8001));	/* reserved */
	EXPECT_EQ(-EINVAL, __debug(&self->cpu, BREAKPOINTS, dr, 2 << 16 | 1));	/* I/O */
	EXPECT_EQ(-EINVAL, __debug(&self->cpu, BREAKPOINTS, dr, 4 << 16 | 1));	/* execute 2 */
	EXPECT_EQ(0, __debug(&self->cpu, BREAKPOINTS, dr, 4 << 16));		/* not enabled */
	EXPECT_EQ(0, __debug(&self->cpu, STEP | INT3 | LOG | BREAKPOINTS, dr, 1));
	EXPECT_EQ(0, __debug(&self->cpu, 0, none, 0));
}

/* ---- one instruction -------------------------------------------------------------------- */

/* Every boundary has a label, in order. */
GUEST_CODE(plain,
"	xor %ebx, %ebx\n"
"plain_1:\n"
"	add $5, %rbx\n"
"plain_2:\n"
"	mov %rbx, DATA\n"
"plain_3:\n"
"	call 1f\n"
"plain_4:\n"
"	jmp plain_5\n"
"	hlt\n"
"1:	ret\n"
"plain_5:\n"
"	cli\n"
"plain_6:\n"
"	sti\n"
"plain_7:\n"
"	nop\n"
"plain_8:\n"
"	cpuid\n"
"plain_9:\n"
"	mov %cr0, %rax\n"
"plain_10:\n"
"	mov %rax, %cr0\n"
"plain_11:\n"
"	mov %cr4, %rax\n"
"plain_12:\n"
"	xor $0x400, %eax\n"
"plain_13:\n"
"	mov %rax, %cr4\n"
"plain_14:\n"
"	mov %dr0, %rax\n"
"plain_15:\n"
"	rdtsc\n"
"plain_16:\n"
"	invlpg DATA\n"
"plain_17:\n"
"	hlt\n"
"plain_18:\n"
"	nop\n"
"plain_19:\n"
"	hlt\n");
GUEST_LABEL(plain_1); GUEST_LABEL(plain_2); GUEST_LABEL(plain_3); GUEST_LABEL(plain_4);
GUEST_LABEL(plain_5); GUEST_LABEL(plain_6); GUEST_LABEL(plain_7); GUEST_LABEL(plain_8);
GUEST_LABEL(plain_9); GUEST_LABEL(plain_10); GUEST_LABEL(plain_11); GUEST_LABEL(plain_12);
GUEST_LABEL(plain_13); GUEST_LABEL(plain_14); GUEST_LABEL(plain_15); GUEST_LABEL(plain_16);
GUEST_LABEL(plain_17); GUEST_LABEL(plain_18); GUEST_LABEL(plain_19);

/* HLT too is stepped over: on a CPU the trap of TF would wake it. */
TEST_F(guest, a_step_is_one_instruction)
{
	static const unsigned char *const labels[] = {
		plain_1, plain_2, plain_3, NULL, plain_4, plain_5, plain_6, plain_7, plain_8,
		plain_9, plain_10, plain_11, plain_12, plain_13, plain_14, plain_15, plain_16,
		plain_17, plain_18, plain_19,
	};
	struct posada_state state;
	unsigned int i;

	vcpu_code(&self->cpu, plain);
	debug(&self->cpu, STEP);
	self->run->flags = 0;
	for (i = 0; i < ARRAY_SIZE(labels); i++) {
		vcpu_run_to(&self->cpu, POSADA_EXIT_DEBUG);
		EXPECT_EQ(HIT_STEP, self->run->debug.flags);
		if (labels[i]) {
			ASSERT_EQ(guest_address(plain, labels[i]), self->run->rip) {
				TH_LOG("step %u", i);
			}
		}
		state = vcpu_state(&self->cpu, POSADA_STATE_REGS | POSADA_STATE_EVENTS);
		EXPECT_EQ(0, state.regs.rflags & RFLAGS_TF);
		EXPECT_EQ(0, state.events.pending_debug);
		EXPECT_EQ(POSADA_ACTIVE, state.events.activity);
	}
	EXPECT_EQ(5, *(uint64_t *)(self->vm.ram + GUEST_DATA));
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

GUEST_CODE(exits,
"	out %al, $0x80\n"
"exits_1:\n"
"	in $0x80, %al\n"
"exits_2:\n"
"	mov 0x400000, %ecx\n"
"exits_3:\n"
"	hlt\n"
"exits_4:\n"
"	nop\n");
GUEST_LABEL(exits_1); GUEST_LABEL(exits_2); GUEST_LABEL(exits_3); GUEST_LABEL(exits_4);

/* The program does its part; the step ends when it has, before the next instruction. */
TEST_F(guest, a_step_over_what_the_program_does)
{
	vcpu_code(&self->cpu, exits);
	debug(&self->cpu, STEP);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(GUEST_CODE_AT, self->run->rip);
	self->run->apply = POSADA_APPLY_SKIP;
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(exits, exits_1));
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	self->run->regs[POSADA_RAX] = 0x42;
	self->run->apply = POSADA_APPLY_SKIP;
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(exits, exits_2));
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	self->run->rip = guest_address(exits, exits_3);
	self->run->apply = POSADA_APPLY_RIP | POSADA_APPLY_RFLAGS;
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(exits, exits_3));
	self->run->flags = POSADA_RUN_EXIT_HLT;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	self->run->apply = POSADA_APPLY_SKIP;
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(exits, exits_4));
}

/* A kick in between is no step, and loses none. */
TEST_F(guest, a_kick_is_no_step)
{
	vcpu_code(&self->cpu, plain);
	debug(&self->cpu, STEP);
	vcpu_kick(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_KICK);
	EXPECT_EQ(GUEST_CODE_AT, vcpu_rip(&self->cpu));
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(plain, plain_1));
}

GUEST_CODE(interrupted,
"	sti\n"
"interrupted_1:\n"
"	nop\n"
"interrupted_2:\n"
"	nop\n"
"interrupted_3:\n"
"	hlt\n");
GUEST_LABEL(interrupted_1); GUEST_LABEL(interrupted_2); GUEST_LABEL(interrupted_3);

/* They wait while it is stepped, and come when it runs. */
TEST_F(guest, nothing_is_delivered_in_a_step)
{
	vcpu_code(&self->cpu, interrupted);
	vcpu_interrupt(&self->cpu, 0x41);
	vcpu_nmi(&self->cpu);
	debug(&self->cpu, STEP);
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(interrupted, interrupted_1));
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(interrupted, interrupted_2));
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	debug(&self->cpu, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(2, vm_log(&self->vm)->count);
	EXPECT_EQ(2, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(interrupted, interrupted_2), vm_event(&self->vm, 0)->rip);
	EXPECT_EQ(0x41, vm_event(&self->vm, 1)->vector);
}

GUEST_CODE(faults,
"	TRY faults_1\n"
"faults_ud:\n"
"	ud2\n"
"faults_1:\n"
"	TRY faults_2\n"
"	mov $0x80000000000, %rbx\n"
"faults_pf:\n"
"	mov (%rbx), %rbx\n"
"faults_2:\n"
"	int3\n"
"faults_3:\n"
"	hlt\n");
GUEST_LABEL(faults_1); GUEST_LABEL(faults_2); GUEST_LABEL(faults_ud); GUEST_LABEL(faults_pf);
GUEST_LABEL(faults_3);

/* The step ends where the handler begins, and what it finds there has no TF of ours. */
TEST_F(guest, a_fault_is_a_step_into_its_handler)
{
	vcpu_code(&self->cpu, faults);
	debug(&self->cpu, STEP);
	vcpu_run_to(&self->cpu, POSADA_EXIT_DEBUG);
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(faults, faults_ud));
	EXPECT_HIT(&self->cpu, HIT_STEP, HANDLER(6));
	debug(&self->cpu, 0);
	breakpoint(&self->cpu, 0, guest_address(faults, faults_pf), EXECUTE);
	EXPECT_HIT(&self->cpu, HIT_BREAKPOINT, guest_address(faults, faults_pf));
	debug(&self->cpu, STEP);
	EXPECT_HIT(&self->cpu, HIT_STEP, HANDLER(14));
	EXPECT_EQ(0x80000000000, vcpu_state(&self->cpu, POSADA_STATE_CONTROL).control.cr2);
	debug(&self->cpu, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(3, vm_log(&self->vm)->count);
	EXPECT_EQ(6, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(0, vm_event(&self->vm, 0)->rflags & RFLAGS_TF);
	EXPECT_EQ(14, vm_event(&self->vm, 1)->vector);
	EXPECT_EQ(0, vm_event(&self->vm, 1)->rflags & RFLAGS_TF);
	EXPECT_EQ(3, vm_event(&self->vm, 2)->vector);
	EXPECT_EQ(guest_address(faults, faults_3), vm_event(&self->vm, 2)->rip);
}

/* And of INT3, when it is the guest's own affair. */
TEST_F(guest, int3_is_a_step_into_its_handler)
{
	vcpu_code(&self->cpu, faults);
	vcpu_rip_set(&self->cpu, guest_address(faults, faults_2));
	debug(&self->cpu, STEP);
	EXPECT_HIT(&self->cpu, HIT_STEP, HANDLER(3));
	debug(&self->cpu, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(guest_address(faults, faults_3), vm_event(&self->vm, 0)->rip);
}

GUEST_CODE(stack,
"	mov %ss, %eax\n"
"stack_1:\n"
"	mov %eax, %ss\n"
"stack_2:\n"
"	nop\n"
"stack_3:\n"
"	nop\n"
"stack_4:\n"
"	hlt\n");
GUEST_LABEL(stack_1); GUEST_LABEL(stack_3); GUEST_LABEL(stack_4);

/* The CPU holds the trap back for one instruction (SDM 3A 6.8.3): both are one step. */
TEST_F(guest, mov_ss_takes_the_next_instruction_along)
{
	vcpu_code(&self->cpu, stack);
	debug(&self->cpu, STEP);
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(stack, stack_1));
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(stack, stack_3));
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(stack, stack_4));
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

GUEST_CODE(strings,
"	mov $DATA, %esi\n"
"	mov $DATA + 64, %edi\n"
"	mov $3, %ecx\n"
"strings_1:\n"
"	rep movsb\n"
"strings_2:\n"
"	hlt\n");
GUEST_LABEL(strings_1); GUEST_LABEL(strings_2);

/* One iteration each: that is how often the CPU traps (SDM 3B 18.3.1.4). */
TEST_F(guest, rep_movs_is_stepped_by_iteration)
{
	vcpu_code(&self->cpu, strings);
	vcpu_rip_set(&self->cpu, guest_address(strings, strings_1));
	self->run->regs[POSADA_RSI] = GUEST_DATA;
	self->run->regs[POSADA_RDI] = GUEST_DATA + 64;
	self->run->regs[POSADA_RCX] = 3;
	debug(&self->cpu, STEP);
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(strings, strings_1));
	EXPECT_EQ(2, self->run->regs[POSADA_RCX]);
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(strings, strings_1));
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(strings, strings_2));
	EXPECT_EQ(0, self->run->regs[POSADA_RCX]);
}

GUEST_CODE(flags,
"	pushf\n"
"flags_1:\n"
"	pop %rbx\n"
"flags_2:\n"
"	pushq $0x202\n"
"flags_3:\n"
"	popf\n"
"flags_4:\n"
"	hlt\n");
GUEST_LABEL(flags_1); GUEST_LABEL(flags_2); GUEST_LABEL(flags_3); GUEST_LABEL(flags_4);

TEST_F(guest, popf_sets_the_guests_flags)
{
	vcpu_code(&self->cpu, flags);
	vcpu_rip_set(&self->cpu, guest_address(flags, flags_2));
	debug(&self->cpu, STEP);
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(flags, flags_3));
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(flags, flags_4));
	EXPECT_EQ(0x202, vcpu_state(&self->cpu, POSADA_STATE_REGS).regs.rflags & 0x302);
}

/* ---- the guest steps itself --------------------------------------------------------------- */

/* Its trap comes after the instruction, as the next step. */
TEST_F(guest, a_guest_that_steps_itself_gets_its_trap)
{
	vcpu_code(&self->cpu, interrupted);
	vcpu_rip_set(&self->cpu, guest_address(interrupted, interrupted_1));
	vcpu_rflags_set(&self->cpu, RFLAGS_TF);
	debug(&self->cpu, STEP);
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(interrupted, interrupted_2));
	EXPECT_EQ(RFLAGS_TF, vcpu_state(&self->cpu, POSADA_STATE_REGS).regs.rflags & RFLAGS_TF);
	EXPECT_HIT(&self->cpu, HIT_STEP, HANDLER(1));
	debug(&self->cpu, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(guest_address(interrupted, interrupted_2), vm_event(&self->vm, 0)->rip);
	EXPECT_EQ(RFLAGS_TF, vm_event(&self->vm, 0)->rflags & RFLAGS_TF);
}

/* ---- breakpoints ------------------------------------------------------------------------- */

GUEST_CODE(places,
"	nop\n"
"	sti\n"
"places_after_sti:\n"
"	nop\n"
"	cli\n"
"	movl $1, DATA\n"
"places_written:\n"
"	mov DATA, %ecx\n"
"places_read:\n"
"	nop\n"
"	hlt\n");
GUEST_LABEL(places_after_sti); GUEST_LABEL(places_written); GUEST_LABEL(places_read);

TEST_F(guest, execution_breakpoints)
{
	vcpu_code(&self->cpu, places);
	breakpoint(&self->cpu, 0, guest_address(places, places_written), EXECUTE);
	EXPECT_HIT(&self->cpu, HIT_BREAKPOINT, guest_address(places, places_written));
	EXPECT_EQ(4, self->run->debug.dr6);
	EXPECT_EQ(1, *(uint32_t *)(self->vm.ram + GUEST_DATA));
	/* Again where it is, until a step goes past it. */
	EXPECT_HIT(&self->cpu, HIT_BREAKPOINT, guest_address(places, places_written));
	breakpoint(&self->cpu, STEP, guest_address(places, places_written), EXECUTE);
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(places, places_read));
	debug(&self->cpu, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

TEST_F(guest, an_execution_breakpoint_right_after_sti)
{
	vcpu_code(&self->cpu, places);
	breakpoint(&self->cpu, 0, guest_address(places, places_after_sti), EXECUTE);
	EXPECT_HIT(&self->cpu, HIT_BREAKPOINT, guest_address(places, places_after_sti));
	debug(&self->cpu, STEP);
	EXPECT_HIT(&self->cpu, HIT_STEP, guest_address(places, places_after_sti) + 1);
	debug(&self->cpu, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
}

TEST_F(guest, watchpoints_come_after_the_access)
{
	vcpu_code(&self->cpu, places);
	breakpoint(&self->cpu, 0, GUEST_DATA, WRITE4);
	EXPECT_HIT(&self->cpu, HIT_BREAKPOINT, guest_address(places, places_written));
	EXPECT_EQ(4, self->run->debug.dr6);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);	/* reading is not writing */
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	breakpoint(&self->cpu, 0, GUEST_DATA, ACCESS4);
	EXPECT_HIT(&self->cpu, HIT_BREAKPOINT, guest_address(places, places_written));
	EXPECT_HIT(&self->cpu, HIT_BREAKPOINT, guest_address(places, places_read));
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

/* A step that meets a watchpoint tells of both. */
TEST_F(guest, a_watchpoint_in_a_step)
{
	vcpu_code(&self->cpu, places);
	breakpoint(&self->cpu, 0, GUEST_DATA, WRITE4);
	EXPECT_HIT(&self->cpu, HIT_BREAKPOINT, guest_address(places, places_written));
	breakpoint(&self->cpu, STEP, GUEST_DATA, ACCESS4);
	EXPECT_HIT(&self->cpu, HIT_STEP | HIT_BREAKPOINT, guest_address(places, places_read));
}

GUEST_CODE(own,
"	mov $DATA, %eax\n"
"	mov %rax, %dr1\n"
"	mov $0xd00404, %eax\n"		/* L1, write, 4 bytes */
"	mov %rax, %dr7\n"
"	mov %dr1, %r8\n"
"	mov %dr7, %r9\n"
"	mov %dr6, %r10\n"
"	movl $1, DATA\n"
"own_1:\n"
"	out %al, $0x80\n"
"	movl $1, DATA\n"
"own_2:\n"
"	hlt\n");
GUEST_LABEL(own_1); GUEST_LABEL(own_2);

/* What the guest writes it reads; it does not fire, until the debugger is gone. */
TEST_F(guest, the_guests_own_breakpoints_wait)
{
	struct posada_state state;

	vcpu_code(&self->cpu, own);
	breakpoint(&self->cpu, 0, guest_address(own, own_1), EXECUTE);
	EXPECT_HIT(&self->cpu, HIT_BREAKPOINT, guest_address(own, own_1));
	EXPECT_EQ(GUEST_DATA, self->run->regs[POSADA_R8]);
	EXPECT_EQ(0xd00404, self->run->regs[POSADA_R9]);
	EXPECT_EQ(0xffff0ff0, self->run->regs[POSADA_R10]);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	state = vcpu_state(&self->cpu, POSADA_STATE_DEBUG);
	EXPECT_EQ(0, state.debug.dr[2]);
	EXPECT_EQ(GUEST_DATA, state.debug.dr[1]);
	EXPECT_EQ(0xd00404, state.debug.dr7);
	EXPECT_EQ(0xffff0ff0, state.debug.dr6);
	debug(&self->cpu, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(1, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(own, own_2), vm_event(&self->vm, 0)->rip);
}

GUEST_CODE(own_detect,
"	mov $0x2400, %eax\n"
"	mov %rax, %dr7\n"		/* GD */
"	mov %dr0, %rbx\n"
"	hlt\n");

/* SDM 3B 18.2.4, in software */
TEST_F(guest, general_detect_is_emulated)
{
	vcpu_code(&self->cpu, own_detect);
	boot_idt_gate(&self->vm, 1, GUEST_CODE_AT + 0x800, 0);
	memcpy(self->vm.ram + GUEST_CODE_AT + 0x800, "\xf4", 1);	/* hlt */
	breakpoint(&self->cpu, 0, 0x7000, EXECUTE);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(GUEST_CODE_AT + 0x800, self->run->rip);
	EXPECT_EQ(0x2000, vcpu_state(&self->cpu, POSADA_STATE_DEBUG).debug.dr6 & 0x2000);
	EXPECT_EQ(0x400, vcpu_state(&self->cpu, POSADA_STATE_DEBUG).debug.dr7);
}

/* ---- INT3 ---------------------------------------------------------------------------------- */

TEST_F(guest, int3_is_an_exit_and_can_be_given_back)
{
	vcpu_code(&self->cpu, faults);
	vcpu_rip_set(&self->cpu, guest_address(faults, faults_2));
	debug(&self->cpu, INT3);
	EXPECT_HIT(&self->cpu, HIT_INT3, guest_address(faults, faults_2));
	EXPECT_EQ(1, self->run->insn_len);
	vcpu_exception(&self->cpu, 3);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(3, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(faults, faults_3), vm_event(&self->vm, 0)->rip);
}

TEST_F(guest, int3_in_a_step_is_an_exit_too)
{
	vcpu_code(&self->cpu, faults);
	vcpu_rip_set(&self->cpu, guest_address(faults, faults_2));
	debug(&self->cpu, INT3 | STEP);
	EXPECT_HIT(&self->cpu, HIT_INT3, guest_address(faults, faults_2));
	EXPECT_EQ(0, vcpu_state(&self->cpu, POSADA_STATE_REGS).regs.rflags & RFLAGS_TF);
}

/* ---- the log ----------------------------------------------------------------------------------- */

static struct posada_last_exits last_exits(struct vcpu *cpu, struct posada_last_exit *entries,
					   uint32_t nr)
{
	struct posada_last_exits last = {
		.size = sizeof(last), .nr = nr, .entries = (uintptr_t)entries,
	};

	require(!posada_ioctl(cpu->fd, POSADA_LAST_EXITS, &last));
	return last;
}

GUEST_CODE(many,
"	mov $100, %ebx\n"
"1:	cpuid\n"
"	mov $100, %ebx\n"
"	dec %esi\n"
"	jnz 1b\n"
"many_1:\n"
"	hlt\n");
GUEST_LABEL(many_1);

TEST_F(guest, the_last_exits)
{
	struct posada_last_exit entries[POSADA_LAST_EXITS_MAX];
	struct posada_last_exits last;
	unsigned int i;

	vcpu_code(&self->cpu, many);
	self->run->regs[POSADA_RSI] = 100;
	last = last_exits(&self->cpu, entries, POSADA_LAST_EXITS_MAX);
	EXPECT_EQ(0, last.nr);
	debug(&self->cpu, LOG);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	last = last_exits(&self->cpu, entries, POSADA_LAST_EXITS_MAX);
	EXPECT_EQ(POSADA_LAST_EXITS_MAX, last.nr);
	EXPECT_GE(last.total, 101);
	EXPECT_EQ(12, entries[63].reason);	/* HLT */
	EXPECT_EQ(1, entries[63].answer);
	EXPECT_EQ(guest_address(many, many_1), entries[63].rip);
	for (i = 1; i < POSADA_LAST_EXITS_MAX; i++)
		EXPECT_LT(entries[i - 1].tsc, entries[i].tsc);
	last = last_exits(&self->cpu, entries, 1);
	EXPECT_EQ(1, last.nr);
	EXPECT_EQ(12, entries[0].reason);
	debug(&self->cpu, 0);
	last = last_exits(&self->cpu, entries, POSADA_LAST_EXITS_MAX);
	EXPECT_EQ(0, last.nr);
	EXPECT_EQ(0, last.total);
}

TEST_F(guest, a_log_that_cannot_be_written_is_efault)
{
	struct posada_last_exits last = { .size = sizeof(last), .nr = 1, .entries = 0x1000 };

	vcpu_code(&self->cpu, many);
	self->run->regs[POSADA_RSI] = 1;
	debug(&self->cpu, LOG);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(-EFAULT, posada_ioctl(self->cpu.fd, POSADA_LAST_EXITS, &last));
}

TEST_HARNESS_MAIN
