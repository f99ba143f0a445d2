// SPDX-License-Identifier: GPL-2.0
/* Do INS and OUTS exit with what a program needs to do them itself? */
#include "guest_fixture.h"

static const uint32_t is_string = POSADA_IO_STRING;

GUEST_CODE(outsb,
"	mov $DATA + 0x123, %esi\n"
"	mov $0x3f8, %edx\n"
"	outsb\n"
"	hlt\n");

TEST_F(guest, outs_tells_where_its_element_lies)
{
	vcpu_code(&self->cpu, outsb);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(is_string, self->run->io.flags);
	EXPECT_EQ(0x3f8, self->run->io.port);
	EXPECT_EQ(1, self->run->io.width);
	EXPECT_EQ(GUEST_DATA + 0x123, self->run->io.gva);
	EXPECT_EQ(8, self->run->io.address_size);
	EXPECT_EQ(3, self->run->io.segment);
	EXPECT_EQ(1, self->run->insn_len);
	EXPECT_EQ(GUEST_DATA + 0x123, self->run->regs[POSADA_RSI]);
	self->run->regs[POSADA_RSI]++;
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(GUEST_DATA + 0x124, self->run->regs[POSADA_RSI]);
}

GUEST_CODE(rep_insw,
"	mov $DATA, %edi\n"
"	mov $3, %ecx\n"
"	mov $0x1f0, %edx\n"
"	rep insw\n"
"	mov DATA, %rax\n"
"	hlt\n");

TEST_F(guest, rep_ins_done_by_the_program_is_seen_by_the_guest)
{
	static const uint16_t words[3] = { 0x1111, 0x2222, 0x3333 };

	vcpu_code(&self->cpu, rep_insw);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(POSADA_IO_IN | POSADA_IO_STRING | POSADA_IO_REP, self->run->io.flags);
	EXPECT_EQ(0x1f0, self->run->io.port);
	EXPECT_EQ(2, self->run->io.width);
	EXPECT_EQ(GUEST_DATA, self->run->io.gva);
	EXPECT_EQ(0, self->run->io.segment);
	EXPECT_EQ(3, self->run->regs[POSADA_RCX]);
	memcpy(self->vm.ram + self->run->io.gva, words, sizeof(words));
	self->run->regs[POSADA_RDI] += sizeof(words);
	self->run->regs[POSADA_RCX] = 0;
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x333322221111, self->run->regs[POSADA_RAX]);
}

/* One element at a time: the instruction is executed again with the rest. */
TEST_F(guest, rep_ins_may_be_done_in_parts)
{
	unsigned int i;

	vcpu_code(&self->cpu, rep_insw);
	for (i = 3; i; i--) {
		vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
		ASSERT_EQ(i, self->run->regs[POSADA_RCX]);
		ASSERT_EQ(GUEST_DATA + 2 * (3 - i), self->run->io.gva);
		memset(self->vm.ram + self->run->io.gva, 0x40 + i, 2);
		self->run->regs[POSADA_RDI] += 2;
		self->run->regs[POSADA_RCX]--;
	}
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x414142424343, self->run->regs[POSADA_RAX]);
}

GUEST_CODE(fs_outsl,
"	mov $0x10, %esi\n"
"	mov $0x70, %edx\n"
"	std\n"
"	rep outsl %fs:(%rsi), %dx\n"
"	hlt\n");

TEST_F(guest, segment_override_and_direction)
{
	vcpu_code(&self->cpu, fs_outsl);
	vcpu_msr_set(&self->cpu, 0xc0000100, 0x21000);
	self->run->regs[POSADA_RCX] = 2;
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(POSADA_IO_STRING | POSADA_IO_REP, self->run->io.flags);
	EXPECT_EQ(4, self->run->io.width);
	EXPECT_EQ(4, self->run->io.segment);
	EXPECT_EQ(0x21010, self->run->io.gva);
	EXPECT_EQ(0x400, self->run->rflags & 0x400);
}

GUEST_CODE(addr32_outsw,
"	mov $0xffffffff00020008, %rsi\n"
"	mov $0x70, %edx\n"
"	outsw %ds:(%esi), %dx\n"
"	hlt\n");

TEST_F(guest, address_size_prefix)
{
	vcpu_code(&self->cpu, addr32_outsw);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(4, self->run->io.address_size);
	EXPECT_EQ(0x20008, self->run->io.gva);
}

/* What a page walk and a decoder need stands in the run page: no STATE_GET. */
TEST_F(guest, run_page_has_the_context_of_the_access)
{
	struct posada_state state;

	vcpu_code(&self->cpu, outsb);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	state = vcpu_state(&self->cpu, POSADA_STATE_CONTROL | POSADA_STATE_SEGMENTS);
	EXPECT_EQ(state.control.cr0, self->run->cr0);
	EXPECT_EQ(state.control.cr3, self->run->cr3);
	EXPECT_EQ(state.control.cr4, self->run->cr4);
	EXPECT_EQ(state.control.efer, self->run->efer);
	EXPECT_EQ(state.segments.cs.base, self->run->cs_base);
	EXPECT_EQ(state.segments.cs.access, self->run->cs_access);
	EXPECT_EQ(state.segments.ss.access, self->run->ss_access);
	EXPECT_EQ(state.segments.ds.base, self->run->ds_base);
	EXPECT_EQ(state.segments.es.base, self->run->es_base);
	EXPECT_EQ(GUEST_PML4, self->run->cr3);
}

GUEST_CODE_16(outsb16,
"	mov $0x2000, %ax\n"
"	mov %ax, %ds\n"
"	mov $0x0456, %si\n"
"	mov $0x3f8, %dx\n"
"	outsb\n"
"	hlt\n");

TEST_F(guest, real_mode_string_has_a_linear_address)
{
	boot_real(&self->cpu);
	vcpu_code(&self->cpu, outsb16);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(2, self->run->io.address_size);
	EXPECT_EQ(0x20456, self->run->io.gva);
	EXPECT_EQ(0x20000, self->run->ds_base);
}

TEST_HARNESS_MAIN
