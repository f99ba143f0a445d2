/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From VMX root to non-root operation and back (SDM 3C chapters 27 and 28).
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>
#include <asm/segment.h>
#include <asm/unwind_hints.h>
#ifndef ENDBR
#include <asm/ibt.h>
#endif

#define FIELD_HOST_RSP	0x6c14

#define REG(n)		((n) * 8)(%rdi)

#ifndef X86_FEATURE_CLEAR_CPU_BUF
#error "this kernel has no VERW mitigation to follow"
#endif

	.section .noinstr.text, "ax"

/* int vmenter(u64 *regs %rdi, unsigned long *host_rsp %rsi, bool launched %edx) */
SYM_FUNC_START(vmenter)
	push	%rbp
	mov	%rsp, %rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdi

	/* The stack is as deep as last time unless the thread changed. */
	cmp	%rsp, (%rsi)
	je	.Lrsp_written
	mov	$FIELD_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	mov	%rsp, (%rsi)
.Lrsp_written:

	/* CF survives the moves and VERW, which writes ZF. */
	bt	$0, %edx

	mov	REG(0), %rax
	mov	REG(1), %rcx
	mov	REG(2), %rdx
	mov	REG(3), %rbx
	mov	REG(5), %rbp
	mov	REG(6), %rsi
	mov	REG(8), %r8
	mov	REG(9), %r9
	mov	REG(10), %r10
	mov	REG(11), %r11
	mov	REG(12), %r12
	mov	REG(13), %r13
	mov	REG(14), %r14
	mov	REG(15), %r15
	mov	REG(7), %rdi

	/* MDS and its kin: nothing of the host stays in CPU buffers. */
	ALTERNATIVE "jmp .Lno_verw", "", X86_FEATURE_CLEAR_CPU_BUF
	verw	verw_selector(%rip)
.Lno_verw:
#ifdef X86_FEATURE_CLEAR_CPU_BUF_VM
	ALTERNATIVE "jmp .Lno_verw_vm", "", X86_FEATURE_CLEAR_CPU_BUF_VM
	verw	verw_selector(%rip)
.Lno_verw_vm:
#endif

	UNWIND_HINT_SAVE
	jc	.Lresume
.Llaunch:
	vmlaunch
	jmp	.Lfailed
.Lresume:
	vmresume
	jmp	.Lfailed
	_ASM_EXTABLE(.Llaunch, .Lfailed)
	_ASM_EXTABLE(.Lresume, .Lfailed)

SYM_INNER_LABEL_ALIGN(vmexit_landing, SYM_L_GLOBAL)
	UNWIND_HINT_RESTORE
	ENDBR
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, REG(0)
	mov	%rcx, REG(1)
	mov	%rdx, REG(2)
	mov	%rbx, REG(3)
	mov	%rbp, REG(5)
	mov	%rsi, REG(6)
	pop	REG(7)
	mov	%r8, REG(8)
	mov	%r9, REG(9)
	mov	%r10, REG(10)
	mov	%r11, REG(11)
	mov	%r12, REG(12)
	mov	%r13, REG(13)
	mov	%r14, REG(14)
	mov	%r15, REG(15)
	xor	%ebx, %ebx

.Lout:
	/*
	 * %ebx is the answer.  Everything else the guest left is dropped before
	 * the first RET and the first indirect branch.
	 */
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d

	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, \
			   X86_FEATURE_RSB_VMEXIT_LITE

	/* BHI.  Where it has another name the loop is closed to us; see mitigate_init(). */
#ifdef X86_FEATURE_CLEAR_BHB_LOOP_ON_VMEXIT
	ALTERNATIVE "", "call clear_bhb_loop", X86_FEATURE_CLEAR_BHB_LOOP_ON_VMEXIT
#endif

	/* Legacy IBRS must be written again after a less privileged mode ran. */
	ALTERNATIVE "jmp .Lno_ibrs", "", X86_FEATURE_KERNEL_IBRS
	mov	$MSR_IA32_SPEC_CTRL, %ecx
	mov	PER_CPU_VAR(x86_spec_ctrl_current), %rax
	mov	%rax, %rdx
	shr	$32, %rdx
	wrmsr
	lfence
.Lno_ibrs:
	mov	%ebx, %eax

	pop	%rdi
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET

.Lfailed:
	mov	$1, %ebx
	jmp	.Lout
SYM_FUNC_END(vmenter)

	.section .rodata, "a"
	.balign 2
SYM_DATA_LOCAL(verw_selector, .word __KERNEL_DS)
