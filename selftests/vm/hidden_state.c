// SPDX-License-Identifier: GPL-2.0
/*
 * Does the hidden part of segment registers stay with the register, whatever
 * happens to the table it was loaded from, across exits and being saved?
 */
#include "guest_fixture.h"
#include "runner.h"

#define A 0x20000
#define B 0x30000

/*
 * FS from descriptor 6 with base A; then the descriptor gets base B.  Reads through
 * FS after an exit of every kind.
 */
GUEST_CODE_32(segment,
"	mov $0x30, %eax\n"
"	mov %eax, %fs\n"
"	movl $0x0000ffff, 0x1030\n"		/* base B, in GUEST_GDT */
"	movl $0x00cf9303, 0x1034\n"
"	mov %fs:0, %ebx\n"
"	out %al, $0x80\n"
"	mov %fs:0, %esi\n"
"	xor %eax, %eax\n"
"	cpuid\n"
"	mov %fs:0, %edi\n"
"	hlt\n");

TEST_F(guest, a_segment_keeps_the_base_it_was_loaded_with)
{
	static const uint64_t base_a = 0x00cf93020000ffff;
	static const uint32_t a = 0xaaaa, b = 0xbbbb, groups = POSADA_STATE_SEGMENTS;
	struct posada_state state;

	boot_protected(&self->cpu);
	memcpy(self->vm.ram + GUEST_GDT + 0x30, &base_a, 8);
	memcpy(self->vm.ram + A, &a, 4);
	memcpy(self->vm.ram + B, &b, 4);
	vcpu_code(&self->cpu, segment);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(a, self->run->regs[POSADA_RBX]);
	state = vcpu_state(&self->cpu, groups);
	EXPECT_EQ(A, state.segments.fs.base);
	EXPECT_EQ(0x30, state.segments.fs.selector);
	vcpu_state_set(&self->cpu, &state, groups);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(a, self->run->regs[POSADA_RSI]);
	EXPECT_EQ(a, self->run->regs[POSADA_RDI]);
}

/* "Unreal" mode: a limit of 4 GiB, loaded in protected mode, kept in real mode. */
GUEST_CODE_16(unreal,
"	cli\n"
"	lgdtl %cs:(unreal_gdtr - unreal)\n"
"	mov %cr0, %eax\n"
"	or $1, %al\n"
"	mov %eax, %cr0\n"
"	mov $" GUEST_STR(GUEST_DATA32) ", %bx\n"
"	mov %bx, %ds\n"
"	and $0xfe, %al\n"
"	mov %eax, %cr0\n"
"	xor %bx, %bx\n"
"	mov %bx, %ds\n"			/* base 0; the limit stays */
"	out %al, $0x80\n"
"	mov $0x180000, %esi\n"
"	addr32 mov (%esi), %edx\n"
"	hlt\n"
"unreal_gdtr:\n"
"	.word 0x57\n"
"	.long " GUEST_STR(GUEST_GDT) "\n");

TEST_F(guest, a_limit_of_4_gib_survives_in_real_mode)
{
	static const uint32_t far = 0xfa12fa12;

	boot_tables(&self->vm);
	boot_real(&self->cpu);
	memcpy(self->vm.ram + 0x180000, &far, 4);
	vcpu_code(&self->cpu, unreal);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(UINT32_MAX, vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS).segments.ds.limit);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(far, self->run->regs[POSADA_RDX]);
}

/* LTR marks the descriptor busy, in the guest's table; LLDT keeps what it read. */
GUEST_CODE(system_segments,
"	andb $~2, 0x104d\n"		/* not busy */
"	mov $" GUEST_STR(GUEST_TSS_SELECTOR) ", %eax\n"
"	ltr %ax\n"
"	mov 0x104d, %bl\n"
"	mov $0x30, %eax\n"
"	lldt %ax\n"
"	movq $0, 0x1030\n"
"	xor %eax, %eax\n"
"	cpuid\n"
"	out %al, $0x80\n"
"	sldt %r8d\n"
"	str %r9d\n"
"	hlt\n");

TEST_F(guest, tr_and_ldtr)
{
	static const uint64_t ldt[2] = { 0x00008202000000ff, 0 };
	struct posada_segments segments;

	memcpy(self->vm.ram + GUEST_GDT + 0x30, ldt, sizeof(ldt));
	vcpu_code(&self->cpu, system_segments);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	segments = vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS).segments;
	EXPECT_EQ(A, segments.ldtr.base);
	EXPECT_EQ(0xff, segments.ldtr.limit);
	EXPECT_EQ(0x30, segments.ldtr.selector);
	EXPECT_EQ(GUEST_TSS, segments.tr.base);
	EXPECT_EQ(0xb, segments.tr.access & 0xf);
	EXPECT_EQ(0x8b, self->vm.ram[GUEST_GDT + 0x4d]);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x30, self->run->regs[POSADA_R8] & 0xffff);
	EXPECT_EQ(GUEST_TSS_SELECTOR, self->run->regs[POSADA_R9] & 0xffff);
}

TEST_HARNESS_MAIN
