/* SPDX-License-Identifier: GPL-2.0 */
/* What a vCPU is doing: its registers, the instruction at hand, its last exits. */
#ifndef POSADA_REPORT_VCPU_H
#define POSADA_REPORT_VCPU_H

#include <stdio.h>

#include <jansson.h>

struct vm;

/*
 * Those that look at the vCPU are for the vCPU thread, or for any while it does
 * not run the guest.
 */

/**
 * report_regs() - registers, as hexadecimal text; "flags" has bits by name and
 * "instruction" the one at rip
 *
 * Return: a new reference; with "error" alone if the driver refuses.
 */
json_t *report_regs(struct vm *vm);

/** report_regs_print() - the same for people */
void report_regs_print(FILE *file, const json_t *regs);

/**
 * report_exits() - the last exits, oldest first
 *
 * "launcher" has those that came to the launcher; "driver" all of them, if the
 * driver logs them.  Return: a new reference.
 */
json_t *report_exits(struct vm *vm);

/** report_exits_print() - the same for people */
void report_exits_print(FILE *file, const json_t *exits);

#endif /* POSADA_REPORT_VCPU_H */
