/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest-linear memory as the guest's own accesses see it: translated by its
 * page tables, page by page, to RAM or to a device.  vCPU thread only.
 */
#ifndef POSADA_LINEAR_H
#define POSADA_LINEAR_H

#include <stdint.h>

struct vm;

/* What came of an access. */
#define LINEAR_OK    0
#define LINEAR_FAULT 1000 /* an exception is queued: run again without skipping */
#define LINEAR_STUCK 1001 /* vm_end() was called */

/**
 * linear_read() - read memory as the guest would
 * @vm: after an exit that has filled cr0..es_base of the run page
 * @linear: guest-linear address
 * @to: out
 * @len: bytes
 * @access: WALK_READ, WALK_WRITE (read now, to be written next) or WALK_EXEC
 */
int linear_read(struct vm *vm, uint64_t linear, void *to, unsigned int len, uint32_t access);

/** linear_write() - write memory as the guest would */
int linear_write(struct vm *vm, uint64_t linear, const void *from, unsigned int len);

/** linear_writable() - whether linear_write() would succeed, without writing */
int linear_writable(struct vm *vm, uint64_t linear, unsigned int len);

/** vcpu_fault() - queue #GP(0), or another exception with an error code of 0 */
int vcpu_fault(struct vm *vm, uint32_t vector);

/** vcpu_undefined() - queue #UD */
int vcpu_undefined(struct vm *vm);

#endif /* POSADA_LINEAR_H */
