// SPDX-License-Identifier: GPL-2.0
#include "cpuid.h"

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/processor.h>
#include <asm/vmx.h>

#include "compat.h"
#include "cpu.h"
#include "fpu.h"
#include "vcpu.h"

#define EXTENDED	0x80000000U
#define HYPERVISOR	0x40000000U

/* Leaf 1 */
#define F1_ECX_OSXSAVE	BIT(27)

static struct posada_cpuid_entry *supported;
static u32 nr_supported;

static int compare(const void *a, const void *b)
{
	const struct posada_cpuid_entry *x = a, *y = b;

	if (x->leaf != y->leaf)
		return x->leaf < y->leaf ? -1 : 1;
	if (x->subleaf != y->subleaf)
		return x->subleaf < y->subleaf ? -1 : 1;
	return 0;
}

/* ---- what this host can give --------------------------------------------------------- */

#define F(x)	BIT(X86_FEATURE_##x & 31)

/*
 * Features a guest may use.  Not here: what needs an APIC (there is none in the
 * kernel), what shares state that is not switched (PKU, AMX, SPEC_CTRL, CET, PMU,
 * MPX, PT), what VMX itself is made of, and what is not there (MWAIT, MTRR, MCA).
 */
#define LEAF1_ECX	(F(XMM3) | F(PCLMULQDQ) | F(SSSE3) | F(FMA) | F(CX16) |	\
			 F(PCID) | F(XMM4_1) | F(XMM4_2) | F(MOVBE) | F(POPCNT) |	\
			 F(AES) | F(XSAVE) | F(AVX) | F(F16C) | F(RDRAND))
#define LEAF1_EDX	(F(FPU) | F(VME) | F(DE) | F(PSE) | F(TSC) | F(MSR) | F(PAE) |	\
			 F(CX8) | F(SEP) | F(PGE) | F(CMOV) | F(PAT) | F(PSE36) |	\
			 F(CLFLUSH) | F(MMX) | F(FXSR) | F(XMM) | F(XMM2) | F(SELFSNOOP))
#define LEAF7_EBX	(F(FSGSBASE) | F(TSC_ADJUST) | F(BMI1) | F(AVX2) | F(SMEP) |	\
			 F(BMI2) | F(ERMS) | F(INVPCID) | F(RDSEED) | F(ADX) | F(SMAP) |	\
			 F(CLFLUSHOPT) | F(CLWB) | F(SHA_NI) | F(AVX512F) | F(AVX512DQ) |	\
			 F(AVX512IFMA) | F(AVX512PF) | F(AVX512ER) | F(AVX512CD) |	\
			 F(AVX512BW) | F(AVX512VL))
#define LEAF7_ECX	(F(UMIP) | F(AVX512VBMI) | F(AVX512_VBMI2) | F(GFNI) | F(VAES) |	\
			 F(VPCLMULQDQ) | F(AVX512_VNNI) | F(AVX512_BITALG) |		\
			 F(AVX512_VPOPCNTDQ) | F(RDPID))
#define LEAF7_EDX	(F(FSRM) | F(AVX512_4VNNIW) | F(AVX512_4FMAPS))
#define LEAFD1_EAX	(F(XSAVEOPT) | F(XSAVEC) | F(XGETBV1))
#define EXT1_ECX	(F(LAHF_LM) | F(ABM) | F(3DNOWPREFETCH))
#define EXT1_EDX	(F(SYSCALL) | F(NX) | F(GBPAGES) | F(RDTSCP) | F(LM))

/* Features with a CR4 bit or XSAVE state that no guest can have. */
#define LEAF1_ECX_NEVER	(F(VMX) | F(SMX))
#define LEAF7_ECX_NEVER	(F(PKU) | F(OSPKE) | F(LA57) | BIT(7) | BIT(23))	/* CET_SS, KL */
#define LEAF7_EDX_NEVER	(BIT(5) | BIT(20) | F(AMX_TILE))	/* UINTR, CET_IBT */

static struct posada_cpuid_entry *add(u32 leaf, u32 subleaf, u32 flags)
{
	struct posada_cpuid_entry *e = &supported[nr_supported++];

	*e = (struct posada_cpuid_entry) {
		.leaf = leaf, .subleaf = subleaf, .flags = flags,
	};
	return e;
}

static struct posada_cpuid_entry *add_host(u32 leaf, u32 subleaf, u32 flags)
{
	struct posada_cpuid_entry *e = add(leaf, subleaf, flags);

	cpuid_count(leaf, subleaf, &e->eax, &e->ebx, &e->ecx, &e->edx);
	return e;
}

static void add_features(u32 max_basic)
{
	struct posada_cpuid_entry *e = add_host(1, 0, 0);
	u32 hypervisor = F(HYPERVISOR);

	e->ebx &= 0x0000ffff;			/* APIC id 0, one logical CPU */
	e->ecx &= LEAF1_ECX;
	if (!fpu_mask)
		e->ecx &= ~(F(XSAVE) | F(AVX) | F(F16C) | F(FMA));
	if (!vmx_caps.invpcid)
		e->ecx &= ~F(PCID);		/* Linux takes one for the other */
	e->ecx |= hypervisor;
	e->edx &= LEAF1_EDX;

	if (max_basic < 7)
		return;
	e = add_host(7, 0, POSADA_CPUID_SUBLEAF);
	e->eax = 0;
	e->ebx &= LEAF7_EBX;
	e->ecx &= LEAF7_ECX;
	e->edx &= LEAF7_EDX;
	if (!vmx_caps.invpcid)
		e->ebx &= ~F(INVPCID);
	if (!vmx_caps.rdtscp)
		e->ecx &= ~F(RDPID);
	if (!(fpu_mask & XFEATURE_MASK_YMM)) {
		e->ebx &= ~F(AVX2);
		e->ecx &= ~(F(VAES) | F(VPCLMULQDQ));
	}
	if (!(fpu_mask & XFEATURE_MASK_OPMASK)) {
		e->ebx &= ~(F(AVX512F) | F(AVX512DQ) | F(AVX512IFMA) | F(AVX512PF) |
			    F(AVX512ER) | F(AVX512CD) | F(AVX512BW) | F(AVX512VL));
		e->ecx &= ~(F(AVX512VBMI) | F(AVX512_VBMI2) | F(AVX512_VNNI) |
			    F(AVX512_BITALG) | F(AVX512_VPOPCNTDQ));
		e->edx &= ~(F(AVX512_4VNNIW) | F(AVX512_4FMAPS));
	}
}

static void add_xsave(u32 max_basic)
{
	struct posada_cpuid_entry *e;
	int i;

	if (max_basic < 0x0d || !fpu_mask)
		return;
	e = add(0x0d, 0, POSADA_CPUID_SUBLEAF);
	e->eax = (u32)fpu_mask;
	e->edx = fpu_mask >> 32;
	e->ebx = fpu_size_of(XFEATURE_MASK_FP);	/* by XCR0 at the time */
	e->ecx = fpu_size;
	e = add_host(0x0d, 1, POSADA_CPUID_SUBLEAF);
	e->eax &= LEAFD1_EAX;
	e->ebx = e->ecx = e->edx = 0;
	for (i = 2; i < 63; i++)
		if (fpu_mask & BIT_ULL(i))
			add_host(0x0d, i, POSADA_CPUID_SUBLEAF);
}

static void add_caches(u32 max_basic)
{
	u32 i;

	if (max_basic < 4)
		return;
	for (i = 0; i < 8; i++) {
		struct posada_cpuid_entry *e = add_host(4, i, POSADA_CPUID_SUBLEAF);

		if (!(e->eax & 0x1f))
			break;
		e->eax &= 0x3fff;	/* one core, not shared */
	}
}

static void add_extended(void)
{
	u32 max = cpuid_eax(EXTENDED);
	struct posada_cpuid_entry *e;
	u32 i;

	max = clamp_t(u32, max, EXTENDED + 1, EXTENDED + 8);
	e = add_host(EXTENDED, 0, 0);
	e->eax = max;
	e = add_host(EXTENDED + 1, 0, 0);
	e->ecx &= EXT1_ECX;
	e->edx &= EXT1_EDX;
	if (!vmx_caps.rdtscp)
		e->edx &= ~F(RDTSCP);
	for (i = EXTENDED + 2; i <= max && i <= EXTENDED + 6; i++)
		add_host(i, 0, 0);			/* brand string, L2 */
	if (max >= EXTENDED + 7) {
		e = add_host(EXTENDED + 7, 0, 0);
		e->edx &= BIT(8);			/* invariant TSC */
		e->eax = e->ebx = e->ecx = 0;
	}
	if (max >= EXTENDED + 8) {
		e = add_host(EXTENDED + 8, 0, 0);
		e->eax = (e->eax & 0xff) | 48 << 8;	/* four levels */
		e->eax = min_t(u32, e->eax & 0xff, EPT_GPA_BITS) | (e->eax & 0xff00);
		e->ebx = e->ecx = e->edx = 0;
	}
}

int cpuid_init(void)
{
	u32 max = min_t(u32, cpuid_eax(0), 0x0d);
	struct posada_cpuid_entry *e;

	supported = kcalloc(CPUID_MAX_ENTRIES, sizeof(*supported), GFP_KERNEL);
	if (!supported)
		return -ENOMEM;
	nr_supported = 0;

	e = add_host(0, 0, 0);
	e->eax = max;
	add_features(max);
	if (max >= 2)
		add_host(2, 0, 0);
	add_caches(max);
	add_xsave(max);

	e = add(HYPERVISOR, 0, 0);
	e->eax = HYPERVISOR;
	memcpy(&e->ebx, "Posa", 4);
	memcpy(&e->ecx, "daPo", 4);
	memcpy(&e->edx, "sada", 4);
	add_extended();
	sort(supported, nr_supported, sizeof(*supported), compare, NULL);
	return 0;
}

void cpuid_exit(void)
{
	kfree(supported);
}

const struct posada_cpuid_entry *cpuid_supported(u32 *nr)
{
	*nr = nr_supported;
	return supported;
}

/* ---- the table of a vCPU ---------------------------------------------------------------- */

static const struct posada_cpuid_entry *
find(const struct posada_cpuid_entry *entries, u32 nr, u32 leaf, u32 subleaf)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (entries[i].leaf == leaf &&
		    (!(entries[i].flags & POSADA_CPUID_SUBLEAF) || entries[i].subleaf == subleaf))
			return &entries[i];
	return NULL;
}

/* A register of a leaf as the table has it; absent is 0. */
static struct posada_cpuid_entry leaf_of(const struct posada_cpuid_entry *entries, u32 nr,
					 u32 leaf, u32 subleaf)
{
	const struct posada_cpuid_entry *e = find(entries, nr, leaf, subleaf);
	struct posada_cpuid_entry none = { };

	return e ? *e : none;
}

/* The CR4 bits that a CPU with this table has (SDM 3A 2.5). */
static u64 cr4_allowed(const struct posada_cpuid_entry *entries, u32 nr)
{
	struct posada_cpuid_entry one = leaf_of(entries, nr, 1, 0);
	struct posada_cpuid_entry seven = leaf_of(entries, nr, 7, 0);
	u64 cr4 = X86_CR4_TSD | X86_CR4_PCE | X86_CR4_MCE;

	if (one.edx & F(VME))
		cr4 |= X86_CR4_VME | X86_CR4_PVI;
	if (one.edx & F(DE))
		cr4 |= X86_CR4_DE;
	if (one.edx & F(PSE))
		cr4 |= X86_CR4_PSE;
	if (one.edx & F(PAE))
		cr4 |= X86_CR4_PAE;
	if (one.edx & F(PGE))
		cr4 |= X86_CR4_PGE;
	if (one.edx & F(FXSR))
		cr4 |= X86_CR4_OSFXSR;
	if (one.edx & F(XMM))
		cr4 |= X86_CR4_OSXMMEXCPT;
	if (one.ecx & F(PCID))
		cr4 |= X86_CR4_PCIDE;
	if (one.ecx & F(XSAVE))
		cr4 |= X86_CR4_OSXSAVE;
	if (seven.ebx & F(FSGSBASE))
		cr4 |= X86_CR4_FSGSBASE;
	if (seven.ebx & F(SMEP))
		cr4 |= X86_CR4_SMEP;
	if (seven.ebx & F(SMAP))
		cr4 |= X86_CR4_SMAP;
	if (seven.ecx & F(UMIP))
		cr4 |= X86_CR4_UMIP;
	return cr4;
}

static u64 efer_allowed(const struct posada_cpuid_entry *entries, u32 nr)
{
	struct posada_cpuid_entry ext = leaf_of(entries, nr, EXTENDED + 1, 0);
	u64 efer = 0;

	if (ext.edx & F(SYSCALL))
		efer |= EFER_SCE;
	if (ext.edx & F(LM))
		efer |= EFER_LME | EFER_LMA;
	if (ext.edx & F(NX))
		efer |= EFER_NX;
	return efer;
}

/* RDTSCP, RDPID and INVPCID are #UD without their control. */
static u32 cpu2_off(const struct posada_cpuid_entry *entries, u32 nr)
{
	struct posada_cpuid_entry seven = leaf_of(entries, nr, 7, 0);
	u32 off = 0;

	if (!(leaf_of(entries, nr, EXTENDED + 1, 0).edx & F(RDTSCP)) &&
	    !(seven.ecx & F(RDPID)))
		off |= SECONDARY_EXEC_ENABLE_RDTSCP;
	if (!(seven.ebx & F(INVPCID)))
		off |= SECONDARY_EXEC_ENABLE_INVPCID;
	return off;
}

static int check(const struct posada_cpuid_entry *entries, u32 nr)
{
	struct posada_cpuid_entry xsave = leaf_of(entries, nr, 0x0d, 0);
	u32 i;

	for (i = 0; i < nr; i++) {
		const struct posada_cpuid_entry *e = &entries[i];

		if (e->flags & ~POSADA_CPUID_SUBLEAF || e->reserved)
			return -EINVAL;
		if (e->subleaf && !(e->flags & POSADA_CPUID_SUBLEAF))
			return -EINVAL;
		if (i && !compare(e, e - 1))
			return -EINVAL;
	}
	if (((u64)xsave.edx << 32 | xsave.eax) & ~fpu_mask)
		return -EINVAL;
	if ((leaf_of(entries, nr, 1, 0).ecx & LEAF1_ECX_NEVER) ||
	    (leaf_of(entries, nr, 7, 0).ecx & LEAF7_ECX_NEVER) ||
	    (leaf_of(entries, nr, 7, 0).edx & LEAF7_EDX_NEVER))
		return -EINVAL;
	if (cr4_allowed(entries, nr) & ~cr4_allowed(supported, nr_supported))
		return -EINVAL;
	if (efer_allowed(entries, nr) & ~efer_allowed(supported, nr_supported))
		return -EINVAL;
	return 0;
}

/* Leaf 1 has OSXSAVE and the APIC id, 0Dh the size for XCR0. */
static bool changes(const struct posada_cpuid_entry *e)
{
	return e->leaf == 1 || e->leaf == 0x0d;
}

static void index_leaves(const struct posada_cpuid_entry **direct, const struct cpuid *cpuid,
			 u32 first)
{
	u32 i;

	memset(direct, 0, CPUID_DIRECT * sizeof(*direct));
	for (i = 0; i < cpuid->nr; i++) {
		const struct posada_cpuid_entry *e = &cpuid->entries[i];

		if (e->leaf >= first && e->leaf - first < CPUID_DIRECT &&
		    !(e->flags & POSADA_CPUID_SUBLEAF) && !changes(e))
			direct[e->leaf - first] = e;
	}
}

int cpuid_set(struct cpuid *cpuid, const struct posada_cpuid_entry *entries, u32 nr)
{
	struct posada_cpuid_entry *copy;
	int err;

	copy = kvmalloc_array(max(nr, 1U), sizeof(*copy), GFP_KERNEL_ACCOUNT);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, entries, nr * sizeof(*copy));
	sort(copy, nr, sizeof(*copy), compare, NULL);
	err = check(copy, nr);
	if (err) {
		kvfree(copy);
		return err;
	}

	kvfree(cpuid->entries);
	cpuid->entries = copy;
	cpuid->nr = nr;
	cpuid->max_basic = leaf_of(copy, nr, 0, 0).eax;
	cpuid->cr4 = cr4_allowed(copy, nr);
	cpuid->efer = efer_allowed(copy, nr);
	cpuid->cpu2 = cpu2_off(copy, nr);
	index_leaves(cpuid->basic, cpuid, 0);
	index_leaves(cpuid->extended, cpuid, EXTENDED);
	return 0;
}

void cpuid_free(struct cpuid *cpuid)
{
	kvfree(cpuid->entries);
}

/* ---- the instruction ------------------------------------------------------------------------ */

static __always_inline void answer(u64 *regs, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	regs[POSADA_RAX] = eax;
	regs[POSADA_RBX] = ebx;
	regs[POSADA_RCX] = ecx;
	regs[POSADA_RDX] = edx;
}

static noinline void execute_slow(struct posada_vcpu *vcpu, u64 *regs, u32 leaf, u32 subleaf)
{
	const struct cpuid *cpuid = &vcpu->cpuid;
	const struct posada_cpuid_entry *e = find(cpuid->entries, cpuid->nr, leaf, subleaf);
	bool hypervisor = leaf - HYPERVISOR < 0x10000;
	bool beyond = leaf < EXTENDED ? leaf > cpuid->max_basic && !hypervisor :
					leaf - EXTENDED >= CPUID_DIRECT;
	u32 ebx, ecx;

	/* Beyond the last leaf, the data of the highest basic one (SDM 2A, CPUID). */
	if (!e && beyond)
		e = find(cpuid->entries, cpuid->nr, cpuid->max_basic, subleaf);
	if (!e)
		return answer(regs, 0, 0, 0, 0);

	ebx = e->ebx;
	ecx = e->ecx;
	if (e->leaf == 1) {
		ebx = (ebx & 0x00ffffff) | vcpu->id << 24;
		ecx &= ~F1_ECX_OSXSAVE;
		if (vcpu->osxsave)
			ecx |= F1_ECX_OSXSAVE;
	} else if (e->leaf == 0x0d && e->subleaf == 0) {
		ebx = fpu_size_of(vcpu->fpu.xcr0);
	}
	answer(regs, e->eax, ebx, ecx, e->edx);
}

void cpuid_execute(struct posada_vcpu *vcpu, u64 *regs)
{
	const struct posada_cpuid_entry *e = NULL;
	u32 leaf = READ_ONCE(regs[POSADA_RAX]);

	if (leaf < CPUID_DIRECT)
		e = vcpu->cpuid.basic[array_index_nospec(leaf, CPUID_DIRECT)];
	else if (leaf - EXTENDED < CPUID_DIRECT)
		e = vcpu->cpuid.extended[array_index_nospec(leaf - EXTENDED, CPUID_DIRECT)];
	if (likely(e))
		answer(regs, e->eax, e->ebx, e->ecx, e->edx);
	else
		execute_slow(vcpu, regs, leaf, READ_ONCE(regs[POSADA_RCX]));
}
