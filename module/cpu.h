/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMX operation on the CPUs: who has it, turning it on and off, and making a
 * VMCS current.
 *
 * Two ways, chosen at load:
 *
 * resident: VMXON on every online CPU while at least one VM exists.  A VMCS
 *   stays active on the CPU where it ran last and moves by VMCLEAR there.
 * window: VMXON and VMXOFF around each stay in the guest, with interrupts off.
 *   The CR4 shadow never lies and no CPU is in VMX operation with interrupts
 *   on, so CPU hotplug, suspend and kexec have nothing to undo.
 */
#ifndef POSADA_CPU_H
#define POSADA_CPU_H

#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include "caps.h"

struct posada_vmcs;

extern struct vmx_caps vmx_caps;	/* set by cpus_init(), then constant */

/**
 * cpus_init - probe every precondition and prove VMXON on every online CPU
 *
 * Return: 0, -ENODEV with one line in the kernel log that says what is missing,
 * or -ENOMEM.
 */
int cpus_init(void);
void cpus_exit(void);

/**
 * cpu_acquire - a VM comes: VMX operation is needed from now on
 *
 * May sleep.  Return: 0; -EBUSY: another hypervisor holds VMX on some CPU;
 * -EIO: VMXON failed.
 */
int cpu_acquire(void);
void cpu_release(void);

extern bool cpu_resident;			/* the way; constant after cpus_init() */
DECLARE_PER_CPU(struct posada_vmcs *, cpu_current);	/* resident: what VMPTRLD loaded last */

int cpu_load_slow(struct posada_vmcs *vmcs);
int cpu_open_window(struct posada_vmcs *vmcs);
void cpu_close_window(struct posada_vmcs *vmcs);

/**
 * cpu_load - make a VMCS ready for cpu_open() on this CPU
 * @vmcs: owned by the caller
 *
 * Preemption off, interrupts on; both stay so until the last cpu_close().
 * Return: 0, or -EBUSY if VMX is off on this CPU (it is going down).
 */
static __always_inline int cpu_load(struct posada_vmcs *vmcs)
{
	if (!cpu_resident || likely(this_cpu_read(cpu_current) == vmcs))
		return 0;
	return cpu_load_slow(vmcs);
}

/**
 * cpu_open - from here to cpu_close() the VMCS is current and can be entered
 * @vmcs: after cpu_load()
 *
 * Interrupts off.  Return: 0; -EBUSY: another hypervisor took VMX; -EIO.
 */
static __always_inline int cpu_open(struct posada_vmcs *vmcs)
{
	if (!cpu_resident)
		return cpu_open_window(vmcs);
	return likely(this_cpu_read(cpu_current) == vmcs) ? 0 : -EBUSY;
}

static __always_inline void cpu_close(struct posada_vmcs *vmcs)
{
	if (!cpu_resident)
		cpu_close_window(vmcs);
}

/**
 * cpu_forget - the VMCS is active nowhere any more; may sleep
 * @vmcs: not in use
 */
void cpu_forget(struct posada_vmcs *vmcs);

struct entry_cpu;

/* What VM entry is judged by: of this CPU, now; any context. */
void cpu_facts(struct entry_cpu *facts);

u32 cpu_holder(void);	/* POSADA_HOLDER_*, of all online CPUs now */
u32 cpu_way(void);	/* POSADA_WAY_*, were a VM made now */
const char *cpu_way_name(void);	/* "resident" or "window" */
u64 cpu_features(void);	/* POSADA_FEATURE_RESIDENT and _WINDOW */

#endif /* POSADA_CPU_H */
