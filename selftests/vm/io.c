// SPDX-License-Identifier: GPL-2.0
/* Does IN and OUT of every width exit, before it happened, with all the facts? */
#include "guest_fixture.h"

GUEST_CODE(outs,
"	mov $0x1122334455667788, %rax\n"
"	out %al, $0x80\n"
"out_word:\n"
"	mov $0x1234, %edx\n"
"	out %ax, %dx\n"
"out_long:\n"
"	mov $0xffff, %edx\n"
"	out %eax, %dx\n"
"outs_done:\n"
"	hlt\n");
GUEST_LABEL(out_word);
GUEST_LABEL(out_long);
GUEST_LABEL(outs_done);

TEST_F(guest, out_reports_port_width_and_value)
{
	static const struct {
		uint16_t port;
		uint8_t width;
		uint8_t length;
	} expected[] = { { 0x80, 1, 2 }, { 0x1234, 2, 2 }, { 0xffff, 4, 1 } };
	const uint64_t end[] = {
		guest_address(outs, out_word),
		guest_address(outs, out_long),
		guest_address(outs, outs_done),
	};
	unsigned int i;

	vcpu_code(&self->cpu, outs);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
		EXPECT_EQ(expected[i].port, self->run->io.port);
		EXPECT_EQ(expected[i].width, self->run->io.width);
		EXPECT_EQ(0, self->run->io.flags);
		EXPECT_EQ(0, self->run->io.reserved);
		EXPECT_EQ(30, self->run->hw_reason);
		EXPECT_EQ(expected[i].length, self->run->insn_len);
		EXPECT_EQ(end[i] - expected[i].length, self->run->rip);
		EXPECT_EQ(0x1122334455667788, self->run->regs[POSADA_RAX]);
		self->run->apply = POSADA_APPLY_SKIP;
	}
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(guest_address(outs, outs_done), self->run->rip);
	EXPECT_EQ(0, self->run->apply);
}

GUEST_CODE(ins,
"	xor %r8d, %r8d\n"
"	mov $-1, %rax\n"
"	in $0x60, %al\n"
"	mov %rax, %r8\n"
"	mov $-1, %rax\n"
"	in $0x60, %ax\n"
"	mov %rax, %r9\n"
"	mov $-1, %rax\n"
"	in $0x60, %eax\n"
"	mov %rax, %r10\n"
"	hlt\n");

/* The program does what the instruction does to RAX; the guest must see just that. */
TEST_F(guest, in_takes_the_register_that_the_program_wrote)
{
	static const uint64_t rax[] = {
		0xffffffffffffff5a, 0xffffffffffffa55a, 0x00000000deadbeef
	};
	static const uint8_t width[] = { 1, 2, 4 };
	unsigned int i;

	vcpu_code(&self->cpu, ins);
	for (i = 0; i < ARRAY_SIZE(rax); i++) {
		vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
		EXPECT_EQ(0x60, self->run->io.port);
		EXPECT_EQ(width[i], self->run->io.width);
		EXPECT_EQ(POSADA_IO_IN, self->run->io.flags);
		EXPECT_EQ(UINT64_MAX, self->run->regs[POSADA_RAX]);
		self->run->regs[POSADA_RAX] = rax[i];
		self->run->apply = POSADA_APPLY_SKIP;
	}
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(rax[0], self->run->regs[POSADA_R8]);
	EXPECT_EQ(rax[1], self->run->regs[POSADA_R9]);
	EXPECT_EQ(rax[2], self->run->regs[POSADA_R10]);
}

/* A VM saved between exit and RUN simply executes the instruction again. */
TEST_F(guest, without_skip_the_instruction_exits_again)
{
	unsigned int i;

	vcpu_code(&self->cpu, outs);
	for (i = 0; i < 3; i++) {
		vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
		EXPECT_EQ(0x80, self->run->io.port);
	}
	EXPECT_EQ(3, vcpu_stats(&self->cpu).exits[30]);
}

TEST_F(guest, apply_rip_goes_elsewhere)
{
	vcpu_code(&self->cpu, outs);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	self->run->rip = guest_address(outs, outs_done);
	self->run->apply = POSADA_APPLY_RIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(guest_address(outs, outs_done), self->run->rip);
}

GUEST_CODE(flags,
"	out %al, $0x80\n"
"	setc %al\n"
"	hlt\n");

TEST_F(guest, apply_rflags_changes_the_flags)
{
	vcpu_code(&self->cpu, flags);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(RFLAGS_FIXED, self->run->rflags);
	self->run->rflags |= 1;
	self->run->apply = POSADA_APPLY_SKIP | POSADA_APPLY_RFLAGS;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(1, self->run->regs[POSADA_RAX]);
	EXPECT_EQ(RFLAGS_FIXED | 1, self->run->rflags);
}

/* RIP and the length of an instruction come from the module, not from the page. */
TEST_F(guest, skip_ignores_what_was_written_to_outputs)
{
	vcpu_code(&self->cpu, outs);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	self->run->insn_len = 200;
	self->run->rip = 0x1234567;
	self->run->rflags = ~0ULL;
	self->run->reason = 77;
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(0x1234, self->run->io.port);
}

TEST_HARNESS_MAIN
