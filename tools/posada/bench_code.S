/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmark guest executes; it is copied to BENCH_CODE.
 *
 * Each piece: RDI where results go, RSI how often, R10 parameter, R11 stride.
 * The operation is bracketed by RDTSC, so that two of them cost what
 * bench_nothing tells.
 */
	.section .rodata

.macro MEASURE name, prepare, op
bench_\name:
1:	\prepare
	rdtsc
	mov	%eax, %r8d
	\op
	rdtsc
	sub	%r8d, %eax
	mov	%rax, (%rdi)
	add	$8, %rdi
	dec	%rsi
	jnz	1b
	out	%al, $0xf6
/* The same once between two marks for a tracer, after RSI times to get warm. */
mark_\name:
1:	\prepare
	\op
	dec	%rsi
	jnz	1b
	\prepare
	xchg	%bx, %bx
	\op
	xchg	%bx, %bx
	out	%al, $0xf6
.endm

	.globl	bench_code_start
bench_code_start:
MEASURE nothing,    "nop", ""
MEASURE cpuid,      "nop", "xor %eax, %eax; xor %ecx, %ecx; cpuid"
MEASURE vmcall,     "nop", "vmcall"
MEASURE rdmsr,      "mov %r10d, %ecx", "rdmsr"
MEASURE wrmsr,      "mov %r10d, %ecx; rdmsr; mov %eax, %r12d; mov %edx, %r13d", \
		    "mov %r12d, %eax; mov %r13d, %edx; wrmsr"
MEASURE out,        "nop", "out %al, $0xf5"
MEASURE in,         "nop", "in $0xf5, %al"
MEASURE out_device, "mov $0xff, %al", "out %al, $0x21"
MEASURE mmio_write, "nop", "mov %eax, (%r10)"
MEASURE mmio_read,  "nop", "mov (%r10), %eax"
MEASURE hlt,        "nop", "hlt"
MEASURE touch,      "add %r11, %r10", "mov %eax, (%r10)"

/* When it is, next to an exit on either side. */
bench_stamp:
1:	rdtsc
	mov	%eax, (%rdi)
	mov	%edx, 4(%rdi)
	add	$8, %rdi
	out	%al, $0xf5
	dec	%rsi
	jnz	1b
	out	%al, $0xf6

bench_interrupt:
1:	sti
	hlt
	cli
	dec	%rsi
	jnz	1b
	out	%al, $0xf6

	.globl	bench_interrupt_handler
bench_interrupt_handler:
	rdtsc
	mov	%eax, (%rdi)
	mov	%edx, 4(%rdi)
	add	$8, %rdi
	iretq

	.globl	bench_code_end
bench_code_end:

/* By enum bench_code. */
	.balign	8
	.globl	bench_code_table
bench_code_table:
	.quad	bench_nothing - bench_code_start
	.quad	bench_cpuid - bench_code_start
	.quad	bench_vmcall - bench_code_start
	.quad	bench_rdmsr - bench_code_start
	.quad	bench_wrmsr - bench_code_start
	.quad	bench_out - bench_code_start
	.quad	bench_in - bench_code_start
	.quad	bench_out_device - bench_code_start
	.quad	bench_mmio_write - bench_code_start
	.quad	bench_mmio_read - bench_code_start
	.quad	bench_hlt - bench_code_start
	.quad	bench_touch - bench_code_start
	.quad	bench_stamp - bench_code_start
	.quad	bench_interrupt - bench_code_start

/* Likewise, of those that begin with MEASURE. */
	.globl	bench_mark_table
bench_mark_table:
	.quad	mark_nothing - bench_code_start
	.quad	mark_cpuid - bench_code_start
	.quad	mark_vmcall - bench_code_start
	.quad	mark_rdmsr - bench_code_start
	.quad	mark_wrmsr - bench_code_start
	.quad	mark_out - bench_code_start
	.quad	mark_in - bench_code_start
	.quad	mark_out_device - bench_code_start
	.quad	mark_mmio_write - bench_code_start
	.quad	mark_mmio_read - bench_code_start
	.quad	mark_hlt - bench_code_start

	.section .note.GNU-stack, "", @progbits
