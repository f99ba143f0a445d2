// SPDX-License-Identifier: GPL-2.0
/* Images that break no rule: a mode of the guest, and features by chance. */
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "fuzz.h"

#define SELECTORS VMCS_GUEST_ES_SELECTOR
#define BASES	  VMCS_GUEST_ES_BASE
#define LIMITS	  VMCS_GUEST_ES_LIMIT
#define RIGHTS	  VMCS_GUEST_ES_AR_BYTES

enum segment {
	ES,
	CS,
	SS,
	DS,
	FS,
	GS,
	LDTR,
	TR
};

#define UNUSABLE 0x10000
#define TIMER	 16 /* ticks until a guest that sleeps is ended */

/* A guest by its mode: what differs. */
static const struct mode {
	u64 cr0;
	u64 cr4;
	u64 efer;
	u64 rflags;
	u32 cs; /* access rights */
	u32 data;
	bool unrestricted; /* cannot be without */
} modes[] = {
	/* 64-bit, rings 0 and 3; compatibility mode, 32- and 16-bit */
	{ X86_CR0_PE | X86_CR0_PG, X86_CR4_PAE, EFER_LME | EFER_LMA, 0, 0xa09b, 0xc093, false },
	{ X86_CR0_PE | X86_CR0_PG, X86_CR4_PAE, EFER_LME | EFER_LMA, 0, 0xa0fb, 0xc0f3, false },
	{ X86_CR0_PE | X86_CR0_PG, X86_CR4_PAE, EFER_LME | EFER_LMA, 0, 0xc09b, 0xc093, false },
	{ X86_CR0_PE | X86_CR0_PG, X86_CR4_PAE, EFER_LME | EFER_LMA, 0, 0x00fb, 0x00f3, false },
	/* PAE paging, two-level paging, ring 3 of it, a conforming code segment */
	{ X86_CR0_PE | X86_CR0_PG, X86_CR4_PAE, 0, 0, 0xc09b, 0xc093, false },
	{ X86_CR0_PE | X86_CR0_PG, 0, 0, 0, 0xc09b, 0xc093, false },
	{ X86_CR0_PE | X86_CR0_PG, 0, 0, 0, 0xc0fb, 0xc0f3, false },
	{ X86_CR0_PE | X86_CR0_PG, 0, 0, 0, 0xc09f, 0xc093, false },
	/* virtual-8086 mode */
	{ X86_CR0_PE | X86_CR0_PG, 0, 0, X86_EFLAGS_VM, 0xf3, 0xf3, false },
	/* protected mode without paging, real mode, and in between: PE is new, CS is old */
	{ X86_CR0_PE, 0, 0, 0, 0xc09b, 0xc093, true },
	{ 0, 0, 0, 0, 0x009b, 0x0093, true },
	{ X86_CR0_PE, 0, 0, 0, 0x0093, 0x0093, true },
};

static bool may(u64 control_msr, u32 bits)
{
	return !(bits & ~(u32)(control_msr >> 32));
}

/* ---- the guest's registers ---------------------------------------------------------- */

static void set_segment(u64 *v, enum segment n, u16 selector, u32 rights)
{
	v[SELECTORS + n] = selector;
	v[BASES + n] = rights & UNUSABLE ? 0 : selector * 16;
	v[LIMITS + n] = rights & 0x8000 ? ~0U : 0xffff;
	v[RIGHTS + n] = rights;
}

static void set_mode(u64 *v, const struct mode *mode)
{
	const struct vmx_msrs *m = &fuzz_cpu.msrs;
	unsigned int ring = mode->rflags & X86_EFLAGS_VM ? 0 : mode->cs >> 5 & 3;
	enum segment n;

	v[VMCS_GUEST_CR0] = mode->cr0 | (m->cr0_fixed0 & ~(X86_CR0_PE | X86_CR0_PG));
	v[VMCS_GUEST_CR4] = mode->cr4 | m->cr4_fixed0;
	v[VMCS_GUEST_IA32_EFER] = mode->efer | (fuzz_cpu.efer & EFER_NX);
	v[VMCS_GUEST_RFLAGS] = mode->rflags | X86_EFLAGS_FIXED;
	v[VMCS_GUEST_CR3] = host_page(PAGE_ZERO);
	v[VMCS_GUEST_DR7] = 0x400;
	v[VMCS_GUEST_RIP] = 0x1000;
	v[VMCS_GUEST_RSP] = 0x2000;
	v[VMCS_GUEST_IA32_PAT] = 0x0007040600070406ULL;
	v[VMCS_GUEST_GDTR_LIMIT] = 0xffff;
	v[VMCS_GUEST_IDTR_LIMIT] = 0xffff;
	v[VMCS_VMCS_LINK_POINTER] = ~0ULL;
	for (n = ES; n <= GS; n++)
		set_segment(v, n, 0x10 | ring, mode->data);
	set_segment(v, CS, 0x8 | ring, mode->cs);
	set_segment(v, LDTR, 0, UNUSABLE);
	set_segment(v, TR, 0x18, 0x8b);
	if (!(mode->rflags & X86_EFLAGS_VM) && one_in(4))
		set_segment(v, random_below(2) ? DS + random_below(3) : ES, 0, UNUSABLE);
	if (one_in(4))
		set_segment(v, LDTR, 0x20, 0x82);
	if (!mode->efer && one_in(4))
		set_segment(v, TR, 0x18, 0x83);
}

/* ---- controls ------------------------------------------------------------------------- */

/* What every image has: nothing executes, and what sleeps is woken. */
static void set_controls(u64 *v, const struct mode *mode)
{
	const struct vmx_msrs *m = &fuzz_cpu.msrs;

	v[VMCS_PIN_BASED_VM_EXEC_CONTROL] =
		(u32)m->pin | PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING |
		(may(m->pin, PIN_BASED_VMX_PREEMPTION_TIMER) ? PIN_BASED_VMX_PREEMPTION_TIMER : 0);
	v[VMCS_CPU_BASED_VM_EXEC_CONTROL] = (u32)m->cpu | CPU_BASED_HLT_EXITING |
					    CPU_BASED_ACTIVATE_SECONDARY_CONTROLS;
	v[VMCS_SECONDARY_VM_EXEC_CONTROL] =
		(u32)m->cpu2 | SECONDARY_EXEC_ENABLE_EPT |
		(mode->unrestricted ? SECONDARY_EXEC_UNRESTRICTED_GUEST : 0);
	v[VMCS_VM_EXIT_CONTROLS] = (u32)m->exit | VM_EXIT_HOST_ADDR_SPACE_SIZE |
				   VM_EXIT_LOAD_IA32_EFER | VM_EXIT_LOAD_IA32_PAT;
	v[VMCS_VM_ENTRY_CONTROLS] = (u32)m->entry | VM_ENTRY_LOAD_IA32_EFER |
				    (mode->efer ? VM_ENTRY_IA32E_MODE : 0);
	v[VMCS_EXCEPTION_BITMAP] = ~0U;
	v[VMCS_VMX_PREEMPTION_TIMER_VALUE] = TIMER;
	v[VMCS_EPT_POINTER] = host_page(PAGE_EPT) | 3 << 3 | 6;
	v[VMCS_TSC_MULTIPLIER] = 1ULL << 48;
}

/* Bits of control words that need nothing else. */
static void set_free_controls(u64 *v, const struct mode *mode)
{
	static const u32 cpu[] = {
		CPU_BASED_INTR_WINDOW_EXITING, CPU_BASED_USE_TSC_OFFSETTING,
		CPU_BASED_INVLPG_EXITING,      CPU_BASED_MWAIT_EXITING,
		CPU_BASED_RDPMC_EXITING,       CPU_BASED_RDTSC_EXITING,
		CPU_BASED_CR3_LOAD_EXITING,    CPU_BASED_CR8_LOAD_EXITING,
		CPU_BASED_MOV_DR_EXITING,      CPU_BASED_UNCOND_IO_EXITING,
		CPU_BASED_PAUSE_EXITING,
	};
	static const u32 cpu2[] = {
		SECONDARY_EXEC_DESC,
		SECONDARY_EXEC_ENABLE_RDTSCP,
		SECONDARY_EXEC_WBINVD_EXITING,
		SECONDARY_EXEC_UNRESTRICTED_GUEST,
		SECONDARY_EXEC_PAUSE_LOOP_EXITING,
		SECONDARY_EXEC_RDRAND_EXITING,
		SECONDARY_EXEC_ENABLE_INVPCID,
	};
	static const u32 exit[] = {
		VM_EXIT_SAVE_DEBUG_CONTROLS,
		VM_EXIT_SAVE_IA32_PAT,
		VM_EXIT_SAVE_IA32_EFER,
		VM_EXIT_SAVE_VMX_PREEMPTION_TIMER,
	};
	static const u32 entry[] = { VM_ENTRY_LOAD_DEBUG_CONTROLS, VM_ENTRY_LOAD_IA32_PAT };
	const struct vmx_msrs *m = &fuzz_cpu.msrs;
	const struct {
		unsigned int field;
		u64 may;
		const u32 *bits;
		unsigned int n;
	} words[] = {
		{ VMCS_CPU_BASED_VM_EXEC_CONTROL, m->cpu, cpu, ARRAY_SIZE(cpu) },
		{ VMCS_SECONDARY_VM_EXEC_CONTROL, m->cpu2, cpu2, ARRAY_SIZE(cpu2) },
		{ VMCS_VM_EXIT_CONTROLS, m->exit, exit, ARRAY_SIZE(exit) },
		{ VMCS_VM_ENTRY_CONTROLS, m->entry, entry, ARRAY_SIZE(entry) },
	};
	int i, bit;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		for (bit = 0; bit < words[i].n; bit++)
			if (one_in(4) && may(words[i].may, words[i].bits[bit]))
				v[words[i].field] |= words[i].bits[bit];
}

static void set_apic(u64 *v)
{
	const struct vmx_msrs *m = &fuzz_cpu.msrs;
	u64 *cpu2 = &v[VMCS_SECONDARY_VM_EXEC_CONTROL];
	u8 tpr = random_bits();

	host_set_tpr(tpr);
	if (!may(m->cpu, CPU_BASED_TPR_SHADOW))
		return;
	v[VMCS_CPU_BASED_VM_EXEC_CONTROL] |= CPU_BASED_TPR_SHADOW;
	v[VMCS_VIRTUAL_APIC_PAGE_ADDR] = host_page(PAGE_APIC);
	v[VMCS_APIC_ACCESS_ADDR] = host_page(PAGE_ZERO);
	v[VMCS_TPR_THRESHOLD] = random_below((tpr >> 4) + 1);
	if (one_in(3) && may(m->cpu2, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES))
		*cpu2 |= SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES;
	else if (one_in(2) && may(m->cpu2, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE))
		*cpu2 |= SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE;
	if (one_in(3) && may(m->cpu2, SECONDARY_EXEC_APIC_REGISTER_VIRT))
		*cpu2 |= SECONDARY_EXEC_APIC_REGISTER_VIRT;
	if (one_in(3) && may(m->cpu2, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY))
		*cpu2 |= SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY;
}

/* Controls with an address or a number of their own. */
static void set_pointers(u64 *v)
{
	const struct vmx_msrs *m = &fuzz_cpu.msrs;
	u64 *cpu = &v[VMCS_CPU_BASED_VM_EXEC_CONTROL];
	u64 *cpu2 = &v[VMCS_SECONDARY_VM_EXEC_CONTROL];
	u64 zero = host_page(PAGE_ZERO);

	v[VMCS_IO_BITMAP_A] = v[VMCS_IO_BITMAP_B] = v[VMCS_MSR_BITMAP] = zero;
	v[VMCS_VMREAD_BITMAP] = v[VMCS_VMWRITE_BITMAP] = zero;
	v[VMCS_EPTP_LIST_ADDRESS] = v[VMCS_PML_ADDRESS] = v[VMCS_VE_INFORMATION_ADDRESS] = zero;
	v[VMCS_VM_EXIT_MSR_STORE_ADDR] = host_page(PAGE_MSRS);
	v[VMCS_VM_EXIT_MSR_LOAD_ADDR] = host_page(PAGE_MSRS);
	v[VMCS_VM_ENTRY_MSR_LOAD_ADDR] = host_page(PAGE_MSRS);
	if (one_in(4)) {
		v[VMCS_VM_EXIT_MSR_STORE_COUNT] = random_below(3);
		v[VMCS_VM_EXIT_MSR_LOAD_COUNT] = random_below(3);
		v[VMCS_VM_ENTRY_MSR_LOAD_COUNT] = random_below(3);
	}
	if (one_in(3))
		*cpu |= CPU_BASED_USE_IO_BITMAPS;
	if (one_in(3))
		*cpu |= CPU_BASED_USE_MSR_BITMAPS;
	if (one_in(3) && may(m->cpu2, SECONDARY_EXEC_ENABLE_VPID)) {
		*cpu2 |= SECONDARY_EXEC_ENABLE_VPID;
		v[VMCS_VIRTUAL_PROCESSOR_ID] = 1 + random_below(0xffff);
	}
	if (one_in(4) && may(m->cpu2, SECONDARY_EXEC_SHADOW_VMCS))
		*cpu2 |= SECONDARY_EXEC_SHADOW_VMCS;
	if (one_in(8) && may(m->cpu2, SECONDARY_EXEC_ENABLE_VMFUNC)) {
		*cpu2 |= SECONDARY_EXEC_ENABLE_VMFUNC;
		v[VMCS_VM_FUNCTION_CONTROL] = fuzz_cpu.vmfunc & 1;
	}
	if (one_in(8) && may(m->cpu2, SECONDARY_EXEC_ENABLE_PML))
		*cpu2 |= SECONDARY_EXEC_ENABLE_PML;
	if (one_in(4))
		v[VMCS_VMCS_LINK_POINTER] = host_page(PAGE_LINK);
}

/* ---- events and what keeps them off -------------------------------------------------- */

static void set_event(u64 *v)
{
	bool protected = v[VMCS_GUEST_CR0] & X86_CR0_PE;
	u64 *event = &v[VMCS_VM_ENTRY_INTR_INFO_FIELD];

	switch (random_below(7)) {
	case 0:
		*event = INTR_TYPE_EXT_INTR | (0x20 + random_below(0xe0));
		v[VMCS_GUEST_RFLAGS] |= X86_EFLAGS_IF;
		break;
	case 1:
		*event = INTR_TYPE_NMI_INTR | 2;
		break;
	case 2:
		*event = INTR_TYPE_HARD_EXCEPTION | 13 |
			 (protected ? INTR_INFO_DELIVER_CODE_MASK : 0);
		v[VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE] = 0x18;
		break;
	case 3:
		*event = INTR_TYPE_HARD_EXCEPTION | 6;
		break;
	case 4:
		*event = INTR_TYPE_SOFT_INTR | 0x80;
		break;
	case 5:
		*event = INTR_TYPE_PRIV_SW_EXCEPTION | 1;
		break;
	case 6:
		*event = INTR_TYPE_SOFT_EXCEPTION | 3;
		break;
	}
	*event |= INTR_INFO_VALID_MASK;
	v[VMCS_VM_ENTRY_INSTRUCTION_LEN] = 1 + random_below(15);
}

static void set_blocking(u64 *v)
{
	bool injects = v[VMCS_VM_ENTRY_INTR_INFO_FIELD];

	switch (random_below(8)) {
	case 0:
		if (injects)
			break;
		v[VMCS_GUEST_RFLAGS] |= X86_EFLAGS_IF;
		v[VMCS_GUEST_INTERRUPTIBILITY_INFO] = GUEST_INTR_STATE_STI;
		break;
	case 1:
		if (!injects)
			v[VMCS_GUEST_INTERRUPTIBILITY_INFO] = GUEST_INTR_STATE_MOV_SS;
		break;
	case 2:
		v[VMCS_GUEST_INTERRUPTIBILITY_INFO] = GUEST_INTR_STATE_NMI;
		break;
	case 3:
		if (!injects && !(v[RIGHTS + SS] & 0x60))
			v[VMCS_GUEST_ACTIVITY_STATE] = GUEST_ACTIVITY_HLT;
		break;
	case 4:
		if (!injects)
			v[VMCS_GUEST_ACTIVITY_STATE] = GUEST_ACTIVITY_SHUTDOWN;
		break;
	case 5:
		v[VMCS_GUEST_PENDING_DBG_EXCEPTIONS] = 0x1000 | random_below(16);
		break;
	}
	if (one_in(8)) {
		v[VMCS_GUEST_RFLAGS] |= X86_EFLAGS_TF;
		v[VMCS_GUEST_PENDING_DBG_EXCEPTIONS] |= 0x4000;
	}
	if (one_in(4) && may(fuzz_cpu.msrs.pin, PIN_BASED_VIRTUAL_NMIS)) {
		v[VMCS_PIN_BASED_VM_EXEC_CONTROL] |= PIN_BASED_VIRTUAL_NMIS;
		if (one_in(2))
			v[VMCS_CPU_BASED_VM_EXEC_CONTROL] |= CPU_BASED_NMI_WINDOW_EXITING;
	}
}

/* ---- all of it -------------------------------------------------------------------------- */

static const struct mode *choose_mode(void)
{
	const struct mode *mode;

	do {
		mode = &modes[random_below(ARRAY_SIZE(modes))];
	} while (mode->unrestricted && !may(fuzz_cpu.msrs.cpu2, SECONDARY_EXEC_UNRESTRICTED_GUEST));
	return mode;
}

void valid_image(struct vmcs_image *image)
{
	const struct mode *mode = choose_mode();
	u64 *v = image->value;

	memset(image, 0, sizeof(*image));
	memcpy(image->there, fuzz_there, sizeof(image->there));
	host_fields(image);
	set_mode(v, mode);
	set_controls(v, mode);
	set_free_controls(v, mode);
	set_pointers(v);
	if (one_in(2))
		set_apic(v);
	if (one_in(3))
		set_event(v);
	set_blocking(v);
	/* Without EPT nothing is mapped either: the tables that CR3 points to are empty. */
	if (!(v[VMCS_SECONDARY_VM_EXEC_CONTROL] & SECONDARY_EXEC_UNRESTRICTED_GUEST) && one_in(8))
		v[VMCS_SECONDARY_VM_EXEC_CONTROL] &=
			~(SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_ENABLE_PML);
}
