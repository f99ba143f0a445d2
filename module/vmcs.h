/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VMCS as an object: its region, where it is active, and the host values it
 * was given last, so that only what changed is written.
 */
#ifndef POSADA_VMCS_H
#define POSADA_VMCS_H

#include <linux/list.h>
#include <linux/types.h>

/**
 * struct posada_vmcs - one virtual-machine control structure
 * @host_rsp: HOST_RSP as it is in the VMCS; vmenter() keeps it
 * @host_cr3: HOST_CR3 as it is in the VMCS
 * @host_cr4: HOST_CR4 as it is in the VMCS
 * @host_fs_base: HOST_FS_BASE as it is in the VMCS
 * @host_cpu: the CPU whose per-CPU host state is in the VMCS, or -1
 * @cpu: the CPU on which the VMCS is active, or -1 (always -1 outside a window)
 * @launched: enter with VMRESUME, not VMLAUNCH
 * @pa: physical address of @region
 * @region: the page
 * @link: in the list of VMCSs active on @cpu; that CPU only, interrupts off
 *
 * All but @link belong to the owner of the vCPU.
 */
struct posada_vmcs {
	unsigned long host_rsp;
	unsigned long host_cr3;
	unsigned long host_cr4;
	unsigned long host_fs_base;
	int host_cpu;
	int cpu;
	bool launched;
	u64 pa;
	void *region;
	struct list_head link;
};

int vmcs_create(struct posada_vmcs *vmcs);
void vmcs_destroy(struct posada_vmcs *vmcs);

/**
 * vmcs_host_init - write the host state that never changes
 * @vmcs: current on this CPU
 * @landing: where a VM exit arrives
 */
void vmcs_host_init(struct posada_vmcs *vmcs, void (*landing)(void));

/**
 * vmcs_host_cpu - write the host state that belongs to this CPU
 * @vmcs: current on this CPU; interrupts or preemption off
 */
void vmcs_host_cpu(struct posada_vmcs *vmcs);

/**
 * vmcs_host_task - write the host state that the running task may have changed
 * @vmcs: current on this CPU
 *
 * CR3 and CR4 change behind our back whenever interrupts are on, the FS base
 * whenever user code has run.  Interrupts are off; to be called again after
 * they were on.
 */
void vmcs_host_task(struct posada_vmcs *vmcs);

#endif /* POSADA_VMCS_H */
