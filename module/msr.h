/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model-specific registers of a guest: which never exit, which the module keeps,
 * and those that the CPU shares between host and guest and that must be swapped.
 */
#ifndef POSADA_MSR_H
#define POSADA_MSR_H

#include <linux/types.h>

struct posada_vcpu;

/**
 * struct msrs - registers that are not in the VMCS
 * @star: IA32_STAR and its kin are in force only while EFER.SCE is set
 * @lstar: IA32_LSTAR
 * @cstar: IA32_CSTAR
 * @fmask: IA32_FMASK
 * @kernel_gs: IA32_KERNEL_GS_BASE, while not in the guest
 * @tsc_aux: IA32_TSC_AUX
 * @tsc_adjust: IA32_TSC_ADJUST
 * @misc_enable: IA32_MISC_ENABLE
 * @syscall: the guest's EFER.SCE
 * @loaded: the SYSCALL registers of the guest are in the CPU
 * @host: the host's values meanwhile, in the order of @star to @fmask
 * @host_kernel_gs: the host's IA32_KERNEL_GS_BASE meanwhile
 * @host_tsc_aux: the host's IA32_TSC_AUX on this CPU
 */
struct msrs {
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 fmask;
	u64 kernel_gs;
	u64 tsc_aux;
	u64 tsc_adjust;
	u64 misc_enable;
	bool syscall;
	bool loaded;
	u64 host[4];
	u64 host_kernel_gs;
	u64 host_tsc_aux;
};

enum msr_answer {
	MSR_DONE,
	MSR_FAULT,	/* #GP(0) */
	MSR_UNKNOWN,	/* not ours: the program decides */
};

int msr_init(void);	/* the MSR bitmap that all vCPUs share; at load */
void msr_exit(void);
u64 msr_bitmap(void);	/* its physical address */

/**
 * msr_special - which registers a policy can make NATIVE or EMULATE
 * @nr: out: how many
 */
const struct policy_msr *msr_special(u32 *nr);

/* The MSR bitmap of a policy into a page. */
struct policy;
void msr_bitmap_fill(u8 *page, struct policy *policy);

void msr_reset(struct posada_vcpu *vcpu);	/* VMCS current */
void msr_cpu_changed(struct posada_vcpu *vcpu);	/* preemption off */

/* The guest's into the CPU and back; preemption off in between. */
void msr_load(struct msrs *m);
void msr_save(struct msrs *m);

/* RDMSR of guest or program, WRMSR of the guest; VMCS current. */
int msr_read(struct posada_vcpu *vcpu, u32 index, u64 *value);
int msr_write(struct posada_vcpu *vcpu, u32 index, u64 value);

/*
 * The program's: is this a value the register can have, but for EFER.LME, which
 * depends on CR0; and a write of one that was found so.  VMCS current.
 */
int msr_check(struct posada_vcpu *vcpu, u32 index, u64 value);
void msr_set(struct posada_vcpu *vcpu, u32 index, u64 value);

/* EFER bits a guest may set, from its CPUID table. */
u64 msr_efer_allowed(const struct posada_vcpu *vcpu);
void msr_set_efer(struct posada_vcpu *vcpu, u64 efer);	/* VMCS current */

#endif /* POSADA_MSR_H */
