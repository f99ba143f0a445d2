// SPDX-License-Identifier: GPL-2.0
/* Is every linear address the guest's, those included that the host itself uses? */
#include "guest_fixture.h"

#define TABLES 0xd0000

/* Every slot of the PML4 maps the same: what is written in one is read in another. */
GUEST_CODE(slots,
"	xor %ecx, %ecx\n"
"1:	mov %rcx, %rbx\n"
"	shl $39, %rbx\n"
"	shl $16, %rbx\n"		/* canonical: bit 47 upwards */
"	sar $16, %rbx\n"
"	mov %ecx, DATA(%rbx)\n"
"	mov DATA, %eax\n"
"	cmp %ecx, %eax\n"
"	jne 2f\n"
"	inc %ecx\n"
"	cmp $512, %ecx\n"
"	jb 1b\n"
"2:	mov $-8, %rbx\n"		/* the last bytes there are */
"	mov (%rbx), %rdx\n"
"	hlt\n");

TEST_F(guest, all_512_slots_and_the_last_page)
{
	static const uint64_t mark = 0x1234567890abcdef;
	uint64_t *pml4 = (uint64_t *)(self->vm.ram + GUEST_PML4);
	uint64_t *tables = (uint64_t *)(self->vm.ram + TABLES);
	unsigned int i;

	for (i = 1; i < 512; i++)
		pml4[i] = pml4[0];
	/* the last 2 MiB of the last gigabyte of the last slot: RAM at 0 */
	memcpy(tables, self->vm.ram + GUEST_PDPT, 0x1000);
	tables[511] = (TABLES + 0x1000) | 7;
	tables[512 + 511] = 0x87;
	pml4[511] = TABLES | 7;
	memcpy(self->vm.ram + GUEST_RAM_SIZE - 8, &mark, 8);
	vcpu_code(&self->cpu, slots);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(512, self->run->regs[POSADA_RCX]);
	EXPECT_EQ(mark, self->run->regs[POSADA_RDX]);
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

struct table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* A page of the guest at a linear address of our choice. */
static void map_page(struct vm *vm, uint64_t linear, uint64_t gpa, unsigned int set)
{
	uint64_t tables = TABLES + 0x3000 * set;
	uint64_t *table = (uint64_t *)(vm->ram + tables);

	((uint64_t *)(vm->ram + GUEST_PML4))[linear >> 39 & 511] = tables | 7;
	table[linear >> 30 & 511] = (tables + 0x1000) | 7;
	table[512 + (linear >> 21 & 511)] = (tables + 0x2000) | 7;
	table[1024 + (linear >> 12 & 511)] = gpa | 7;
}

GUEST_CODE(raises,
"	TRY raises_after\n"
"	ud2\n"
"raises_after:\n"
"	mov $0x66, %r15d\n"
"	hlt\n");

/* Where the host has its IDT the guest may have its own. */
TEST_F(guest, idt_at_the_address_of_the_hosts_idt)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS);
	uint32_t eax = 7, ebx, ecx = 0, edx;
	struct table idt;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (ecx & 4)
		SKIP(return, "UMIP hides where the host's IDT is");
	asm volatile("sidt %0" : "=m"(idt));
	ASSERT_EQ(1, idt.base >> 63);
	map_page(&self->vm, idt.base, GUEST_IDT, 0);
	state.segments.idtr.base = idt.base;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_SEGMENTS);
	vcpu_code(&self->cpu, raises);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x66, self->run->regs[POSADA_R15]);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(6, vm_event(&self->vm, 0)->vector);
}

TEST_HARNESS_MAIN
