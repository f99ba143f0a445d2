// SPDX-License-Identifier: GPL-2.0
/* Does an access where no memory is mapped exit, before it happened, with all the facts? */
#include "guest_fixture.h"

#define NOWHERE 0x300000

GUEST_CODE(reads,
"	mov $0x300124, %ebx\n"
"reads_load:\n"
"	mov (%rbx), %eax\n"
"reads_done:\n"
"	hlt\n");
GUEST_LABEL(reads_load);
GUEST_LABEL(reads_done);

TEST_F(guest, read)
{
	vcpu_code(&self->cpu, reads);
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	EXPECT_EQ(NOWHERE + 0x124, self->run->mmio.gpa);
	EXPECT_EQ(NOWHERE + 0x124, self->run->mmio.gva);
	EXPECT_EQ(POSADA_ACCESS_READ | POSADA_ACCESS_GVA, self->run->mmio.flags);
	EXPECT_EQ(0, self->run->mmio.error);
	EXPECT_EQ(48, self->run->hw_reason);
	EXPECT_EQ(0, self->run->insn_len);
	EXPECT_EQ(guest_address(reads, reads_load), self->run->rip);
	self->run->regs[POSADA_RAX] = 0xcafe;
	self->run->rip = guest_address(reads, reads_done);
	self->run->apply = POSADA_APPLY_RIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0xcafe, self->run->regs[POSADA_RAX]);
}

GUEST_CODE(writes,
"	movq $0x1234, 0x300ff8\n"
"	hlt\n");

TEST_F(guest, write)
{
	vcpu_code(&self->cpu, writes);
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	EXPECT_EQ(NOWHERE + 0xff8, self->run->mmio.gpa);
	EXPECT_EQ(POSADA_ACCESS_WRITE | POSADA_ACCESS_GVA, self->run->mmio.flags);
	EXPECT_EQ(GUEST_CODE_AT, self->run->rip);
}

GUEST_CODE(jumps,
"	mov $0x300040, %eax\n"
"	jmp *%rax\n");

TEST_F(guest, exec)
{
	vcpu_code(&self->cpu, jumps);
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	EXPECT_EQ(NOWHERE + 0x40, self->run->mmio.gpa);
	EXPECT_EQ(POSADA_ACCESS_EXEC, self->run->mmio.flags & (POSADA_ACCESS_READ |
		  POSADA_ACCESS_WRITE | POSADA_ACCESS_EXEC | POSADA_ACCESS_EVENT));
	EXPECT_EQ(NOWHERE + 0x40, self->run->rip);
}

GUEST_CODE(walks,
"	mov $0x8000003000, %rbx\n"
"	mov (%rbx), %rax\n"
"	hlt\n");

/* The second entry of the PML4 points to where no memory is. */
TEST_F(guest, page_walk)
{
	uint64_t *pml4 = (uint64_t *)(self->vm.ram + GUEST_PML4);

	pml4[1] = 0x40000000 | 7;
	vcpu_code(&self->cpu, walks);
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	EXPECT_EQ(0x40000000, self->run->mmio.gpa);
	EXPECT_EQ(0x8000003000, self->run->mmio.gva);
	EXPECT_EQ(POSADA_ACCESS_GVA | POSADA_ACCESS_WALK, self->run->mmio.flags &
		  (POSADA_ACCESS_GVA | POSADA_ACCESS_WALK | POSADA_ACCESS_EXEC));
}

TEST_F(guest, run_page_has_the_context_of_the_access)
{
	struct posada_state state;

	vcpu_code(&self->cpu, reads);
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
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
}

/* Nothing of the instruction has happened: it can be done by giving it memory. */
TEST_F(guest, mapping_the_page_lets_the_instruction_through)
{
	uint8_t *page = memory_get(0x1000);

	vcpu_code(&self->cpu, reads);
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	memcpy(page + 0x124, "\x78\x56\x34\x12", 4);
	vm_map(&self->vm, NOWHERE, page, 0x1000, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x12345678, self->run->regs[POSADA_RAX]);
}

TEST_HARNESS_MAIN
