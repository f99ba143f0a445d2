/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One VM entry, and the way back into a kernel whose registers the VM exit may have
 * loaded with anything that the rules allow.
 */
#include <linux/linkage.h>
#include <asm/msr-index.h>
#include <asm/segment.h>
#ifndef ENDBR
#include <asm/ibt.h>
#endif

#include "enter.h"

#define FIELD_HOST_RSP	0x6c14

	.text

/* int enter(const struct host_registers *host %rdi): 0, or 1 CF, 2 ZF */
SYM_FUNC_START(fuzz_enter)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	$FIELD_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	vmlaunch
	mov	$1, %ebx
	jc	.Lout
	mov	$2, %ebx
	jmp	.Lout

SYM_INNER_LABEL_ALIGN(fuzz_landing, SYM_L_GLOBAL)
	ENDBR
	xor	%ebx, %ebx
	mov	(%rsp), %rdi
	lgdt	SAVED_GDT(%rdi)
	lidt	SAVED_IDT(%rdi)
	mov	SAVED_CR4(%rdi), %rax
	mov	%rax, %cr4
	mov	SAVED_CR0(%rdi), %rax
	mov	%rax, %cr0
	pushq	$__KERNEL_CS
	lea	.Lkernel_cs(%rip), %rax
	push	%rax
	lretq
.Lkernel_cs:
	mov	SAVED_SS(%rdi), %eax
	mov	%eax, %ss
	mov	SAVED_DS(%rdi), %eax
	mov	%eax, %ds
	mov	SAVED_ES(%rdi), %eax
	mov	%eax, %es
	mov	SAVED_FS(%rdi), %eax
	mov	%eax, %fs
	mov	SAVED_GS(%rdi), %eax
	mov	%eax, %gs
	mov	$MSR_FS_BASE, %ecx
	mov	SAVED_FS_BASE(%rdi), %eax
	mov	SAVED_FS_BASE+4(%rdi), %edx
	wrmsr
	mov	$MSR_GS_BASE, %ecx
	mov	SAVED_GS_BASE(%rdi), %eax
	mov	SAVED_GS_BASE+4(%rdi), %edx
	wrmsr
.Lout:
	mov	%ebx, %eax
	pop	%rdi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET
SYM_FUNC_END(fuzz_enter)
