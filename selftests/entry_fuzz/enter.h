/* SPDX-License-Identifier: GPL-2.0 */
/* What enter.S puts back first, and where it finds it. */
#ifndef ENTRY_FUZZ_ENTER_H
#define ENTRY_FUZZ_ENTER_H

#define SAVED_GDT     0
#define SAVED_IDT     16
#define SAVED_CR0     32
#define SAVED_CR4     40
#define SAVED_FS_BASE 48
#define SAVED_GS_BASE 56
#define SAVED_SS      64
#define SAVED_DS      68
#define SAVED_ES      72
#define SAVED_FS      76
#define SAVED_GS      80

#ifndef __ASSEMBLY__
#include <linux/types.h>
#include <asm/desc_defs.h>

struct host_registers {
	struct desc_ptr gdt __aligned(16);
	struct desc_ptr idt __aligned(16);
	u64 cr0;
	u64 cr4;
	u64 fs_base;
	u64 gs_base;
	u32 ss;
	u32 ds;
	u32 es;
	u32 fs;
	u32 gs;
	u32 ldt;
};

/*
 * One VMLAUNCH with the current VMCS, interrupts off.
 * Return: 0 after a VM exit (also one that says that the entry failed), 1 if there
 * was no current VMCS, 2 if VM_INSTRUCTION_ERROR says why not.
 */
int fuzz_enter(const struct host_registers *host);

void fuzz_landing(void); /* HOST_RIP */
#endif

#endif /* ENTRY_FUZZ_ENTER_H */
