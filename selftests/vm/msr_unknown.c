// SPDX-License-Identifier: GPL-2.0
/* Does the program get every MSR that the module does not know? */
#include "guest_fixture.h"

/* in the first range of the bitmaps, in the second, and outside both */
static const uint32_t unknown[] = { 0x17, 0x1fff, 0xc0001fff, 0xc0011029, 0x40000000, 0xffffffff };

GUEST_CODE(read_msr,
"	rdmsr\n"
"	hlt\n");

TEST_F(guest, rdmsr_takes_what_the_program_wrote)
{
	unsigned int i;

	vcpu_code(&self->cpu, read_msr);
	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
		self->run->regs[POSADA_RCX] = unknown[i] | 0x500000000;
		vcpu_run_to(&self->cpu, POSADA_EXIT_RDMSR);
		EXPECT_EQ(unknown[i], self->run->msr.index);
		EXPECT_EQ(31, self->run->hw_reason);
		EXPECT_EQ(2, self->run->insn_len);
		EXPECT_EQ(GUEST_CODE_AT, self->run->rip);
		self->run->regs[POSADA_RAX] = 0x11111111 + i;
		self->run->regs[POSADA_RDX] = 0x22222222 + i;
		self->run->apply = POSADA_APPLY_SKIP;
		vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
		EXPECT_EQ(0x11111111 + i, self->run->regs[POSADA_RAX]);
		EXPECT_EQ(0x22222222 + i, self->run->regs[POSADA_RDX]);
	}
}

GUEST_CODE(write_msr,
"	wrmsr\n"
"	hlt\n");

TEST_F(guest, wrmsr_tells_the_value)
{
	unsigned int i;

	vcpu_code(&self->cpu, write_msr);
	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
		self->run->regs[POSADA_RCX] = unknown[i];
		self->run->regs[POSADA_RAX] = 0xffffffff89abcdef;
		self->run->regs[POSADA_RDX] = 0xffffffff01234567;
		vcpu_run_to(&self->cpu, POSADA_EXIT_WRMSR);
		EXPECT_EQ(unknown[i], self->run->msr.index);
		EXPECT_EQ(0x0123456789abcdef, self->run->msr.value);
		EXPECT_EQ(32, self->run->hw_reason);
		EXPECT_EQ(2, self->run->insn_len);
		self->run->apply = POSADA_APPLY_SKIP;
		vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	}
}

GUEST_CODE(try_msr,
"	TRY try_msr_fault\n"
"	rdmsr\n"
"	hlt\n"
"try_msr_fault:\n"
"	mov $0xfa17, %eax\n"
"	hlt\n");

/* The other answer a program may give. */
TEST_F(guest, program_may_inject_gp_instead)
{
	vcpu_code(&self->cpu, try_msr);
	self->run->regs[POSADA_RCX] = 0x1fff;
	vcpu_run_to(&self->cpu, POSADA_EXIT_RDMSR);
	vcpu_exception_error(&self->cpu, 13, 0, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0xfa17, self->run->regs[POSADA_RAX]);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(13, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(0, vm_event(&self->vm, 0)->error);
}

TEST_HARNESS_MAIN
