/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A driver: what runs guests, as the launcher sees it.
 *
 * The words are those of <linux/posada.h>: the exit record is a struct
 * posada_run, state is a struct posada_state.  A driver that speaks otherwise
 * translates on its side of this interface, and nothing else has to know, but for
 * one thing: KVM executes the instructions that access ports and devices itself.
 * See struct driver_data.
 *
 * Every function returns 0 or a negative errno.
 */
#ifndef POSADA_DRIVER_H
#define POSADA_DRIVER_H

#include <stdint.h>

#include "libposada.h"

struct driver_vm;
struct explanation;
struct driver_vcpu;

/**
 * struct driver - one way of running guests
 * @name: what --driver calls it
 * @device: its device file
 * @advice: what to do when there is no such file: a sentence
 * @open: open the device and fill @info and @dev of the VM
 * @close: undo @open
 * @create: make the VM
 * @destroy: undo @create
 * @memory: change the layout, all or nothing; @bad as posada_memory()
 * @create_vcpu: make a vCPU and its @run record
 * @destroy_vcpu: undo @create_vcpu
 * @run: enter the guest; 0 with vcpu->run->reason set
 * @kick: make the running or the next @run return
 * @interrupt: queue an event
 * @stats: what the vCPU has done
 * @state_get: read groups of state
 * @state_set: write groups of state
 * @explain: why the last entry failed; as explain_vcpu().  NULL: it does not say
 * @policy_get: the trap policy; as posada_policy_get().  NULL: it has none
 * @policy_set: replace it; as posada_policy_set().  NULL: it has none
 * @debug: stepping and breakpoints from outside; NULL: it has none
 * @last_exits: the last exits it has logged; NULL: it has no log
 * @cpuid_get: the vCPU's CPUID table; @nr in: room, out: entries
 * @cpuid_set: replace it
 */
struct driver {
	const char *name;
	const char *device;
	const char *advice;
	int (*open)(struct driver_vm *vm);
	void (*close)(struct driver_vm *vm);
	int (*create)(struct driver_vm *vm);
	void (*destroy)(struct driver_vm *vm);
	int (*memory)(struct driver_vm *vm, const struct posada_memory_op *ops, uint32_t nr,
		      uint32_t *bad);
	int (*create_vcpu)(struct driver_vm *vm, uint32_t id, struct driver_vcpu *vcpu);
	void (*destroy_vcpu)(struct driver_vcpu *vcpu);
	int (*run)(struct driver_vcpu *vcpu);
	int (*kick)(struct driver_vcpu *vcpu);
	int (*interrupt)(struct driver_vcpu *vcpu, struct posada_interrupt *event);
	int (*stats)(struct driver_vcpu *vcpu, struct posada_stats *stats);
	int (*state_get)(struct driver_vcpu *vcpu, struct posada_state *state, uint32_t groups);
	int (*state_set)(struct driver_vcpu *vcpu, struct posada_state *state, uint32_t groups);
	int (*explain)(struct driver_vcpu *vcpu, struct explanation *e);
	int (*policy_get)(struct driver_vm *vm, struct posada_trap *traps, uint32_t *nr);
	int (*policy_set)(struct driver_vm *vm, const struct posada_trap *traps, uint32_t nr,
			  uint32_t *bad, char *why);
	int (*debug)(struct driver_vcpu *vcpu, struct posada_guest_debug *debug);
	int (*last_exits)(struct driver_vcpu *vcpu, struct posada_last_exit *entries, uint32_t *nr);
	int (*cpuid_get)(struct driver_vcpu *vcpu, struct posada_cpuid_entry *entries,
			 uint32_t *nr);
	int (*cpuid_set)(struct driver_vcpu *vcpu, const struct posada_cpuid_entry *entries,
			 uint32_t nr);
};

/**
 * struct driver_vm - a VM of some driver
 * @driver: whose it is; set before driver->open
 * @dev: the device, -1 if not open
 * @fd: the VM, -1 if there is none
 * @info: limits and features, after driver->open
 * @own: the driver's own
 */
struct driver_vm {
	const struct driver *driver;
	int dev;
	int fd;
	struct posada_info info;
	void *own;
};

/**
 * struct driver_data - an access to a port or a device that the driver has decoded
 * @bytes: NULL: the caller executes the instruction at run->rip, as
 *         <linux/posada.h> has it; else what is written, or room for what is read
 * @width: bytes of an element
 * @count: elements, all of run->io.port or of run->mmio.gpa
 *
 * Valid from run to run.  The caller stores into @bytes what is read, and sets
 * POSADA_APPLY_SKIP: the driver then finishes the instruction.  Registers, STRING and
 * REP, addresses of the guest and the fields cr0..es_base are of no concern to it, and
 * not filled in.
 *
 * Without POSADA_APPLY_SKIP the instruction is executed anew, except where the driver
 * learns of it too late: a write by a string or memory instruction has been done as
 * far as the guest's registers go when it is told, and run->rip is behind it.
 */
struct driver_data {
	void *bytes;
	uint32_t width;
	uint32_t count;
};

/**
 * struct driver_vcpu - a vCPU of some driver
 * @driver: whose it is
 * @fd: the vCPU, -1 if there is none
 * @run: the exit record
 * @run_size: bytes mapped at @run
 * @xsave_size: bytes of an XSAVE area
 * @data: after POSADA_EXIT_IO and POSADA_EXIT_MMIO
 * @words: after POSADA_EXIT_UNKNOWN: what the driver says of it, or NULL
 * @own: the driver's own
 */
struct driver_vcpu {
	const struct driver *driver;
	int fd;
	struct posada_run *run;
	uint32_t run_size;
	uint32_t xsave_size;
	struct driver_data data;
	const char *words;
	void *own;
};

/** driver_posada - /dev/posada */
extern const struct driver driver_posada;

/** driver_kvm - /dev/kvm, with the interrupt controller of the caller */
extern const struct driver driver_kvm;

/** driver_find() - a driver by name, or NULL */
const struct driver *driver_find(const char *name);

#endif /* POSADA_DRIVER_H */
