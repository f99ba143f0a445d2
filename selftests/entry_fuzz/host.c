// SPDX-License-Identifier: GPL-2.0
/*
 * One entry at a time: VMX on, a VMCS written from an image, the entry, the host put
 * back as it was, VMX off; all with interrupts off.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/processor.h>

#include "compat.h"
#include "enter.h"
#include "fuzz.h"
#include "vmx_ops.h"

static_assert(offsetof(struct host_registers, idt) == SAVED_IDT);
static_assert(offsetof(struct host_registers, cr0) == SAVED_CR0);
static_assert(offsetof(struct host_registers, cr4) == SAVED_CR4);
static_assert(offsetof(struct host_registers, fs_base) == SAVED_FS_BASE);
static_assert(offsetof(struct host_registers, gs_base) == SAVED_GS_BASE);
static_assert(offsetof(struct host_registers, ss) == SAVED_SS);
static_assert(offsetof(struct host_registers, gs) == SAVED_GS);

struct entry_cpu fuzz_cpu;
u8 fuzz_there[VMCS_NR_FIELDS];

static void *pages[NR_PAGES];

#define ENCODING(encoding, name, width) encoding,
static const u32 encodings[] = { VMCS_FIELDS(ENCODING) };

/* In the MSR areas: to load and store it leaves all as it is. */
#define HARMLESS_MSR MSR_CSTAR

struct msr_entry {
	u64 index;
	u64 value;
};

/* Such a violation is never turned into a #VE (SDM 3C 26.5.7.1). */
#define EPT_SUPPRESS_VE (1ULL << 63)

/* MSRs that an entry or an exit may load. */
static const u32 host_msrs[] = {
	MSR_EFER,
	MSR_IA32_CR_PAT,
	MSR_IA32_SYSENTER_CS,
	MSR_IA32_SYSENTER_ESP,
	MSR_IA32_SYSENTER_EIP,
	MSR_IA32_DEBUGCTLMSR,
	MSR_CORE_PERF_GLOBAL_CTRL,
};

/* ---- what this CPU is --------------------------------------------------------------- */

static u64 msr(u32 index)
{
	u64 value = 0;

	rdmsrq_safe(index, &value);
	return value;
}

/* The bits that a WRMSR takes: those that are not reserved. */
static u64 msr_may(u32 index)
{
	u64 value, may = 0;
	int bit;

	if (rdmsrq_safe(index, &value))
		return 0;
	for (bit = 0; bit < 64; bit++)
		if (!wrmsrq_safe(index, value | 1ULL << bit))
			may |= 1ULL << bit;
	wrmsrq_safe(index, value);
	return may;
}

static u64 features(void)
{
	u64 features = ENTRY_CPU_64;

	if (cpuid_eax(0) < 7)
		return features;
	if (cpuid_ebx(7) & 1 << 2)
		features |= ENTRY_CPU_SGX;
	if (cpuid_ebx(7) & 1 << 11)
		features |= ENTRY_CPU_RTM;
	if (cpuid_ecx(7) & 1 << 24)
		features |= ENTRY_CPU_BLD;
	return features;
}

static void look_at_cpu(struct entry_cpu *cpu)
{
	struct vmx_msrs *m = &cpu->msrs;
	u32 widths = cpuid_eax(0x80000008);
	int newer;

	m->basic = msr(MSR_IA32_VMX_BASIC);
	/* The TRUE capability MSRs are 12 further on. */
	newer = m->basic & 1ULL << 55 ?
			MSR_IA32_VMX_TRUE_PINBASED_CTLS - MSR_IA32_VMX_PINBASED_CTLS :
			0;
	m->pin = msr(MSR_IA32_VMX_PINBASED_CTLS + newer);
	m->cpu = msr(MSR_IA32_VMX_PROCBASED_CTLS + newer);
	m->exit = msr(MSR_IA32_VMX_EXIT_CTLS + newer);
	m->entry = msr(MSR_IA32_VMX_ENTRY_CTLS + newer);
	m->cpu2 = msr(MSR_IA32_VMX_PROCBASED_CTLS2);
	m->ept_vpid = msr(MSR_IA32_VMX_EPT_VPID_CAP);
	m->misc = msr(MSR_IA32_VMX_MISC);
	m->cr0_fixed0 = msr(MSR_IA32_VMX_CR0_FIXED0);
	m->cr0_fixed1 = msr(MSR_IA32_VMX_CR0_FIXED1);
	m->cr4_fixed0 = msr(MSR_IA32_VMX_CR4_FIXED0);
	m->cr4_fixed1 = msr(MSR_IA32_VMX_CR4_FIXED1);
	cpu->vmfunc = msr(MSR_IA32_VMX_VMFUNC);
	cpu->efer = msr(MSR_EFER);
	cpu->phys_bits = widths & 0xff;
	cpu->linear_bits = widths >> 8 & 0xff;
	cpu->efer_may = EFER_SCE | EFER_LME | EFER_LMA |
			(boot_cpu_has(X86_FEATURE_NX) ? EFER_NX : 0);
	cpu->debugctl_may = msr_may(MSR_IA32_DEBUGCTLMSR);
	cpu->perf_global_may = ENTRY_UNKNOWN;
	cpu->features = features();
	cpu->vmcs_address = host_page(PAGE_VMCS);
}

/* ---- pages -------------------------------------------------------------------------- */

u64 host_page(enum our_page page)
{
	return __pa(pages[page]);
}

void host_set_tpr(u8 tpr)
{
	((u8 *)pages[PAGE_APIC])[0x80] = tpr;
	fuzz_cpu.vtpr = tpr;
}

void host_set_link_shadow(bool shadow)
{
	*(u32 *)pages[PAGE_LINK] = (fuzz_cpu.msrs.basic & 0x7fffffff) | (u32)shadow << 31;
}

static void fill_pages(void)
{
	u32 revision = fuzz_cpu.msrs.basic & 0x7fffffff;
	struct msr_entry *msrs = pages[PAGE_MSRS];
	u64 *ept = pages[PAGE_EPT];
	int i;

	*(u32 *)pages[PAGE_VMXON] = revision;
	*(u32 *)pages[PAGE_VMCS] = revision;
	host_set_link_shadow(false);
	for (i = 0; i < 512; i++)
		ept[i] = EPT_SUPPRESS_VE;
	for (i = 0; i < PAGE_SIZE / sizeof(*msrs); i++) {
		msrs[i].index = HARMLESS_MSR;
		msrs[i].value = msr(HARMLESS_MSR);
	}
}

/* ---- one entry ---------------------------------------------------------------------- */

/* Beside the CR4 shadow: only with interrupts off, and undone before they are on. */
static void write_cr4(unsigned long value)
{
	asm volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

static bool vmwrite(u32 field, u64 value)
{
	bool fails;

	asm volatile("vmwrite %[value], %[field]\n\tsetna %[fails]"
		     : [fails] "=rm"(fails)
		     : [field] "r"((u64)field), [value] "r"(value)
		     : "cc");
	return !fails;
}

static int vmx_begin(unsigned long *cr4)
{
	*cr4 = native_read_cr4();
	if (*cr4 & X86_CR4_VMXE)
		return -EBUSY;
	write_cr4(*cr4 | X86_CR4_VMXE);
	if (vmx_on(host_page(PAGE_VMXON))) {
		write_cr4(*cr4);
		return -EIO;
	}
	if (vmx_clear(host_page(PAGE_VMCS)) || vmx_ptrld(host_page(PAGE_VMCS))) {
		vmx_off();
		write_cr4(*cr4);
		return -EIO;
	}
	return 0;
}

static void vmx_end(unsigned long cr4)
{
	vmx_clear(host_page(PAGE_VMCS));
	vmx_off();
	write_cr4(cr4);
}

void host_fields(struct vmcs_image *image)
{
	u64 *value = image->value;
	struct desc_ptr gdt, idt;

	native_store_gdt(&gdt);
	store_idt(&idt);
	value[VMCS_HOST_ES_SELECTOR] = 0;
	value[VMCS_HOST_CS_SELECTOR] = __KERNEL_CS;
	value[VMCS_HOST_SS_SELECTOR] = __KERNEL_DS;
	value[VMCS_HOST_DS_SELECTOR] = 0;
	value[VMCS_HOST_FS_SELECTOR] = 0;
	value[VMCS_HOST_GS_SELECTOR] = 0;
	value[VMCS_HOST_TR_SELECTOR] = GDT_ENTRY_TSS * 8;
	value[VMCS_HOST_IA32_PAT] = msr(MSR_IA32_CR_PAT);
	value[VMCS_HOST_IA32_EFER] = msr(MSR_EFER);
	value[VMCS_HOST_IA32_PERF_GLOBAL_CTRL] = msr(MSR_CORE_PERF_GLOBAL_CTRL);
	value[VMCS_HOST_IA32_SYSENTER_CS] = msr(MSR_IA32_SYSENTER_CS);
	value[VMCS_HOST_IA32_SYSENTER_ESP] = msr(MSR_IA32_SYSENTER_ESP);
	value[VMCS_HOST_IA32_SYSENTER_EIP] = msr(MSR_IA32_SYSENTER_EIP);
	value[VMCS_HOST_CR0] = native_read_cr0();
	value[VMCS_HOST_CR3] = __native_read_cr3();
	value[VMCS_HOST_CR4] = native_read_cr4() | X86_CR4_VMXE;
	value[VMCS_HOST_FS_BASE] = msr(MSR_FS_BASE);
	value[VMCS_HOST_GS_BASE] = msr(MSR_GS_BASE);
	value[VMCS_HOST_TR_BASE] =
		(unsigned long)&get_cpu_entry_area(raw_smp_processor_id())->tss.x86_tss;
	value[VMCS_HOST_GDTR_BASE] = gdt.address;
	value[VMCS_HOST_IDTR_BASE] = idt.address;
	value[VMCS_HOST_RSP] = current_stack_pointer; /* fuzz_enter() writes it itself */
	value[VMCS_HOST_RIP] = (unsigned long)fuzz_landing;
}

static void save(struct host_registers *host)
{
	native_store_gdt(&host->gdt);
	store_idt(&host->idt);
	host->cr0 = native_read_cr0();
	host->cr4 = native_read_cr4();
	host->fs_base = msr(MSR_FS_BASE);
	host->gs_base = msr(MSR_GS_BASE);
	savesegment(ss, host->ss);
	savesegment(ds, host->ds);
	savesegment(es, host->es);
	savesegment(fs, host->fs);
	savesegment(gs, host->gs);
	store_ldt(host->ldt);
}

/* After a VM exit, what fuzz_landing() has left to do. */
static void restore(const struct host_registers *host, const u64 *msrs, unsigned long dr7)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(host_msrs); i++)
		if (msr(host_msrs[i]) != msrs[i])
			wrmsrq_safe(host_msrs[i], msrs[i]);
	force_reload_TR();
	asm volatile("lldt %w0" : : "r"(host->ldt));
	native_set_debugreg(7, dr7);
}

static void read_answer(struct answer *answer, int failed)
{
	if (failed) {
		answer->error = failed == 2 ? vmcs_read(VM_INSTRUCTION_ERROR) : 0;
		answer->what = answer->error == 7 ? FUZZ_CONTROLS :
			       answer->error == 8 ? FUZZ_HOST :
						    FUZZ_OTHER;
		return;
	}
	answer->reason = vmcs_read(VM_EXIT_REASON);
	answer->qualification = vmcs_read(EXIT_QUALIFICATION);
	answer->vectoring = vmcs_read(IDT_VECTORING_INFO_FIELD);
	if (!(answer->reason & VMX_EXIT_REASONS_FAILED_VMENTRY))
		answer->what = FUZZ_ENTERS;
	else if ((answer->reason & 0xffff) == EXIT_REASON_INVALID_STATE)
		answer->what = FUZZ_GUEST;
	else
		answer->what = FUZZ_OTHER;
}

int host_try(const struct vmcs_image *image, struct answer *answer)
{
	u64 msrs[ARRAY_SIZE(host_msrs)];
	struct host_registers host;
	unsigned long cr4, dr7;
	int i, err, failed;
	bool nmi = false;

	err = vmx_begin(&cr4);
	if (err)
		return err;
	for (i = 0; i < VMCS_NR_FIELDS; i++)
		if (fuzz_there[i] && !vmwrite(encodings[i], image->value[i]))
			err = -EIO;
	save(&host);
	for (i = 0; i < ARRAY_SIZE(host_msrs); i++)
		msrs[i] = msr(host_msrs[i]);
	get_debugreg(dr7, 7);

	memset(answer, 0, sizeof(*answer));
	failed = fuzz_enter(&host);
	if (!failed)
		restore(&host, msrs, dr7);
	read_answer(answer, failed);
	if (answer->what == FUZZ_ENTERS && (answer->reason & 0xffff) == EXIT_REASON_EXCEPTION_NMI)
		nmi = (vmcs_read(VM_EXIT_INTR_INFO) & INTR_INFO_INTR_TYPE_MASK) ==
		      INTR_TYPE_NMI_INTR;
	vmx_end(cr4);

	/* One that came while the guest ran: NMIs are blocked until the IRET of this one. */
	if (nmi)
		asm volatile("int $2" : : : "memory");
	return err;
}

/* ---- beginning and end -------------------------------------------------------------- */

/* What is not read-only and takes a value. */
static int find_fields(void)
{
	unsigned long flags, cr4;
	int i, err;

	local_irq_save(flags);
	err = vmx_begin(&cr4);
	if (!err) {
		for (i = 0; i < VMCS_NR_FIELDS; i++)
			fuzz_there[i] = (encodings[i] & 0xc00) != 0x400 && vmwrite(encodings[i], 0);
		vmx_invept(INVALIDATE_ALL, 0);
		vmx_end(cr4);
	}
	local_irq_restore(flags);
	return err;
}

static const char *unfit(void)
{
	u64 control = msr(MSR_IA32_FEAT_CTL);

	if (!boot_cpu_has(X86_FEATURE_VMX))
		return "the CPU has no VMX";
	if (!(control & FEAT_CTL_LOCKED) || !(control & FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX))
		return "the firmware left VMX disabled";
	if (!(msr(MSR_IA32_VMX_PROCBASED_CTLS) >> 32 & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS) ||
	    !(msr(MSR_IA32_VMX_PROCBASED_CTLS2) >> 32 & SECONDARY_EXEC_ENABLE_EPT))
		return "the CPU has no EPT";
	return NULL;
}

int host_init(void)
{
	const char *reason = unfit();
	int i, err = -ENOMEM;

	if (reason) {
		pr_err("posada_entry_fuzz: %s\n", reason);
		return -ENODEV;
	}
	for (i = 0; i < NR_PAGES; i++) {
		pages[i] = (void *)get_zeroed_page(GFP_KERNEL);
		if (!pages[i])
			goto out_free_pages;
	}
	look_at_cpu(&fuzz_cpu);
	fill_pages();
	err = find_fields();
	if (!err)
		return 0;
	pr_err("posada_entry_fuzz: %s\n",
	       err == -EBUSY ? "somebody else holds VMX" : "VMX cannot be turned on");
out_free_pages:
	host_exit();
	return err;
}

void host_exit(void)
{
	int i;

	for (i = 0; i < NR_PAGES; i++)
		free_page((unsigned long)pages[i]);
}
