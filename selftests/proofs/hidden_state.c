// SPDX-License-Identifier: GPL-2.0
/*
 * Hidden state: does the part of segment registers that software cannot read stay with the
 * register, whatever happens to the table it was loaded from: across exits, a move to
 * another CPU, and being taken to another VM?
 */
#include <sched.h>

#include "proof_fixture.h"

#define A 0x20000
#define B 0x30000

/* What happens to the vCPU while the guest is at its OUT. */
static void change_cpu(struct proof *p)
{
	cpu_set_t all, one;
	int cpu;

	(void)p;
	require(sched_getaffinity(0, sizeof(all), &all) == 0);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && cpu != sched_getcpu())
			break;
	if (cpu == CPU_SETSIZE)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	require(sched_setaffinity(0, sizeof(one), &one) == 0);
}

static void save_and_restore(struct proof *p)
{
	const uint32_t groups = POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL;
	struct posada_state state = proof_state(p, groups);

	proof_state_set(p, &state, groups);
}

/* The OUT has not happened yet: in the new VM it is reported again. */
static void take_elsewhere(struct proof *p)
{
	proof_move(p);
	proof_run(p);
}

static void (*const troubles[])(struct proof *p) = {
	change_cpu, save_and_restore, take_elsewhere,
};

/*
 * DS and FS from descriptor 6 with base A; then the descriptor gets base B.  Reads
 * through them after exits.
 */
GUEST_CODE_32(segment,
"	mov $0x30, %eax\n"
"	mov %eax, %fs\n"
"	mov %eax, %ds\n"
"	movl $0x0000ffff, %es:0x1030\n"	/* base B, in GUEST_GDT */
"	movl $0x00cf9303, %es:0x1034\n"
"	xor %esi, %esi\n"
"	mov $4, %ebp\n"
"1:	out %al, $0x80\n"
"	add %fs:0, %esi\n"
"	add 0, %esi\n"
"	xor %eax, %eax\n"
"	cpuid\n"
"	add %fs:0, %esi\n"
"	dec %ebp\n"
"	jnz 1b\n"
"	out %al, $0x80\n");

TEST_F(proof, a_segment_keeps_the_base_it_was_loaded_with)
{
	static const uint64_t base_a = 0x00cf93020000ffff;
	static const uint32_t a = 0xaaaa, b = 0xbbbb;
	struct posada_state state = proof_state(&self->p, BOOT_GROUPS);
	uint8_t *ram = self->p.vm.ram;
	unsigned int i;

	boot_protected_state(&self->p.vm, &state);
	proof_state_set(&self->p, &state, BOOT_GROUPS);
	memcpy(ram + GUEST_GDT + 0x30, &base_a, 8);
	memcpy(ram + A, &a, 4);
	memcpy(ram + B, &b, 4);
	proof_code(&self->p, segment);
	proof_run(&self->p);
	for (i = 0; i < 4; i++) {
		state = proof_state(&self->p, POSADA_STATE_SEGMENTS);
		EXPECT_EQ(A, state.segments.fs.base);
		EXPECT_EQ(0x30, state.segments.fs.selector);
		EXPECT_EQ(A, state.segments.ds.base);
		if (i < ARRAY_SIZE(troubles))
			troubles[i](&self->p);
		proof_run_on(&self->p);
	}
	self->run = self->p.run;
	EXPECT_EQ(12 * a, self->run->regs[POSADA_RSI]);
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
"	mov $4, %cx\n"
"	mov $0x180000, %esi\n"
"1:	out %al, $0x80\n"
"	addr32 add (%esi), %edx\n"
"	dec %cx\n"
"	jnz 1b\n"
"	out %al, $0x80\n"
"unreal_gdtr:\n"
"	.word 0x57\n"
"	.long " GUEST_STR(GUEST_GDT) "\n");

TEST_F(proof, a_limit_of_4_gib_survives_in_real_mode)
{
	static const uint32_t far = 0x12fa12fa;
	struct posada_state state = proof_state(&self->p, BOOT_GROUPS);
	unsigned int i;

	boot_tables(&self->p.vm);
	boot_real_state(&state);
	proof_state_set(&self->p, &state, BOOT_GROUPS);
	memcpy(self->p.vm.ram + 0x180000, &far, 4);
	proof_code(&self->p, unreal);
	proof_run(&self->p);
	for (i = 0; i < 4; i++) {
		state = proof_state(&self->p, POSADA_STATE_SEGMENTS);
		EXPECT_EQ(UINT32_MAX, state.segments.ds.limit);
		if (i < ARRAY_SIZE(troubles))
			troubles[i](&self->p);
		proof_run_on(&self->p);
	}
	EXPECT_EQ(4 * far, self->p.run->regs[POSADA_RDX]);
}

/* LTR marks the descriptor busy, in the guest's table; LLDT keeps what it read. */
GUEST_CODE(system_segments,
"	andb $~2, 0x104d\n"		/* not busy */
"	mov $" GUEST_STR(GUEST_TSS_SELECTOR) ", %eax\n"
"	ltr %ax\n"
"	mov $0x30, %eax\n"
"	lldt %ax\n"
"	movq $0, 0x1030\n"
"	mov $4, %r12d\n"
"1:	xor %eax, %eax\n"
"	cpuid\n"
"	out %al, $0x80\n"
"	dec %r12d\n"
"	jnz 1b\n"
"	sldt %r8d\n"
"	str %r9d\n"
	PROOF_END);

TEST_F(proof, tr_and_ldtr)
{
	static const uint64_t ldt[2] = { 0x00008202000000ff, 0 };
	struct posada_segments segments;
	unsigned int i;

	memcpy(self->p.vm.ram + GUEST_GDT + 0x30, ldt, sizeof(ldt));
	proof_code(&self->p, system_segments);
	proof_run(&self->p);
	for (i = 0; i < 4; i++) {
		segments = proof_state(&self->p, POSADA_STATE_SEGMENTS).segments;
		EXPECT_EQ(A, segments.ldtr.base);
		EXPECT_EQ(0xff, segments.ldtr.limit);
		EXPECT_EQ(0x30, segments.ldtr.selector);
		EXPECT_EQ(GUEST_TSS, segments.tr.base);
		EXPECT_EQ(0xb, segments.tr.access & 0xf);
		EXPECT_EQ(0x8b, self->p.vm.ram[GUEST_GDT + 0x4d]);
		if (i < ARRAY_SIZE(troubles))
			troubles[i](&self->p);
		proof_run_on(&self->p);
	}
	EXPECT_EQ(0x30, self->p.run->regs[POSADA_R8] & 0xffff);
	EXPECT_EQ(GUEST_TSS_SELECTOR, self->p.run->regs[POSADA_R9] & 0xffff);
}

TEST_HARNESS_MAIN
