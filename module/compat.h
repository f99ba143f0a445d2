/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only home of differences between kernel versions.
 *
 * What the newest kernel keeps for itself is not used on the oldest, with one
 * exception: turning CR4.VMXE on for good (resident VMX) needs the CR4 shadow,
 * which 6.19 closes to modules.  From 6.18 on, whose stable releases change the
 * hooks of suspend (6.18.52), the module opens a window around each stay in the
 * guest instead.
 */
#ifndef POSADA_COMPAT_H
#define POSADA_COMPAT_H

#include <linux/version.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#include <linux/entry-kvm.h>
#define COMPAT_WORK_OF_KVM	1	/* see work.c */
#else
#include <linux/entry-virt.h>
#define COMPAT_WORK_OF_KVM	0
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define rdmsrq(msr, value)	rdmsrl(msr, value)
#define wrmsrq(msr, value)	wrmsrl(msr, value)
#define rdmsrq_safe(msr, value)	rdmsrl_safe(msr, value)
#define wrmsrq_safe(msr, value)	wrmsrl_safe(msr, value)
#else
#include <asm/cpuid/api.h>
#endif

/* Does the host want the L1 data cache flushed before a guest runs? */
static inline bool compat_l1tf_flush(void)
{
	if (!boot_cpu_has_bug(X86_BUG_L1TF))
		return false;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
	return l1tf_mitigation != L1TF_MITIGATION_OFF;
#else
	return true;	/* the host's setting is not told to modules */
#endif
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#include <linux/syscore_ops.h>

#define COMPAT_RESIDENT	1

/*
 * A crash kernel must find VMX off, or its first CR4 write faults.  Up to 6.5 the
 * crash path looks at CR4.VMXE; from 6.6 it asks only KVM, by a callback of one
 * slot.  There resident is used only when asked for.
 */
#define COMPAT_RESIDENT_DEFAULT	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0))

static inline void compat_vmxe_set(void)
{
	cr4_set_bits(X86_CR4_VMXE);
}

static inline void compat_vmxe_clear(void)
{
	cr4_clear_bits(X86_CR4_VMXE);
}
#else
#define COMPAT_RESIDENT	0
#define COMPAT_RESIDENT_DEFAULT	0

struct syscore_ops {
	int (*suspend)(void);
	void (*resume)(void);
};

static inline void register_syscore_ops(struct syscore_ops *ops) { }
static inline void unregister_syscore_ops(struct syscore_ops *ops) { }
static inline void compat_vmxe_set(void) { }
static inline void compat_vmxe_clear(void) { }
#endif

#endif /* POSADA_COMPAT_H */
