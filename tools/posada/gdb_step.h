/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions that RFLAGS.TF does not step: they store it, replace it, or go
 * where it is clear.  A breakpoint where they lead to does.  Pure.
 */
#ifndef POSADA_GDB_STEP_H
#define POSADA_GDB_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/posada.h>

#include "gdb_memory.h"

/**
 * gdb_step_target() - is the instruction at rip one of these?
 * @memory: by guest-virtual address
 * @state: REGS, SEGMENTS, CONTROL
 * @lstar: IA32_LSTAR
 * @target: out: linear address of the instruction that comes next
 *
 * PUSHF, POPF, IRET, INT n, SYSCALL, SYSRET.  Return: false: step it with TF; also
 * if what it goes by cannot be read.
 */
bool gdb_step_target(const struct gdb_memory *memory, const struct posada_state *state,
		     uint64_t lstar, uint64_t *target);

#endif /* POSADA_GDB_STEP_H */
