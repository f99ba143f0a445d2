/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What guest code and the test around it agree on: where things lie in guest
 * memory, which ports mean what, and how a piece of assembly gets there.
 *
 * Guest-physical memory, which linear addresses equal in every mode:
 *
 *	0x00000	real-mode interrupt vectors
 *	0x01000	GDT
 *	0x02000	IDT
 *	0x03000	TSS
 *	0x04000	page tables (see boot.c)
 *	0x0c000	log of handled interrupts and exceptions
 *	0x0d000	handlers (see handlers.S)
 *	0x10000	code
 *	0x20000	data, free for the test
 *	0x90000	top of the stack, which grows down
 */
#ifndef SELFTESTS_GUEST_H
#define SELFTESTS_GUEST_H

#define GUEST_GDT		0x1000
#define GUEST_IDT		0x2000
#define GUEST_TSS		0x3000
#define GUEST_PML4		0x4000
#define GUEST_PDPT		0x5000
#define GUEST_PD		0x6000	/* four pages */
#define GUEST_PAE_PDPT		0xa000
#define GUEST_PD32		0xb000
#define GUEST_LOG		0xc000
#define GUEST_HANDLERS		0xd000
#define GUEST_CODE_AT		0x10000
#define GUEST_DATA		0x20000
#define GUEST_STACK		0x90000
#define GUEST_STACK0		0xa0000	/* of the TSS: entered from ring 3 */
#define GUEST_IST1		0xb0000
#define GUEST_IST2		0xc0000
#define GUEST_RAM_SIZE		0x200000

/* selectors */
#define GUEST_CODE64		0x08
#define GUEST_DATA32		0x10
#define GUEST_CODE32		0x18
#define GUEST_CODE16		0x20
#define GUEST_DATA16		0x28
#define GUEST_USER_CODE32	0x33
#define GUEST_USER_DATA		0x3b
#define GUEST_USER_CODE64	0x43
#define GUEST_TSS_SELECTOR	0x48

/* An exception that no TRY expected: the handler writes to this port. */
#define GUEST_PANIC_PORT	0xdead

/* struct guest_log */
#define GUEST_LOG_COUNT		0
#define GUEST_LOG_RECOVER	8
#define GUEST_LOG_EVENTS	64
#define GUEST_LOG_MAX		32

#ifndef __ASSEMBLER__

#include <stdint.h>

struct guest_event {
	uint64_t vector;
	uint64_t error;
	uint64_t rip;
	uint64_t cs;
	uint64_t rflags;
	uint64_t rsp;
	uint64_t ss;
	uint64_t cr2;
};

/* The handlers append to it; older entries are overwritten after 32. */
struct guest_log {
	uint32_t count;
	uint32_t unused;
	uint64_t recover;
	uint64_t reserved[6];
	struct guest_event event[GUEST_LOG_MAX];
};

#define GUEST_STR_(x)	#x
#define GUEST_STR(x)	GUEST_STR_(x)

/*
 * TRY label: if the next instructions raise an exception, go on at the label
 * (64-bit: clobbers RAX; 32-bit: clobbers EAX, and wants the code at CODE).
 */
asm(
"	.set LOG, " GUEST_STR(GUEST_LOG) "\n"
"	.set COUNT, LOG + " GUEST_STR(GUEST_LOG_COUNT) "\n"
"	.set RECOVER, LOG + " GUEST_STR(GUEST_LOG_RECOVER) "\n"
"	.set CODE, " GUEST_STR(GUEST_CODE_AT) "\n"
"	.set DATA, " GUEST_STR(GUEST_DATA) "\n"
"	.set STACK, " GUEST_STR(GUEST_STACK) "\n"
"	.macro TRY label\n"
"	lea \\label(%rip), %rax\n"
"	mov %rax, RECOVER\n"
"	.endm\n"
"	.macro TRY32 label, start\n"
"	movl $\\label - \\start + CODE, RECOVER\n"
"	movl $0, RECOVER + 4\n"
"	.endm\n"
);

/*
 * A piece of guest code beside the test: an array @name, and @name_end. It is
 * copied into the guest, so it may refer to its own labels only.
 */
#define GUEST_CODE_BITS(bits, name, text)				\
	asm("	.pushsection .rodata.guest, \"a\"\n"			\
	    "	.balign 16\n"						\
	    #name ":\n"							\
	    "	.code" #bits "\n"					\
	    text							\
	    "	.code64\n"						\
	    #name "_end:\n"						\
	    "	.popsection\n");					\
	extern const unsigned char name[], name##_end[]

#define GUEST_CODE(name, text)		GUEST_CODE_BITS(64, name, text)
#define GUEST_CODE_32(name, text)	GUEST_CODE_BITS(32, name, text)
#define GUEST_CODE_16(name, text)	GUEST_CODE_BITS(16, name, text)

/* A label inside such a piece, and its address once loaded. */
#define GUEST_LABEL(name)		extern const unsigned char name[]
#define guest_address(code, label)					\
	(GUEST_CODE_AT + (uint64_t)((uintptr_t)(label) - (uintptr_t)(code)))

/* handlers.S */
extern const unsigned char guest_handlers_64[], guest_handlers_64_end[];
extern const unsigned char guest_handlers_32[], guest_handlers_32_end[];

/* Bytes from the handler of one vector to the next. */
#define GUEST_HANDLER_STRIDE	12

#endif /* __ASSEMBLER__ */

#endif /* SELFTESTS_GUEST_H */
