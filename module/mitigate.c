// SPDX-License-Identifier: GPL-2.0
#include "mitigate.h"

#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/topology.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>
#include <asm/processor.h>

#include "compat.h"
#include "vcpu.h"

/* Four times the 16 KiB way of the largest L1D: reading it all replaces all. */
#define L1D_FILL_ORDER	4

static bool allow_unmitigated;
module_param(allow_unmitigated, bool, 0444);
MODULE_PARM_DESC(allow_unmitigated, "run guests although a speculation defence that this CPU needs is missing");

static bool nx_large;		/* ITLB multihit (CVE-2018-12207) */
static bool flush_l1d;		/* L1TF (SDM 3C 29.3.4; CVE-2018-3646) */
static u8 *l1d_fill;		/* only where there is no IA32_FLUSH_CMD */
static DEFINE_PER_CPU(u64, last_serial);

static bool has_ibpb(void)
{
#ifdef X86_FEATURE_USE_IBPB
	return boot_cpu_has(X86_FEATURE_USE_IBPB);
#else
	return boot_cpu_has(X86_FEATURE_IBPB);
#endif
}

static const char *missing(void)
{
#if !defined(X86_FEATURE_CLEAR_BHB_LOOP_ON_VMEXIT) && defined(X86_FEATURE_CLEAR_BHB_VMEXIT)
	if (boot_cpu_has(X86_FEATURE_CLEAR_BHB_VMEXIT))
		return "clearing the branch history at VM exit (BHI)";
#endif
	return NULL;
}

int mitigate_init(void)
{
	const char *what = missing();

	if (what && !allow_unmitigated) {
		pr_err("posada: this CPU needs a defence that is not implemented here: %s; allow_unmitigated=1 runs guests without it\n",
		       what);
		return -EPERM;
	}
	nx_large = boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT) && !cpu_mitigations_off();
	flush_l1d = compat_l1tf_flush();
	if (flush_l1d && cpumask_weight(topology_sibling_cpumask(0)) > 1)
		pr_warn("posada: L1TF: sibling threads share the L1 cache; with guests you do not trust, boot with nosmt\n");
	if (!flush_l1d || boot_cpu_has(X86_FEATURE_FLUSH_L1D))
		return 0;
	l1d_fill = (u8 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, L1D_FILL_ORDER);
	return l1d_fill ? 0 : -ENOMEM;
}

bool mitigate_nx_large(void)
{
	return nx_large;
}

void mitigate_exit(void)
{
	free_pages((unsigned long)l1d_fill, L1D_FILL_ORDER);
}

/* Touch every page first, so that no TLB miss comes between; then every line. */
static void fill_l1d(void)
{
	const size_t size = PAGE_SIZE << L1D_FILL_ORDER;
	size_t i;

	for (i = 0; i < size; i += PAGE_SIZE)
		READ_ONCE(l1d_fill[i]);
	asm volatile("lfence" : : : "memory");
	for (i = 0; i < size; i += 64)
		READ_ONCE(l1d_fill[i]);
	asm volatile("lfence" : : : "memory");
}

void mitigate_load(struct posada_vcpu *vcpu)
{
	/* Another vCPU's branches must not steer this one's. */
	if (likely(this_cpu_read(last_serial) == vcpu->serial))
		return;
	this_cpu_write(last_serial, vcpu->serial);
	if (has_ibpb())
		wrmsrq(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
}

/* What host code left in the L1 data cache, the guest could read (L1TF). */
void mitigate_flush(void)
{
	if (likely(!flush_l1d))
		return;
	if (l1d_fill)
		fill_l1d();
	else
		wrmsrq(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
}

void mitigate_save(void)
{
#ifdef X86_FEATURE_IBPB_EXIT_TO_USER
	/* VMSCAPE: the guest's branches must not steer the program's. */
	if (boot_cpu_has(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
#endif
}
