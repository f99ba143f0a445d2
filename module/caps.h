/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this CPU's VMX can do, and the control words made of it.
 *
 * Pure: values in, values out.  caps_choose() is tested in userspace.
 */
#ifndef POSADA_CAPS_H
#define POSADA_CAPS_H

#include <linux/types.h>

/**
 * struct vmx_msrs - the VMX capability MSRs (SDM 3D appendix A), as read
 * @basic: IA32_VMX_BASIC
 * @pin: IA32_VMX_TRUE_PINBASED_CTLS, or the plain one without true controls
 * @cpu: IA32_VMX_TRUE_PROCBASED_CTLS, likewise
 * @cpu2: IA32_VMX_PROCBASED_CTLS2, 0 if there are none
 * @exit: IA32_VMX_TRUE_EXIT_CTLS, likewise
 * @entry: IA32_VMX_TRUE_ENTRY_CTLS, likewise
 * @ept_vpid: IA32_VMX_EPT_VPID_CAP, 0 without EPT and VPID
 * @misc: IA32_VMX_MISC
 * @cr0_fixed0: bits of CR0 that must be 1 in VMX operation
 * @cr0_fixed1: bits of CR0 that may be 1
 * @cr4_fixed0: bits of CR4 that must be 1
 * @cr4_fixed1: bits of CR4 that may be 1
 */
struct vmx_msrs {
	u64 basic;
	u64 pin;
	u64 cpu;
	u64 cpu2;
	u64 exit;
	u64 entry;
	u64 ept_vpid;
	u64 misc;
	u64 cr0_fixed0;
	u64 cr0_fixed1;
	u64 cr4_fixed0;
	u64 cr4_fixed1;
};

/**
 * struct vmx_caps - the choice: control words, and features by name
 * @revision: VMCS revision identifier
 * @pin: pin-based controls
 * @cpu: primary processor-based controls
 * @cpu2: secondary processor-based controls
 * @exit: VM-exit controls
 * @entry: VM-entry controls, without "IA-32e mode guest"
 * @cpu_may: primary processor-based controls that may be 1
 * @cpu2_may: secondary ones
 * @cr0_fixed0: as in struct vmx_msrs, less PE and PG (unrestricted guest)
 * @cr4_fixed0: as in struct vmx_msrs
 * @timer_shift: the preemption timer counts TSC >> timer_shift
 * @vpid: VPIDs can be used
 * @ept_2m: EPT has 2 MiB leaves
 * @ept_1g: EPT has 1 GiB leaves
 * @timer: the VMX-preemption timer can be used
 * @rdtscp: guests can have RDTSCP and RDPID
 * @invpcid: guests can have INVPCID
 * @debugctl: IA32_DEBUGCTL can be read (not settled by caps_choose())
 * @perf_global: IA32_PERF_GLOBAL_CTRL is switched by entry and exit
 */
struct vmx_caps {
	u32 revision;
	u32 pin;
	u32 cpu;
	u32 cpu2;
	u32 exit;
	u32 entry;
	u32 cpu_may;
	u32 cpu2_may;
	u64 cr0_fixed0;
	u64 cr4_fixed0;
	u8 timer_shift;
	bool vpid;
	bool ept_2m;
	bool ept_1g;
	bool timer;
	bool rdtscp;
	bool invpcid;
	bool debugctl;
	bool perf_global;
};

/**
 * caps_choose - settle all controls
 * @msrs: what the CPU says
 * @caps: out: what the module uses
 *
 * The algorithm of SDM 3C 32.5.1: what must be 1 is 1, what is wanted is 1 if
 * allowed, all else 0.
 *
 * Return: NULL, or in words the first thing missing without which posada does
 * not run guests.
 */
const char *caps_choose(const struct vmx_msrs *msrs, struct vmx_caps *caps);

#endif /* POSADA_CAPS_H */
