/* SPDX-License-Identifier: GPL-2.0 */
/* A guest that goes through all modes of the processor. */
#ifndef SELFTESTS_JOURNEY_H
#define SELFTESTS_JOURNEY_H

#include "vm.h"

/* Linear 1 GiB is mapped to physical 0 in all page tables: so they are used. */
static inline void journey_map(struct vm *vm)
{
	uint64_t *pd = (uint64_t *)(vm->ram + GUEST_PD);
	uint32_t *pd32 = (uint32_t *)(vm->ram + GUEST_PD32);

	pd[512] = pd[0];
	pd32[256] = pd32[0];
}

/*
 * The long way from real to 64-bit mode and back.  Each stage writes to its own
 * port, with what it reads at 1 GiB + DATA in EBX where paging is on.
 */
GUEST_CODE_16(journey,
"	cli\n"
"	out %al, $0x80\n"
"	lgdtl %cs:(journey_gdtr - journey)\n"
"	mov %cr0, %eax\n"
"	or $1, %al\n"
"	mov %eax, %cr0\n"
"	ljmpl $" GUEST_STR(GUEST_CODE32) ", $(journey_protected - journey + CODE)\n"
"journey_gdtr:\n"
"	.word 0x57\n"
"	.long " GUEST_STR(GUEST_GDT) "\n"
"	.code32\n"
"journey_protected:\n"
"	mov $" GUEST_STR(GUEST_DATA32) ", %eax\n"
"	mov %eax, %ds\n"
"	mov %eax, %es\n"
"	mov %eax, %ss\n"
"	mov $STACK, %esp\n"
"	mov DATA, %ebx\n"
"	out %al, $0x81\n"
	/* two-level paging */
"	mov %cr4, %eax\n"
"	or $0x10, %eax\n"
"	mov %eax, %cr4\n"
"	mov $" GUEST_STR(GUEST_PD32) ", %eax\n"
"	mov %eax, %cr3\n"
"	mov %cr0, %eax\n"
"	or $0x80000000, %eax\n"
"	mov %eax, %cr0\n"
"	xor %ebx, %ebx\n"
"	mov 0x40000000 + DATA, %ebx\n"
"	out %al, $0x82\n"
"	mov %cr0, %eax\n"
"	and $0x7fffffff, %eax\n"
"	mov %eax, %cr0\n"
	/* PAE */
"	mov %cr4, %eax\n"
"	or $0x20, %eax\n"
"	mov %eax, %cr4\n"
"	mov $" GUEST_STR(GUEST_PAE_PDPT) ", %eax\n"
"	mov %eax, %cr3\n"
"	mov %cr0, %eax\n"
"	or $0x80000000, %eax\n"
"	mov %eax, %cr0\n"
"	xor %ebx, %ebx\n"
"	mov 0x40000000 + DATA, %ebx\n"
"	out %al, $0x83\n"
"	mov %cr0, %eax\n"
"	and $0x7fffffff, %eax\n"
"	mov %eax, %cr0\n"
	/* IA-32e: first compatibility mode, then 64 bits */
"	mov $" GUEST_STR(GUEST_PML4) ", %eax\n"
"	mov %eax, %cr3\n"
"	mov $0xc0000080, %ecx\n"
"	rdmsr\n"
"	or $0x100, %eax\n"
"	wrmsr\n"
"	mov %cr0, %eax\n"
"	or $0x80000000, %eax\n"
"	mov %eax, %cr0\n"
"	xor %ebx, %ebx\n"
"	mov 0x40000000 + DATA, %ebx\n"
"	out %al, $0x84\n"
"	ljmp $" GUEST_STR(GUEST_CODE64) ", $(journey_long - journey + CODE)\n"
"	.code64\n"
"journey_long:\n"
"	mov $0x40000000 + DATA, %ebx\n"
"	mov (%rbx), %rbx\n"
"	out %al, $0x85\n"
	/* and back */
"	push $" GUEST_STR(GUEST_CODE32) "\n"
"	lea journey_compatibility(%rip), %rax\n"
"	push %rax\n"
"	lretq\n"
"	.code32\n"
"journey_compatibility:\n"
"	mov %cr0, %eax\n"
"	and $0x7fffffff, %eax\n"
"	mov %eax, %cr0\n"
"	mov $0xc0000080, %ecx\n"
"	rdmsr\n"
"	and $~0x100, %eax\n"
"	wrmsr\n"
"	mov DATA, %ebx\n"
"	out %al, $0x86\n"
"	ljmp $" GUEST_STR(GUEST_CODE16) ", $(journey_16 - journey)\n"
"	.code16\n"
"journey_16:\n"
"	mov $" GUEST_STR(GUEST_DATA16) ", %ax\n"
"	mov %ax, %ds\n"
"	mov %ax, %ss\n"
"	mov %cr0, %eax\n"
"	and $0xfe, %al\n"
"	mov %eax, %cr0\n"
"	ljmp $0x1000, $(journey_real - journey)\n"
"journey_real:\n"
"	mov $DATA >> 4, %ax\n"
"	mov %ax, %ds\n"
"	mov 0, %ebx\n"
"	out %al, $0x87\n"
"	hlt\n");

#endif /* SELFTESTS_JOURNEY_H */
