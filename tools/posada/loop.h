/* SPDX-License-Identifier: GPL-2.0 */
/* The vCPU loop: run the guest, do what its exits ask for. */
#ifndef POSADA_LOOP_H
#define POSADA_LOOP_H

#include <stdbool.h>

struct vm;

/** loop_run() - run the guest until vm->end is set; the vCPU thread's whole life */
void loop_run(struct vm *vm);

/*
 * Exit handlers (exit_*.c): finish the exit, so that the guest can run on.  What
 * stops it calls vm_end().
 */
void exit_io(struct vm *vm);
void exit_mmio(struct vm *vm);
void exit_rdmsr(struct vm *vm);
void exit_wrmsr(struct vm *vm);
void exit_hlt(struct vm *vm);
void exit_trap(struct vm *vm);
void exit_terminated(struct vm *vm);
void exit_task_switch(struct vm *vm);

#endif /* POSADA_LOOP_H */
