/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMs and vCPUs for tests: the ioctls of linux/posada.h, called directly, so
 * that no library can hide what the module does.
 *
 * name() ends the test when the call is refused; __name() returns what the
 * call said: 0 or a file descriptor, or -errno.
 */
#ifndef SELFTESTS_VM_H
#define SELFTESTS_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <linux/posada.h>

#include "check.h"
#include "guest.h"

#define POSADA_DEVICE "/dev/posada"

struct vm {
	int device;
	int fd;
	uint8_t *ram;		/* guest-physical 0 .. GUEST_RAM_SIZE */
};

struct vcpu {
	struct vm *vm;
	int fd;
	size_t run_size;
	struct posada_run *run;
};

/* Any ioctl with a struct: the size in the number must be that of the struct. */
#define posada_ioctl(fd, request, argument) ({				\
	static_assert(sizeof(*(argument)) == _IOC_SIZE(request),	\
		      "the argument of " #request);			\
	__posada_ioctl(fd, request, (unsigned long)(argument));		\
})

static inline int __posada_ioctl(int fd, unsigned long request, unsigned long argument)
{
	int ret = ioctl(fd, request, argument);

	return ret < 0 ? -errno : ret;
}

/*
 * posada_missing: why no VM can be made on this machine, NULL if one can.  A
 * test that needs one says so with SKIP.
 */
const char *posada_missing(void);
int device_open(void);
struct posada_info device_info(int device);

/* One VM with GUEST_RAM_SIZE of memory at 0, filled with zeroes. */
void vm_create(struct vm *vm);
void vm_create_empty(struct vm *vm);	/* and one with no memory at all */
void vm_close(struct vm *vm);

int __vm_memory(struct vm *vm, struct posada_memory_op *ops, unsigned int nr, uint32_t *bad_op);
int __vm_map(struct vm *vm, uint64_t gpa, void *memory, size_t size, uint32_t flags);
void vm_map(struct vm *vm, uint64_t gpa, void *memory, size_t size, uint32_t flags);
int __vm_unmap(struct vm *vm, uint64_t gpa, size_t size);
void vm_unmap(struct vm *vm, uint64_t gpa, size_t size);
void *memory_get(size_t size);		/* zeroes, page aligned */

struct guest_log *vm_log(struct vm *vm);
const struct guest_event *vm_event(struct vm *vm, unsigned int i);

int __vcpu_create(struct vm *vm, struct vcpu *vcpu, uint32_t id);
void vcpu_create(struct vm *vm, struct vcpu *vcpu, uint32_t id);
void vcpu_close(struct vcpu *vcpu);

/* vcpu_run_to: run, and demand this exit; on another it tells what happened. */
int __vcpu_run(struct vcpu *vcpu);
int __vcpu_run_on(struct vcpu *vcpu);	/* again and again on EINTR */
void vcpu_run_to_at(struct vcpu *vcpu, uint32_t reason, const char *file, int line);
#define vcpu_run_to(vcpu, reason) vcpu_run_to_at(vcpu, reason, __FILE__, __LINE__)
int __vcpu_kick(struct vcpu *vcpu);
void vcpu_kick(struct vcpu *vcpu);
const char *exit_name(uint32_t reason);

int __vcpu_interrupt(struct vcpu *vcpu, struct posada_interrupt *interrupt);
void vcpu_interrupt(struct vcpu *vcpu, uint8_t vector);
void vcpu_nmi(struct vcpu *vcpu);
void vcpu_exception(struct vcpu *vcpu, uint8_t vector);
void vcpu_exception_error(struct vcpu *vcpu, uint8_t vector, uint32_t error, uint64_t payload);

struct posada_state vcpu_state(struct vcpu *vcpu, uint32_t groups);
int __vcpu_state_set(struct vcpu *vcpu, struct posada_state *state, uint32_t groups);
void vcpu_state_set(struct vcpu *vcpu, struct posada_state *state, uint32_t groups);
int __vcpu_msr_set(struct vcpu *vcpu, uint32_t index, uint64_t value);
void vcpu_msr_set(struct vcpu *vcpu, uint32_t index, uint64_t value);
uint64_t vcpu_msr(struct vcpu *vcpu, uint32_t index);
uint64_t vcpu_rip(struct vcpu *vcpu);
void vcpu_rip_set(struct vcpu *vcpu, uint64_t rip);
void vcpu_rflags_set(struct vcpu *vcpu, uint64_t rflags);
struct posada_stats vcpu_stats(struct vcpu *vcpu);

/* The modes a vCPU can be put in; code starts at GUEST_CODE_AT. */
void boot_real(struct vcpu *vcpu);
void boot_protected(struct vcpu *vcpu);		/* 32 bits, no paging */
void boot_paging32(struct vcpu *vcpu);		/* 32 bits, two-level paging */
void boot_pae(struct vcpu *vcpu);		/* 32 bits, PAE paging */
void boot_long(struct vcpu *vcpu);

/*
 * The same as values, for other drivers: @vm needs no more than its ram, and @state
 * begins as the BOOT_GROUPS after reset.
 */
#define BOOT_GROUPS	(POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL)
void boot_real_state(struct posada_state *state);
void boot_protected_state(struct vm *vm, struct posada_state *state);
void boot_long_state(struct vm *vm, struct posada_state *state);

void boot_tables(struct vm *vm);		/* GDT, TSS and page tables alone */
void boot_idt_gate(struct vm *vm, uint8_t vector, uint64_t handler, uint8_t ist);

#define RFLAGS_FIXED	0x2
#define RFLAGS_TF	0x100
#define RFLAGS_IF	0x200

/* vm_load: copy guest code to a place; vcpu_code: to where the vCPU starts. */
void vm_load(struct vm *vm, uint64_t gpa, const unsigned char *code, const unsigned char *end);
#define vcpu_code(vcpu, name)	vm_load((vcpu)->vm, GUEST_CODE_AT, name, name##_end)

#endif /* SELFTESTS_VM_H */
