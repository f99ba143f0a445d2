/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupt and exception handlers that are copied into the guest. Each writes
 * down what it saw in the log; interrupts, NMI, #DB and #BP then return,
 * exceptions go on where TRY said, and those nobody expected end the test.
 */
#include "guest.h"

#define RETURNS		0x0000000e	/* 1, 2, 3 */

	.section .rodata.guest, "a"

/* The CPU pushes an error code for these; for the others a 0 stands in. */
	.macro PUSH_ERROR vector
	.if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21
	nop
	nop
	.else
	push $0
	.endif
	.endm

/* stack: vector, error, rip, cs, rflags, rsp, ss */
	.code64
	.balign 16
	.globl guest_handlers_64, guest_handlers_64_end
guest_handlers_64:
	.set vector, 0
	.rept 256
	PUSH_ERROR vector
	.byte 0x68			/* push imm32 */
	.long vector
	.byte 0xe9			/* jmp rel32 */
	.long common_64 - (. + 4)
	.set vector, vector + 1
	.endr
common_64:
	push %rax
	push %rbx
	mov $1, %eax
	lock xadd %eax, GUEST_LOG + GUEST_LOG_COUNT
	and $GUEST_LOG_MAX - 1, %eax
	shl $6, %eax
	lea GUEST_LOG + GUEST_LOG_EVENTS(%rax), %rbx
	.set i, 0
	.rept 7
	mov 16 + 8 * i(%rsp), %rax
	mov %rax, 8 * i(%rbx)
	.set i, i + 1
	.endr
	mov %cr2, %rax
	mov %rax, 56(%rbx)
	mov 16(%rsp), %rbx
	cmp $32, %ebx
	jae 1f
	mov $RETURNS, %eax
	bt %ebx, %eax
	jc 1f
	xor %eax, %eax
	xchg %rax, GUEST_LOG + GUEST_LOG_RECOVER
	test %rax, %rax
	jz 2f
	mov %rax, 32(%rsp)
1:	pop %rbx
	pop %rax
	add $16, %rsp
	iretq
2:	mov $GUEST_PANIC_PORT, %edx
	out %eax, %dx
	cli
	hlt
	jmp 2b
guest_handlers_64_end:

/* stack: vector, error, eip, cs, eflags */
	.code32
	.balign 16
	.globl guest_handlers_32, guest_handlers_32_end
guest_handlers_32:
	.set vector, 0
	.rept 256
	PUSH_ERROR vector
	.byte 0x68
	.long vector
	.byte 0xe9
	.long common_32 - (. + 4)
	.set vector, vector + 1
	.endr
common_32:
	push %eax
	push %ebx
	mov $1, %eax
	lock xadd %eax, GUEST_LOG + GUEST_LOG_COUNT
	and $GUEST_LOG_MAX - 1, %eax
	shl $6, %eax
	lea GUEST_LOG + GUEST_LOG_EVENTS(%eax), %ebx
	.set i, 0
	.rept 5
	mov 8 + 4 * i(%esp), %eax
	mov %eax, 8 * i(%ebx)
	movl $0, 8 * i + 4(%ebx)
	.set i, i + 1
	.endr
	mov %cr2, %eax
	mov %eax, 56(%ebx)
	movl $0, 60(%ebx)
	mov 8(%esp), %ebx
	cmp $32, %ebx
	jae 1f
	mov $RETURNS, %eax
	bt %ebx, %eax
	jc 1f
	xor %eax, %eax
	xchg %eax, GUEST_LOG + GUEST_LOG_RECOVER
	test %eax, %eax
	jz 2f
	mov %eax, 16(%esp)
1:	pop %ebx
	pop %eax
	add $8, %esp
	iret
2:	mov $GUEST_PANIC_PORT, %edx
	out %eax, %dx
	cli
	hlt
	jmp 2b
guest_handlers_32_end:
	.code64

	.section .note.GNU-stack, "", @progbits
