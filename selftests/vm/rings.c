// SPDX-License-Identifier: GPL-2.0
/*
 * Is a guest's ring 3 its ring 3 and its ring 0 its ring 0: selectors, tables,
 * privileges, and all that without an exit?
 */
#include "guest_fixture.h"

/* Ring 3 at a label, with interrupts on and IOPL 0; clobbers RAX. */
#define TO_RING_3(label)						\
	"	push $" GUEST_STR(GUEST_USER_DATA) "\n"			\
	"	push $STACK - 0x1000\n"					\
	"	push $0x202\n"						\
	"	push $" GUEST_STR(GUEST_USER_CODE64) "\n"		\
	"	lea " #label "(%rip), %rax\n"				\
	"	push %rax\n"						\
	"	iretq\n"						\
	#label ":\n"

static uint64_t exits_but_memory(struct vcpu *cpu)
{
	struct posada_stats stats = vcpu_stats(cpu);
	unsigned int i;
	uint64_t sum = 0;

	/* not the host's own: external interrupts, the timer; nor first touches */
	for (i = 0; i < POSADA_STATS_REASONS; i++)
		if (i != 0 && i != 1 && i != 48 && i != 52)
			sum += stats.exits[i];
	return sum;
}

GUEST_CODE(levels,
"	mov %cs, %r8d\n"
"	push $" GUEST_STR(GUEST_CODE64) "\n"
"	lar (%rsp), %r9d\n"
"	pop %rax\n"
	TO_RING_3(levels_user)
"	mov %cs, %r10d\n"
"	mov %ss, %r11d\n"
"	vmcall\n");

TEST_F(guest, current_privilege_level_is_visible_and_right)
{
	vcpu_code(&self->cpu, levels);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HYPERCALL);
	EXPECT_EQ(GUEST_CODE64, self->run->regs[POSADA_R8]);
	EXPECT_EQ(0x00a09b00, self->run->regs[POSADA_R9] & 0x00f0ff00);
	EXPECT_EQ(GUEST_USER_CODE64, self->run->regs[POSADA_R10]);
	EXPECT_EQ(GUEST_USER_DATA, self->run->regs[POSADA_R11]);
	EXPECT_EQ(1, exits_but_memory(&self->cpu));	/* the VMCALL */
}

GUEST_CODE(tables,
	TO_RING_3(tables_user)
"	sgdt DATA\n"
"	sidt DATA + 16\n"
"	sldt %r8d\n"
"	str %r9d\n"
"	smsw %r10\n"
"	vmcall\n");

TEST_F(guest, unprivileged_stores_show_the_guests_own_tables)
{
	const uint8_t *data = self->vm.ram + GUEST_DATA;
	uint64_t base;
	uint16_t limit;

	vcpu_code(&self->cpu, tables);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HYPERCALL);
	memcpy(&limit, data, 2);
	memcpy(&base, data + 2, 8);
	EXPECT_EQ(0x57, limit);
	EXPECT_EQ(GUEST_GDT, base);
	memcpy(&limit, data + 16, 2);
	memcpy(&base, data + 18, 8);
	EXPECT_EQ(0xfff, limit);
	EXPECT_EQ(GUEST_IDT, base);
	EXPECT_EQ(0, self->run->regs[POSADA_R8] & 0xffff);
	EXPECT_EQ(GUEST_TSS_SELECTOR, self->run->regs[POSADA_R9] & 0xffff);
	EXPECT_EQ(0x33, self->run->regs[POSADA_R10] & 0xffff);
	EXPECT_EQ(1, exits_but_memory(&self->cpu));
}

GUEST_CODE(popfs,
	TO_RING_3(popfs_user)
"	push $0x2\n"
"	popf\n"
"	pushf\n"
"	pop %r8\n"
"	push $0x3202\n"
"	popf\n"
"	pushf\n"
"	pop %r9\n"
"	vmcall\n");

/* IF and IOPL stay as they are, silently. */
TEST_F(guest, popf_in_ring_3_changes_neither_if_nor_iopl)
{
	vcpu_code(&self->cpu, popfs);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HYPERCALL);
	EXPECT_EQ(0x200, self->run->regs[POSADA_R8] & 0x3200);
	EXPECT_EQ(0x200, self->run->regs[POSADA_R9] & 0x3200);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

GUEST_CODE(privileged,
	TO_RING_3(privileged_user)
"	TRY privileged_1\n"
"	hlt\n"
"privileged_1:\n"
"	TRY privileged_2\n"
"	mov %cr3, %rbx\n"
"privileged_2:\n"
"	TRY privileged_3\n"
"	cli\n"
"privileged_3:\n"
"	TRY privileged_4\n"
"	mov $0x10, %ecx\n"
"	rdmsr\n"
"privileged_4:\n"
"	TRY privileged_5\n"
"	lgdt DATA\n"
"privileged_5:\n"
"	TRY privileged_6\n"
"	mov %dr0, %rbx\n"
"privileged_6:\n"
"	TRY privileged_7\n"
"	in $0x80, %al\n"
"privileged_7:\n"
"	mov $0x77, %r15d\n"
"	vmcall\n");

/* The I/O bitmap of the TSS lies beyond its limit: all ports are refused. */
TEST_F(guest, privileged_instructions_in_ring_3_are_gp_in_the_guest)
{
	unsigned int i;

	vcpu_code(&self->cpu, privileged);
	memset(self->vm.ram + GUEST_TSS + 102, 0xff, 2);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HYPERCALL);
	EXPECT_EQ(0x77, self->run->regs[POSADA_R15]);
	ASSERT_EQ(7, vm_log(&self->vm)->count);
	for (i = 0; i < 7; i++) {
		EXPECT_EQ(13, vm_event(&self->vm, i)->vector);
		EXPECT_EQ(0, vm_event(&self->vm, i)->error);
		EXPECT_EQ(GUEST_USER_CODE64, vm_event(&self->vm, i)->cs);
	}
	/*
	 * The VMCALL, and the MOV DR: its exit comes before the #GP (SDM 3C 26.1.3).
	 * It is the first of the stay; the instruction then faults by itself.
	 */
	EXPECT_EQ(1, vcpu_stats(&self->cpu).exits[29]);
	EXPECT_EQ(2, exits_but_memory(&self->cpu));
}

GUEST_CODE(supervisor,
	TO_RING_3(supervisor_user)
"	TRY supervisor_1\n"
"	mov 0x40000000, %eax\n"
"supervisor_1:\n"
"	TRY supervisor_2\n"
"	movl $1, 0x40000000\n"
"supervisor_2:\n"
"	TRY supervisor_3\n"
"	mov $0x40000000, %ebx\n"
"	jmp *%rbx\n"
"supervisor_3:\n"
"	mov $0x77, %r15d\n"
"	vmcall\n");

TEST_F(guest, supervisor_pages_are_page_faults_in_the_guest)
{
	uint64_t *pd = (uint64_t *)(self->vm.ram + GUEST_PD);

	pd[512] &= ~4ULL;		/* 1 GiB: supervisor */
	vcpu_code(&self->cpu, supervisor);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HYPERCALL);
	EXPECT_EQ(0x77, self->run->regs[POSADA_R15]);
	ASSERT_EQ(3, vm_log(&self->vm)->count);
	EXPECT_EQ(14, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(5, vm_event(&self->vm, 0)->error);
	EXPECT_EQ(0x40000000, vm_event(&self->vm, 0)->cr2);
	EXPECT_EQ(7, vm_event(&self->vm, 1)->error);
	EXPECT_EQ(14, vm_event(&self->vm, 2)->vector);
	EXPECT_EQ(5, vm_event(&self->vm, 2)->error & 5);
	EXPECT_EQ(1, exits_but_memory(&self->cpu));
}

TEST_HARNESS_MAIN
