// SPDX-License-Identifier: GPL-2.0
/* Does the checker find every rule of VM entry that an image breaks, and no other? */
#include <kselftest_harness.h>

#include "entry_check.h"

struct world {
	struct vmcs_image image;
	struct entry_cpu cpu;
};

/* ---- worlds in which an entry succeeds --------------------------------------------- */

/* A CPU with all there is: every control allowed, those of the default1 class demanded. */
static const struct entry_cpu rich = {
	.msrs = {
		.basic = 0x00da040000000012,
		.pin = 0x000000ff00000016,
		.cpu = 0xffffffff04006172,
		.cpu2 = 0xffffffff00000000,
		.exit = 0xf7ffffff00036dfb,
		.entry = 0x007fffff000011fb,
		.ept_vpid = 0x00000f01067341c1,
		.misc = 0x00000000300481e5 & ~(1ULL << 30),
		.cr0_fixed0 = 0x80000021,
		.cr0_fixed1 = 0xffffffff,
		.cr4_fixed0 = 0x2000,
		.cr4_fixed1 = 0x00ff7fff,
	},
	.vmfunc = 1,
	.cpu3 = 0x1f,
	.exit2 = 0xf,
	.efer = 0xd01,
	.phys_bits = 39,
	.linear_bits = 48,
	.efer_may = 0xd01,
	.debugctl_may = 0x1dfc3,
	.perf_global_may = 0x70000000f,
	.features = ENTRY_CPU_64 | ENTRY_CPU_SGX | ENTRY_CPU_RTM,
	.vmcs_address = 0x7000,
	.vtpr = 0x30,
};

#define SET(field, v)	(w->image.value[VMCS_##field] = (v))

static void segment(struct world *w, unsigned int s, u16 selector, u64 base, u32 limit, u32 ar)
{
	w->image.value[VMCS_GUEST_ES_SELECTOR + s] = selector;
	w->image.value[VMCS_GUEST_ES_BASE + s] = base;
	w->image.value[VMCS_GUEST_ES_LIMIT + s] = limit;
	w->image.value[VMCS_GUEST_ES_AR_BYTES + s] = ar;
}

/* A 64-bit guest at CPL 0 under a 64-bit host: EPT, unrestricted guest. */
static void world_long(struct world *w)
{
	unsigned int s;

	memset(w, 0, sizeof(*w));
	w->cpu = rich;
	SET(PIN_BASED_VM_EXEC_CONTROL, 0x16 | 1 << 0 | 1 << 3 | 1 << 5);
	SET(CPU_BASED_VM_EXEC_CONTROL, 0x84006172 | 1 << 21 | 1 << 28 | 1 << 25);
	SET(SECONDARY_VM_EXEC_CONTROL, 1 << 1 | 1 << 5 | 1 << 7);
	SET(VM_EXIT_CONTROLS, 0x36dfb | 1 << 9 | 1 << 12 | 1 << 19 | 1 << 21);
	SET(VM_ENTRY_CONTROLS, 0x11fb | 1 << 2 | 1 << 9 | 1 << 13 | 1 << 14 | 1 << 15);
	SET(IO_BITMAP_A, 0x1000);
	SET(IO_BITMAP_B, 0x2000);
	SET(MSR_BITMAP, 0x3000);
	SET(VIRTUAL_APIC_PAGE_ADDR, 0x4000);
	SET(TPR_THRESHOLD, 3);
	SET(EPT_POINTER, 0x501e);
	SET(VIRTUAL_PROCESSOR_ID, 1);
	SET(VMCS_LINK_POINTER, ~0ULL);

	SET(HOST_CR0, 0x80050033);
	SET(HOST_CR3, 0x1234000);
	SET(HOST_CR4, 0x2020 | 1 << 17);
	SET(HOST_CS_SELECTOR, 0x10);
	SET(HOST_TR_SELECTOR, 0x40);
	SET(HOST_GS_BASE, 0xffff888000000000);
	SET(HOST_GDTR_BASE, 0xfffffe0000001000);
	SET(HOST_IDTR_BASE, 0xfffffe0000000000);
	SET(HOST_TR_BASE, 0xfffffe0000003000);
	SET(HOST_IA32_SYSENTER_EIP, 0xffffffff81800000);
	SET(HOST_IA32_PAT, 0x0407050600070106);
	SET(HOST_IA32_EFER, 0xd01);
	SET(HOST_RIP, 0xffffffffc0000000);

	SET(GUEST_CR0, 0x80050033);
	SET(GUEST_CR3, 0x1000);
	SET(GUEST_CR4, 0x2020);
	SET(GUEST_DR7, 0x400);
	SET(GUEST_IA32_EFER, 0xd01);
	SET(GUEST_IA32_PAT, 0x0007040600070406);
	SET(GUEST_RIP, 0xffffffff81000000);
	SET(GUEST_RFLAGS, 0x202);
	for (s = 0; s < 6; s++)
		segment(w, s, 0x10, 0, 0xffffffff, 0xc093);
	segment(w, 1, 8, 0, 0xffffffff, 0xa09b);
	segment(w, 6, 0, 0, 0, 0x10000);
	segment(w, 7, 0x18, 0xffff888000003000, 0x67, 0x8b);
	SET(GUEST_GDTR_LIMIT, 0x7f);
	SET(GUEST_IDTR_LIMIT, 0xfff);
}

/* A 32-bit guest with PAE paging. */
static void world_pae(struct world *w)
{
	world_long(w);
	SET(VM_ENTRY_CONTROLS, w->image.value[VMCS_VM_ENTRY_CONTROLS] & ~(1ULL << 9));
	SET(GUEST_IA32_EFER, 0);
	SET(GUEST_RIP, 0x1000);
	segment(w, 1, 8, 0, 0xffffffff, 0xc09b);
	segment(w, 7, 0x18, 0x3000, 0x67, 0x8b);
	SET(GUEST_PDPTR0, 0x6001);
}

/* The same at CPL 3 in virtual-8086 mode. */
static void world_v86(struct world *w)
{
	unsigned int s;

	world_pae(w);
	SET(GUEST_RFLAGS, 0x20202);
	for (s = 0; s < 6; s++)
		segment(w, s, 0x100 * s, 0x1000 * s, 0xffff, 0xf3);
}

/* Without unrestricted guest. */
static void world_restricted(struct world *w)
{
	world_long(w);
	SET(SECONDARY_VM_EXEC_CONTROL, 1 << 1 | 1 << 5);
}

/* Real mode. */
static void world_real(struct world *w)
{
	unsigned int s;

	world_pae(w);
	SET(GUEST_CR0, 0x20);
	SET(GUEST_CR4, 0x2000);
	for (s = 0; s < 6; s++)
		segment(w, s, 0, 0, 0xffff, 0x93);
	segment(w, 1, 0xf000, 0xffff0000, 0xffff, 0x9b);
	SET(GUEST_RIP, 0xfff0);
}

/* A 32-bit host. */
static void world_host_32(struct world *w)
{
	world_pae(w);
	w->cpu.efer = 0;
	SET(VM_EXIT_CONTROLS, w->image.value[VMCS_VM_EXIT_CONTROLS] & ~(1ULL << 9));
	SET(HOST_CR4, 0x2020);
	SET(HOST_IA32_EFER, 0);
	SET(HOST_SS_SELECTOR, 0x18);
	SET(HOST_RIP, 0xc0000000);
}

/* Every control in use that the CPU has. */
static void world_rich(struct world *w)
{
	world_long(w);
	SET(PIN_BASED_VM_EXEC_CONTROL, 0xff);
	SET(CPU_BASED_VM_EXEC_CONTROL, 0xffffffff);
	SET(SECONDARY_VM_EXEC_CONTROL, 0xffffffef);
	SET(TERTIARY_VM_EXEC_CONTROL, 0x1f);
	SET(VM_EXIT_CONTROLS, 0xf7ffffff);
	SET(VM_ENTRY_CONTROLS, 0x7ff3ff);
	SET(SECONDARY_VM_EXIT_CONTROLS, 1);
	SET(APIC_ACCESS_ADDR, 0x8000);
	SET(POSTED_INTR_NV, 0xf2);
	SET(POSTED_INTR_DESC_ADDR, 0x9040);
	SET(PML_ADDRESS, 0xa000);
	SET(SPP_TABLE_POINTER, 0xb000);
	SET(VM_FUNCTION_CONTROL, 1);
	SET(EPTP_LIST_ADDRESS, 0xc000);
	SET(VMREAD_BITMAP, 0xd000);
	SET(VMWRITE_BITMAP, 0xe000);
	SET(VE_INFORMATION_ADDRESS, 0xf000);
	SET(TSC_MULTIPLIER, 1ULL << 48);
	SET(HLAT_POINTER, 0x10018);
	SET(PID_POINTER_TABLE, 0x11008);
	SET(LAST_PID_POINTER_INDEX, 3);
	SET(VM_EXIT_MSR_STORE_ADDR, 0x12000);
	SET(VM_EXIT_MSR_STORE_COUNT, 2);
	SET(VM_EXIT_MSR_LOAD_ADDR, 0x12010);
	SET(VM_EXIT_MSR_LOAD_COUNT, 1);
	SET(VM_ENTRY_MSR_LOAD_ADDR, 0x12020);
	SET(VM_ENTRY_MSR_LOAD_COUNT, 5);
	SET(HOST_CR4, 0x2020 | 1 << 23);
	SET(GUEST_CR4, 0x2020 | 1 << 23);
	SET(HOST_S_CET, 5);
	SET(GUEST_S_CET, 0xffff800000000400);
	SET(GUEST_SSP, 0xffff800000001000);
	SET(GUEST_BNDCFGS, 0xffff800000001003);
}

/* An entry made in SMM, back into it. */
static void world_smm(struct world *w)
{
	world_long(w);
	w->cpu.features |= ENTRY_CPU_SMM;
	SET(VM_ENTRY_CONTROLS, w->image.value[VMCS_VM_ENTRY_CONTROLS] | 1 << 10);
	SET(GUEST_INTERRUPTIBILITY_INFO, 1 << 2);
}

/* ---- one case for each rule, at least ------------------------------------------------- */

/* A change of a field, or of a fact; the rest of the value is kept by + and -. */
struct change {
	char how;		/* '=', '+' bits, '-' bits */
	unsigned int index;
	u64 value;
};

#define TO(field, v)	{ '=', VMCS_##field, (v) }
#define BITS(field, v)	{ '+', VMCS_##field, (v) }
#define NOT(field, v)	{ '-', VMCS_##field, (v) }
#define CPU_IS(fact, v)	{ '=', VMCS_NR_FIELDS + FACT_##fact, (v) }
#define CPU_HAS(fact, v) { '+', VMCS_NR_FIELDS + FACT_##fact, (v) }
#define CPU_NOT(fact, v) { '-', VMCS_NR_FIELDS + FACT_##fact, (v) }

#define MAX_CHANGES	5

struct rule_case {
	enum entry_rule rule;
	void (*world)(struct world *w);
	struct change changes[MAX_CHANGES];
	unsigned int times;	/* how often the rule is broken; 0 for once */
	enum entry_rule also;	/* what cannot but be broken too; 0 for nothing */
};

#define EVENT(type, vector)	(0x80000000 | (type) << 8 | (vector))
#define NONCANONICAL		0x0000800000000000ULL
#define TOO_WIDE		(1ULL << 39)

#define VMCS_ES_AR	VMCS_GUEST_ES_AR_BYTES
#define VMCS_CS_AR	VMCS_GUEST_CS_AR_BYTES
#define VMCS_SS_AR	VMCS_GUEST_SS_AR_BYTES
#define VMCS_DS_AR	VMCS_GUEST_DS_AR_BYTES
#define VMCS_FS_AR	VMCS_GUEST_FS_AR_BYTES
#define VMCS_GS_AR	VMCS_GUEST_GS_AR_BYTES
#define VMCS_LDTR_AR	VMCS_GUEST_LDTR_AR_BYTES
#define VMCS_TR_AR	VMCS_GUEST_TR_AR_BYTES
#define VMCS_INFO	VMCS_VM_ENTRY_INTR_INFO_FIELD
#define VMCS_SHADOW	VMCS_GUEST_INTERRUPTIBILITY_INFO
#define VMCS_PENDING	VMCS_GUEST_PENDING_DBG_EXCEPTIONS

/* A page address: first an offset in the page, then beyond the physical width. */
#define PAGE_CASES(name, world, field)				\
	{ .rule = RULE_##name, world, { BITS(field, 0x800) } },		\
	{ .rule = RULE_##name, world, { BITS(field, TOO_WIDE) } }

#define MSR_AREA_CASES(name, address, count)					\
	{ .rule = RULE_##name, world_long, { TO(count, 1), TO(address, 0x1008) } },	\
	{ .rule = RULE_##name, world_long, { TO(count, 1), TO(address, TOO_WIDE) } },	\
	{ .rule = RULE_##name, world_long, { TO(count, 2), TO(address, TOO_WIDE - 16) } }

static const struct rule_case cases[] = {
	{ .rule = RULE_PIN_CONTROLS, world_long, { NOT(PIN_BASED_VM_EXEC_CONTROL, 2) } },
	{ .rule = RULE_PIN_CONTROLS, world_long, { BITS(PIN_BASED_VM_EXEC_CONTROL, 0x100) } },
	{ .rule = RULE_CPU_CONTROLS, world_long, { NOT(CPU_BASED_VM_EXEC_CONTROL, 2) } },
	{ .rule = RULE_CPU_CONTROLS, world_long,
	  { BITS(CPU_BASED_VM_EXEC_CONTROL, 1), CPU_NOT(IA32_VMX_PROCBASED_CTLS, 1ULL << 32) } },
	{ .rule = RULE_CPU2_CONTROLS, world_long, { BITS(SECONDARY_VM_EXEC_CONTROL, 1 << 25),
	  TO(TSC_MULTIPLIER, 1), CPU_NOT(IA32_VMX_PROCBASED_CTLS2, 1ULL << 57) } },
	{ .rule = RULE_CPU3_CONTROLS, world_rich, { BITS(TERTIARY_VM_EXEC_CONTROL, 1ULL << 63) } },
	{ .rule = RULE_CR3_TARGETS, world_long, { TO(CR3_TARGET_COUNT, 5) } },
	PAGE_CASES(IO_BITMAP, world_long, IO_BITMAP_A),
	PAGE_CASES(IO_BITMAP, world_long, IO_BITMAP_B),
	PAGE_CASES(MSR_BITMAP, world_long, MSR_BITMAP),
	PAGE_CASES(VIRTUAL_APIC, world_long, VIRTUAL_APIC_PAGE_ADDR),
	{ .rule = RULE_TPR_THRESHOLD_BITS, world_long, { TO(TPR_THRESHOLD, 0x10) } },
	{ .rule = RULE_TPR_THRESHOLD_VTPR, world_long, { TO(TPR_THRESHOLD, 4) } },
	{ .rule = RULE_VIRTUAL_NMIS, world_long, { NOT(PIN_BASED_VM_EXEC_CONTROL, 1 << 3) } },
	{ .rule = RULE_NMI_WINDOW, world_long, { NOT(PIN_BASED_VM_EXEC_CONTROL, 1 << 5),
	  BITS(CPU_BASED_VM_EXEC_CONTROL, 1 << 22) } },
	PAGE_CASES(APIC_ACCESS, world_rich, APIC_ACCESS_ADDR),
	{ .rule = RULE_NEEDS_TPR_SHADOW, world_rich, { NOT(CPU_BASED_VM_EXEC_CONTROL, 1 << 21) } },
	{ .rule = RULE_NEEDS_TPR_SHADOW, world_long, { NOT(CPU_BASED_VM_EXEC_CONTROL, 1 << 21),
	  BITS(SECONDARY_VM_EXEC_CONTROL, 1 << 4) } },
	{ .rule = RULE_NEEDS_TPR_SHADOW, world_long, { NOT(CPU_BASED_VM_EXEC_CONTROL, 1 << 21),
	  BITS(SECONDARY_VM_EXEC_CONTROL, 1 << 8) } },
	{ .rule = RULE_NEEDS_TPR_SHADOW, world_long, { NOT(CPU_BASED_VM_EXEC_CONTROL, 1 << 21),
	  BITS(SECONDARY_VM_EXEC_CONTROL, 1 << 9) } },
	{ .rule = RULE_NEEDS_TPR_SHADOW, world_long, { NOT(CPU_BASED_VM_EXEC_CONTROL, 1 << 21),
	  BITS(CPU_BASED_VM_EXEC_CONTROL, 1 << 17), BITS(TERTIARY_VM_EXEC_CONTROL, 1 << 4) } },
	{ .rule = RULE_X2APIC_OR_ACCESSES, world_rich, { BITS(SECONDARY_VM_EXEC_CONTROL, 1 << 4) } },
	{ .rule = RULE_VIRTUAL_INTERRUPTS, world_long, { NOT(PIN_BASED_VM_EXEC_CONTROL, 1),
	  BITS(SECONDARY_VM_EXEC_CONTROL, 1 << 9) } },
	{ .rule = RULE_POSTED_CONTROLS, world_long, { BITS(PIN_BASED_VM_EXEC_CONTROL, 1 << 7),
	  BITS(VM_EXIT_CONTROLS, 1 << 15) } },
	{ .rule = RULE_POSTED_CONTROLS, world_rich, { NOT(VM_EXIT_CONTROLS, 1 << 15) } },
	{ .rule = RULE_POSTED_VECTOR, world_rich, { TO(POSTED_INTR_NV, 0x100) } },
	{ .rule = RULE_POSTED_DESCRIPTOR, world_rich, { BITS(POSTED_INTR_DESC_ADDR, 0x20) } },
	{ .rule = RULE_POSTED_DESCRIPTOR, world_rich, { BITS(POSTED_INTR_DESC_ADDR, TOO_WIDE) } },
	{ .rule = RULE_VPID, world_long, { TO(VIRTUAL_PROCESSOR_ID, 0) } },
	{ .rule = RULE_EPTP_TYPE, world_long, { TO(EPT_POINTER, 0x501d) } },
	{ .rule = RULE_EPTP_TYPE, world_long, { CPU_NOT(IA32_VMX_EPT_VPID_CAP, 1 << 14) } },
	{ .rule = RULE_EPTP_WALK, world_long, { TO(EPT_POINTER, 0x5016) } },
	{ .rule = RULE_EPTP_WALK, world_long, { TO(EPT_POINTER, 0x5026),
	  CPU_NOT(IA32_VMX_EPT_VPID_CAP, 1 << 7) } },
	{ .rule = RULE_EPTP_AD, world_long, { BITS(EPT_POINTER, 1 << 6),
	  CPU_NOT(IA32_VMX_EPT_VPID_CAP, 1 << 21) } },
	{ .rule = RULE_EPTP_RESERVED, world_long, { BITS(EPT_POINTER, 1 << 7) } },
	{ .rule = RULE_EPTP_RESERVED, world_long, { BITS(EPT_POINTER, 1 << 11) } },
	{ .rule = RULE_EPTP_RESERVED, world_long, { BITS(EPT_POINTER, TOO_WIDE) } },
	{ .rule = RULE_PML_NEEDS_EPT, world_long,
	  { TO(SECONDARY_VM_EXEC_CONTROL, 1 << 17) } },
	PAGE_CASES(PML_ADDRESS, world_rich, PML_ADDRESS),
	{ .rule = RULE_UNRESTRICTED_NEEDS_EPT, world_long, { NOT(SECONDARY_VM_EXEC_CONTROL, 1 << 1) } },
	{ .rule = RULE_UNRESTRICTED_NEEDS_EPT, world_long,
	  { TO(SECONDARY_VM_EXEC_CONTROL, 1 << 22) } },
	{ .rule = RULE_SPP_NEEDS_EPT, world_long, { TO(SECONDARY_VM_EXEC_CONTROL, 1 << 23) } },
	PAGE_CASES(SPP_ADDRESS, world_rich, SPP_TABLE_POINTER),
	{ .rule = RULE_VMFUNC_CONTROLS, world_rich, { TO(VM_FUNCTION_CONTROL, 3) } },
	{ .rule = RULE_EPTP_SWITCHING_NEEDS_EPT, world_long,
	  { TO(SECONDARY_VM_EXEC_CONTROL, 1 << 13), TO(VM_FUNCTION_CONTROL, 1) } },
	PAGE_CASES(EPTP_LIST, world_rich, EPTP_LIST_ADDRESS),
	PAGE_CASES(SHADOW_BITMAP, world_rich, VMREAD_BITMAP),
	PAGE_CASES(SHADOW_BITMAP, world_rich, VMWRITE_BITMAP),
	PAGE_CASES(VE_INFORMATION, world_rich, VE_INFORMATION_ADDRESS),
	{ .rule = RULE_PT_NEEDS, world_rich, { NOT(VM_ENTRY_CONTROLS, 1 << 18) } },
	{ .rule = RULE_PT_NEEDS, world_rich, { NOT(VM_EXIT_CONTROLS, 1 << 25) } },
	{ .rule = RULE_PT_NEEDS, world_rich, { TO(SECONDARY_VM_EXEC_CONTROL, 1 << 24),
	  TO(TERTIARY_VM_EXEC_CONTROL, 0), NOT(PIN_BASED_VM_EXEC_CONTROL, 1 << 7) } },
	{ .rule = RULE_TSC_MULTIPLIER, world_rich, { TO(TSC_MULTIPLIER, 0) } },
	{ .rule = RULE_TERTIARY_NEEDS_EPT, world_long, { TO(SECONDARY_VM_EXEC_CONTROL, 0),
	  BITS(CPU_BASED_VM_EXEC_CONTROL, 1 << 17), TO(TERTIARY_VM_EXEC_CONTROL, 1 << 1) } },
	{ .rule = RULE_TERTIARY_NEEDS_EPT, world_long, { TO(SECONDARY_VM_EXEC_CONTROL, 0),
	  BITS(CPU_BASED_VM_EXEC_CONTROL, 1 << 17), TO(TERTIARY_VM_EXEC_CONTROL, 1 << 2) } },
	{ .rule = RULE_TERTIARY_NEEDS_EPT, world_long, { TO(SECONDARY_VM_EXEC_CONTROL, 0),
	  BITS(CPU_BASED_VM_EXEC_CONTROL, 1 << 17), TO(TERTIARY_VM_EXEC_CONTROL, 1 << 3) } },
	{ .rule = RULE_HLAT_POINTER, world_rich, { BITS(HLAT_POINTER, 1) } },
	{ .rule = RULE_HLAT_POINTER, world_rich, { BITS(HLAT_POINTER, 1 << 11) } },
	{ .rule = RULE_HLAT_POINTER, world_rich, { BITS(HLAT_POINTER, TOO_WIDE) } },
	{ .rule = RULE_PID_TABLE, world_rich, { BITS(PID_POINTER_TABLE, 4) } },
	{ .rule = RULE_PID_TABLE, world_rich, { BITS(PID_POINTER_TABLE, TOO_WIDE) } },
	{ .rule = RULE_PID_TABLE, world_rich, { TO(PID_POINTER_TABLE, TOO_WIDE - 24) } },
	{ .rule = RULE_EXIT_CONTROLS, world_long, { NOT(VM_EXIT_CONTROLS, 1) } },
	{ .rule = RULE_EXIT_CONTROLS, world_long, { BITS(VM_EXIT_CONTROLS, 1 << 27) } },
	{ .rule = RULE_EXIT2_CONTROLS, world_rich, { TO(SECONDARY_VM_EXIT_CONTROLS, 0x10) } },
	{ .rule = RULE_SAVE_TIMER, world_long, { BITS(VM_EXIT_CONTROLS, 1 << 22) } },
	MSR_AREA_CASES(EXIT_MSR_STORE, VM_EXIT_MSR_STORE_ADDR, VM_EXIT_MSR_STORE_COUNT),
	MSR_AREA_CASES(EXIT_MSR_LOAD, VM_EXIT_MSR_LOAD_ADDR, VM_EXIT_MSR_LOAD_COUNT),
	MSR_AREA_CASES(ENTRY_MSR_LOAD, VM_ENTRY_MSR_LOAD_ADDR, VM_ENTRY_MSR_LOAD_COUNT),
	{ .rule = RULE_ENTRY_CONTROLS, world_long, { NOT(VM_ENTRY_CONTROLS, 1) } },
	{ .rule = RULE_ENTRY_CONTROLS, world_long, { BITS(VM_ENTRY_CONTROLS, 1U << 31) } },
	{ .rule = RULE_EVENT_TYPE, world_long, { TO(INFO, EVENT(1, 0)) } },
	{ .rule = RULE_EVENT_TYPE, world_long, { TO(INFO, EVENT(7, 0)),
	  CPU_NOT(IA32_VMX_PROCBASED_CTLS, 1ULL << 59) } },
	{ .rule = RULE_EVENT_VECTOR, world_long, { TO(INFO, EVENT(2, 3)) } },
	{ .rule = RULE_EVENT_VECTOR, world_long, { TO(INFO, EVENT(3, 32)) } },
	{ .rule = RULE_EVENT_VECTOR, world_long, { TO(INFO, EVENT(7, 1)) } },
	{ .rule = RULE_EVENT_ERROR_CODE, world_long, { TO(INFO, EVENT(3, 13)) } },
	{ .rule = RULE_EVENT_ERROR_CODE, world_long, { TO(INFO, EVENT(3, 6) | 0x800) } },
	{ .rule = RULE_EVENT_ERROR_CODE, world_long, { TO(INFO, EVENT(2, 2) | 0x800) } },
	{ .rule = RULE_EVENT_ERROR_CODE, world_real, { TO(INFO, EVENT(3, 13) | 0x800) } },
	{ .rule = RULE_EVENT_ERROR_CODE, world_real, { TO(INFO, EVENT(3, 13) | 0x800),
	  CPU_HAS(IA32_VMX_BASIC, 1ULL << 56) } },
	{ .rule = RULE_EVENT_RESERVED, world_long, { TO(INFO, EVENT(0, 0x20) | 0x1000) } },
	{ .rule = RULE_EVENT_ERROR_BITS, world_long, { TO(INFO, EVENT(3, 14) | 0x800),
	  TO(VM_ENTRY_EXCEPTION_ERROR_CODE, 0x10000) } },
	{ .rule = RULE_EVENT_LENGTH, world_long, { TO(INFO, EVENT(4, 0x80)) } },
	{ .rule = RULE_EVENT_LENGTH, world_long, { TO(INFO, EVENT(5, 1)),
	  TO(VM_ENTRY_INSTRUCTION_LEN, 16) } },
	{ .rule = RULE_EVENT_LENGTH, world_long, { TO(INFO, EVENT(6, 3)) } },
	{ .rule = RULE_ENTRY_SMM, world_long, { BITS(VM_ENTRY_CONTROLS, 1 << 11) } },
	{ .rule = RULE_ENTRY_SMM, world_smm, { BITS(VM_ENTRY_CONTROLS, 1 << 11) } },

	{ .rule = RULE_HOST_CR0, world_long, { NOT(HOST_CR0, 1) } },
	{ .rule = RULE_HOST_CR0, world_long, { BITS(HOST_CR0, 1ULL << 32) } },
	{ .rule = RULE_HOST_CR4, world_long, { NOT(HOST_CR4, 0x2000) } },
	{ .rule = RULE_HOST_CR4, world_long, { BITS(HOST_CR4, 1 << 15) } },
	{ .rule = RULE_HOST_CET_WP, world_long, { BITS(HOST_CR4, 1 << 23), NOT(HOST_CR0, 1 << 16) } },
	{ .rule = RULE_HOST_CR3, world_long, { BITS(HOST_CR3, TOO_WIDE) } },
	{ .rule = RULE_HOST_CR3, world_long, { BITS(HOST_CR3, 1ULL << 63),
	  CPU_HAS(IA32_VMX_CR4_FIXED1, 1 << 28) } },
	{ .rule = RULE_HOST_SYSENTER, world_long, { TO(HOST_IA32_SYSENTER_ESP, NONCANONICAL) } },
	{ .rule = RULE_HOST_SYSENTER, world_long, { TO(HOST_IA32_SYSENTER_EIP, NONCANONICAL) } },
	{ .rule = RULE_HOST_PERF_GLOBAL, world_long, { TO(HOST_IA32_PERF_GLOBAL_CTRL, 1ULL << 63) } },
	{ .rule = RULE_HOST_PAT, world_long, { BITS(HOST_IA32_PAT, 0x20) } },
	{ .rule = RULE_HOST_EFER_BITS, world_long, { BITS(HOST_IA32_EFER, 2) } },
	{ .rule = RULE_HOST_EFER_MODE, world_long, { NOT(HOST_IA32_EFER, 1 << 8) } },
	{ .rule = RULE_HOST_EFER_MODE, world_long, { NOT(HOST_IA32_EFER, 1 << 10) } },
	{ .rule = RULE_HOST_EFER_MODE, world_host_32, { BITS(HOST_IA32_EFER, 1 << 8) } },
	{ .rule = RULE_HOST_S_CET, world_rich, { TO(HOST_S_CET, 0x40) } },
	{ .rule = RULE_HOST_S_CET, world_rich, { TO(HOST_S_CET, 0xc00) } },
	{ .rule = RULE_HOST_S_CET, world_rich, { TO(HOST_S_CET, NONCANONICAL) } },
	{ .rule = RULE_HOST_SSP, world_rich, { TO(HOST_SSP, 2) } },
	{ .rule = RULE_HOST_SSP, world_rich, { TO(HOST_SSP, NONCANONICAL) } },
	{ .rule = RULE_HOST_SSP, world_rich, { TO(HOST_INTR_SSP_TABLE, NONCANONICAL) } },
	{ .rule = RULE_HOST_PKRS, world_rich, { TO(HOST_IA32_PKRS, 1ULL << 32) } },
	{ .rule = RULE_HOST_SELECTOR, world_long, { TO(HOST_CS_SELECTOR, 0x13) } },
	{ .rule = RULE_HOST_SELECTOR, world_long, { TO(HOST_ES_SELECTOR, 4) } },
	{ .rule = RULE_HOST_SELECTOR, world_long, { TO(HOST_TR_SELECTOR, 0x44) } },
	{ .rule = RULE_HOST_NULL, world_long, { TO(HOST_CS_SELECTOR, 0) } },
	{ .rule = RULE_HOST_NULL, world_long, { TO(HOST_TR_SELECTOR, 0) } },
	{ .rule = RULE_HOST_SS_NULL, world_host_32, { TO(HOST_SS_SELECTOR, 0) } },
	{ .rule = RULE_HOST_BASE, world_long, { TO(HOST_FS_BASE, NONCANONICAL) } },
	{ .rule = RULE_HOST_BASE, world_long, { TO(HOST_GS_BASE, NONCANONICAL) } },
	{ .rule = RULE_HOST_BASE, world_long, { TO(HOST_TR_BASE, NONCANONICAL) } },
	{ .rule = RULE_HOST_BASE, world_long, { TO(HOST_GDTR_BASE, NONCANONICAL) } },
	{ .rule = RULE_HOST_BASE, world_long, { TO(HOST_IDTR_BASE, NONCANONICAL) } },
	{ .rule = RULE_HOST_NOT_LONG, world_pae, { CPU_IS(HOST_EFER_NOW, 0) } },
	{ .rule = RULE_HOST_NOT_LONG, world_long, { CPU_IS(HOST_EFER_NOW, 0x100) } },
	{ .rule = RULE_HOST_LONG, world_host_32, { CPU_IS(HOST_EFER_NOW, 0x500) } },
	{ .rule = RULE_HOST_32_GUEST, world_host_32, { BITS(VM_ENTRY_CONTROLS, 1 << 9),
	  TO(GUEST_IA32_EFER, 0x500) }, .also = RULE_HOST_NOT_LONG },
	{ .rule = RULE_HOST_32_PCIDE, world_host_32, { BITS(HOST_CR4, 1 << 17) } },
	{ .rule = RULE_HOST_32_RIP, world_host_32, { BITS(HOST_RIP, 1ULL << 32) } },
	{ .rule = RULE_HOST_64_PAE, world_long, { NOT(HOST_CR4, 1 << 5) } },
	{ .rule = RULE_HOST_64_RIP, world_long, { TO(HOST_RIP, NONCANONICAL) } },
	{ .rule = RULE_HOST_64_RIP, world_long, { TO(HOST_RIP, 1ULL << 50),
	  CPU_IS(LINEAR_ADDRESS_BITS, 57) } },

	{ .rule = RULE_CR0, world_long, { NOT(GUEST_CR0, 0x20) } },
	{ .rule = RULE_CR0, world_long, { BITS(GUEST_CR0, 1ULL << 32) } },
	{ .rule = RULE_CR0, world_restricted, { NOT(GUEST_CR0, 1) }, .also = RULE_CR0_PG_PE },
	{ .rule = RULE_CR0_PG_PE, world_pae, { NOT(GUEST_CR0, 1) } },
	{ .rule = RULE_CR4, world_long, { NOT(GUEST_CR4, 0x2000) } },
	{ .rule = RULE_CR4, world_long, { BITS(GUEST_CR4, 1 << 15) } },
	{ .rule = RULE_CET_WP, world_long, { BITS(GUEST_CR4, 1 << 23), NOT(GUEST_CR0, 1 << 16) } },
	{ .rule = RULE_DEBUGCTL, world_long, { TO(GUEST_IA32_DEBUGCTL, 4) } },
	{ .rule = RULE_LONG_PG, world_long, { NOT(GUEST_CR0, 1U << 31) } },
	{ .rule = RULE_LONG_PAE, world_long, { NOT(GUEST_CR4, 1 << 5) } },
	{ .rule = RULE_PCIDE, world_pae, { BITS(GUEST_CR4, 1 << 17) } },
	{ .rule = RULE_CR3, world_long, { BITS(GUEST_CR3, TOO_WIDE) } },
	{ .rule = RULE_CR3, world_long, { BITS(GUEST_CR3, 1ULL << 62) } },
	{ .rule = RULE_DR7, world_long, { BITS(GUEST_DR7, 1ULL << 32) } },
	{ .rule = RULE_SYSENTER, world_long, { TO(GUEST_SYSENTER_ESP, NONCANONICAL) } },
	{ .rule = RULE_SYSENTER, world_long, { TO(GUEST_SYSENTER_EIP, NONCANONICAL) } },
	{ .rule = RULE_S_CET, world_rich, { TO(GUEST_S_CET, 0x200) } },
	{ .rule = RULE_S_CET, world_rich, { TO(GUEST_S_CET, 0xc00) } },
	{ .rule = RULE_S_CET, world_rich, { TO(GUEST_S_CET, NONCANONICAL) } },
	{ .rule = RULE_SSP_TABLE, world_rich, { TO(GUEST_INTR_SSP_TABLE, NONCANONICAL) } },
	{ .rule = RULE_PERF_GLOBAL, world_long, { TO(GUEST_IA32_PERF_GLOBAL_CTRL, 1 << 4) } },
	{ .rule = RULE_PAT, world_long, { TO(GUEST_IA32_PAT, 0x02) } },
	{ .rule = RULE_PAT, world_long, { TO(GUEST_IA32_PAT, 0x03ULL << 56) } },
	{ .rule = RULE_PAT, world_long, { TO(GUEST_IA32_PAT, 0x08) } },
	{ .rule = RULE_EFER_BITS, world_long, { BITS(GUEST_IA32_EFER, 1ULL << 12) } },
	{ .rule = RULE_EFER_LMA, world_pae, { TO(GUEST_IA32_EFER, 0x500) } },
	{ .rule = RULE_EFER_LMA, world_long, { TO(GUEST_IA32_EFER, 0) } },
	{ .rule = RULE_EFER_LME, world_long, { NOT(GUEST_IA32_EFER, 1 << 8) } },
	{ .rule = RULE_EFER_LME, world_pae, { BITS(GUEST_IA32_EFER, 1 << 8) } },
	{ .rule = RULE_BNDCFGS, world_rich, { BITS(GUEST_BNDCFGS, 4) } },
	{ .rule = RULE_BNDCFGS, world_rich, { TO(GUEST_BNDCFGS, NONCANONICAL) } },
	{ .rule = RULE_PKRS, world_rich, { TO(GUEST_IA32_PKRS, 1ULL << 40) } },
	{ .rule = RULE_UINV, world_rich, { TO(GUEST_UINV, 0x100) } },

	{ .rule = RULE_TR_TI, world_long, { BITS(GUEST_TR_SELECTOR, 4) } },
	{ .rule = RULE_LDTR_TI, world_long, { TO(GUEST_LDTR_SELECTOR, 4), TO(LDTR_AR, 0x82) } },
	{ .rule = RULE_SS_RPL, world_restricted, { BITS(GUEST_CS_SELECTOR, 3) } },
	{ .rule = RULE_V86_BASE, world_v86, { BITS(GUEST_DS_BASE, 1) } },
	{ .rule = RULE_V86_BASE, world_v86, { TO(GUEST_CS_BASE, 0) } },
	{ .rule = RULE_SEGMENT_BASE_CANONICAL, world_long, { TO(GUEST_TR_BASE, NONCANONICAL) } },
	{ .rule = RULE_SEGMENT_BASE_CANONICAL, world_long, { TO(GUEST_FS_BASE, NONCANONICAL),
	  BITS(FS_AR, 0x10000) } },
	{ .rule = RULE_SEGMENT_BASE_CANONICAL, world_long, { TO(GUEST_GS_BASE, NONCANONICAL) } },
	{ .rule = RULE_SEGMENT_BASE_CANONICAL, world_long, { TO(GUEST_LDTR_BASE, NONCANONICAL),
	  TO(LDTR_AR, 0x82) } },
	{ .rule = RULE_SEGMENT_BASE_32, world_long, { TO(GUEST_CS_BASE, 1ULL << 32) } },
	{ .rule = RULE_SEGMENT_BASE_32, world_long, { TO(GUEST_SS_BASE, 1ULL << 32) } },
	{ .rule = RULE_SEGMENT_BASE_32, world_long, { TO(GUEST_DS_BASE, 1ULL << 63) } },
	{ .rule = RULE_SEGMENT_BASE_32, world_long, { TO(GUEST_ES_BASE, 1ULL << 32) } },
	{ .rule = RULE_V86_LIMIT, world_v86, { TO(GUEST_SS_LIMIT, 0xfffff) } },
	{ .rule = RULE_V86_ACCESS, world_v86, { TO(GS_AR, 0x93) } },
	{ .rule = RULE_V86_ACCESS, world_v86, { BITS(CS_AR, 8) } },
	{ .rule = RULE_CS_TYPE, world_long, { TO(CS_AR, 0xa098) } },
	{ .rule = RULE_CS_TYPE, world_long, { TO(CS_AR, 0xa097) } },
	{ .rule = RULE_CS_TYPE, world_restricted, { TO(CS_AR, 0xa093) } },
	{ .rule = RULE_SS_TYPE, world_long, { TO(SS_AR, 0xc091) } },
	{ .rule = RULE_SS_TYPE, world_long, { TO(SS_AR, 0xc09b) } },
	{ .rule = RULE_DATA_TYPE, world_long, { TO(DS_AR, 0xc092) } },
	{ .rule = RULE_DATA_TYPE, world_long, { TO(FS_AR, 0xc099) } },
	{ .rule = RULE_SEGMENT_S, world_long, { NOT(CS_AR, 0x10) } },
	{ .rule = RULE_SEGMENT_S, world_long, { NOT(ES_AR, 0x10) } },
	{ .rule = RULE_CS_DPL_DATA, world_real, { TO(CS_AR, 0xb3) } },
	{ .rule = RULE_CS_DPL_NONCONFORMING, world_long, { BITS(CS_AR, 0x60) } },
	{ .rule = RULE_CS_DPL_NONCONFORMING, world_long, { TO(CS_AR, 0xa0b9) } },
	{ .rule = RULE_CS_DPL_CONFORMING, world_long, { TO(CS_AR, 0xa0bf) } },
	{ .rule = RULE_CS_DPL_CONFORMING, world_long, { TO(CS_AR, 0xa0bd) } },
	{ .rule = RULE_SS_DPL_RPL, world_restricted, { BITS(SS_AR, 0x60), BITS(CS_AR, 0x60) } },
	{ .rule = RULE_SS_DPL_REAL, world_real, { BITS(SS_AR, 0x60), TO(CS_AR, 0xfb) } },
	{ .rule = RULE_SS_DPL_REAL, world_long, { BITS(SS_AR, 0x60), TO(CS_AR, 0xa093) } },
	{ .rule = RULE_DATA_DPL, world_restricted, { BITS(GUEST_DS_SELECTOR, 3) } },
	{ .rule = RULE_SEGMENT_P, world_long, { NOT(CS_AR, 0x80) } },
	{ .rule = RULE_SEGMENT_P, world_long, { NOT(GS_AR, 0x80) } },
	{ .rule = RULE_SEGMENT_RESERVED, world_long, { BITS(CS_AR, 0x100) } },
	{ .rule = RULE_SEGMENT_RESERVED, world_long, { BITS(DS_AR, 1U << 31) } },
	{ .rule = RULE_SEGMENT_RESERVED, world_long, { BITS(SS_AR, 1U << 17) } },
	{ .rule = RULE_CS_L_D, world_long, { BITS(CS_AR, 0x4000) } },
	{ .rule = RULE_SEGMENT_G, world_long, { NOT(CS_AR, 0x8000) } },
	{ .rule = RULE_SEGMENT_G, world_long, { TO(GUEST_DS_LIMIT, 0xffffe) } },
	{ .rule = RULE_TR_TYPE, world_long, { TO(TR_AR, 0x83) } },
	{ .rule = RULE_TR_TYPE, world_pae, { TO(TR_AR, 0x89) } },
	{ .rule = RULE_TR_ACCESS, world_long, { BITS(TR_AR, 0x10) } },
	{ .rule = RULE_TR_ACCESS, world_long, { NOT(TR_AR, 0x80) } },
	{ .rule = RULE_TR_ACCESS, world_long, { BITS(TR_AR, 0x200) } },
	{ .rule = RULE_TR_ACCESS, world_long, { BITS(TR_AR, 1U << 20) } },
	{ .rule = RULE_TR_UNUSABLE, world_long, { BITS(TR_AR, 0x10000) } },
	{ .rule = RULE_TR_G, world_long, { BITS(TR_AR, 0x8000) } },
	{ .rule = RULE_TR_G, world_long, { TO(GUEST_TR_LIMIT, 0x100000) } },
	{ .rule = RULE_LDTR_TYPE, world_long, { TO(LDTR_AR, 0x83) } },
	{ .rule = RULE_LDTR_ACCESS, world_long, { TO(LDTR_AR, 0x92) } },
	{ .rule = RULE_LDTR_ACCESS, world_long, { TO(LDTR_AR, 0x02) } },
	{ .rule = RULE_LDTR_ACCESS, world_long, { TO(LDTR_AR, 0x182) } },
	{ .rule = RULE_LDTR_G, world_long, { TO(LDTR_AR, 0x8082) } },

	{ .rule = RULE_TABLE_BASE, world_long, { TO(GUEST_GDTR_BASE, NONCANONICAL) } },
	{ .rule = RULE_TABLE_BASE, world_long, { TO(GUEST_IDTR_BASE, NONCANONICAL) } },
	{ .rule = RULE_TABLE_LIMIT, world_long, { TO(GUEST_GDTR_LIMIT, 0x10000) } },
	{ .rule = RULE_TABLE_LIMIT, world_long, { TO(GUEST_IDTR_LIMIT, 0x10000) } },

	{ .rule = RULE_RIP_32, world_pae, { BITS(GUEST_RIP, 1ULL << 32) } },
	{ .rule = RULE_RIP_32, world_long, { NOT(CS_AR, 0x2000) } },
	{ .rule = RULE_RIP_64, world_long, { TO(GUEST_RIP, 1ULL << 48) } },
	{ .rule = RULE_RFLAGS, world_long, { NOT(GUEST_RFLAGS, 2) } },
	{ .rule = RULE_RFLAGS, world_long, { BITS(GUEST_RFLAGS, 1 << 3) } },
	{ .rule = RULE_RFLAGS, world_long, { BITS(GUEST_RFLAGS, 1 << 5) } },
	{ .rule = RULE_RFLAGS, world_long, { BITS(GUEST_RFLAGS, 1 << 15) } },
	{ .rule = RULE_RFLAGS, world_long, { BITS(GUEST_RFLAGS, 1 << 22) } },
	{ .rule = RULE_RFLAGS, world_long, { BITS(GUEST_RFLAGS, 1ULL << 63) } },
	{ .rule = RULE_RFLAGS_VM, world_v86, { TO(GUEST_CR0, 0x20) } },
	{ .rule = RULE_RFLAGS_VM, world_v86, { BITS(VM_ENTRY_CONTROLS, 1 << 9),
	  TO(GUEST_IA32_EFER, 0x500) } },
	{ .rule = RULE_RFLAGS_IF, world_long, { TO(INFO, EVENT(0, 0x20)), NOT(GUEST_RFLAGS, 0x200) } },
	{ .rule = RULE_SSP, world_rich, { BITS(GUEST_SSP, 1) } },
	{ .rule = RULE_SSP, world_rich, { TO(GUEST_SSP, 1ULL << 62) } },
	{ .rule = RULE_SSP, world_pae, { BITS(VM_ENTRY_CONTROLS, 1 << 20), TO(GUEST_SSP, 1ULL << 32) } },

	{ .rule = RULE_ACTIVITY, world_long, { TO(GUEST_ACTIVITY_STATE, 4) } },
	{ .rule = RULE_ACTIVITY, world_long, { TO(GUEST_ACTIVITY_STATE, 2),
	  CPU_NOT(IA32_VMX_MISC, 1 << 7) } },
	{ .rule = RULE_ACTIVITY_HLT_DPL, world_long, { TO(GUEST_ACTIVITY_STATE, 1), BITS(SS_AR, 0x60),
	  BITS(CS_AR, 0x60) } },
	{ .rule = RULE_ACTIVITY_SHADOW, world_long, { TO(GUEST_ACTIVITY_STATE, 1), TO(SHADOW, 1) } },
	{ .rule = RULE_ACTIVITY_SHADOW, world_long, { TO(GUEST_ACTIVITY_STATE, 2), TO(SHADOW, 2) } },
	{ .rule = RULE_ACTIVITY_EVENT, world_long, { TO(GUEST_ACTIVITY_STATE, 1),
	  TO(INFO, EVENT(3, 6)) } },
	{ .rule = RULE_ACTIVITY_EVENT, world_long, { TO(GUEST_ACTIVITY_STATE, 2),
	  TO(INFO, EVENT(0, 0x20)) } },
	{ .rule = RULE_ACTIVITY_EVENT, world_long, { TO(GUEST_ACTIVITY_STATE, 3),
	  TO(INFO, EVENT(2, 2)), CPU_HAS(IA32_VMX_MISC, 1 << 8) } },
	{ .rule = RULE_ACTIVITY_SMM, world_smm, { TO(GUEST_ACTIVITY_STATE, 3),
	  CPU_HAS(IA32_VMX_MISC, 1 << 8) } },
	{ .rule = RULE_SHADOW_RESERVED, world_long, { TO(SHADOW, 1 << 5) } },
	{ .rule = RULE_SHADOW_BOTH, world_long, { TO(SHADOW, 3) } },
	{ .rule = RULE_SHADOW_STI_IF, world_long, { TO(SHADOW, 1), NOT(GUEST_RFLAGS, 0x200) } },
	{ .rule = RULE_SHADOW_INTERRUPT, world_long, { TO(SHADOW, 1), TO(INFO, EVENT(0, 0x20)) } },
	{ .rule = RULE_SHADOW_INTERRUPT, world_long, { TO(SHADOW, 2), TO(INFO, EVENT(0, 0x20)) } },
	{ .rule = RULE_SHADOW_NMI, world_long, { TO(SHADOW, 2), TO(INFO, EVENT(2, 2)) } },
	{ .rule = RULE_SHADOW_SMI, world_long, { TO(SHADOW, 4) } },
	{ .rule = RULE_SHADOW_SMI, world_smm, { TO(SHADOW, 0) } },
	{ .rule = RULE_SHADOW_VIRTUAL_NMI, world_long, { TO(SHADOW, 8), TO(INFO, EVENT(2, 2)) } },
	{ .rule = RULE_SHADOW_ENCLAVE, world_long, { TO(SHADOW, 0x12) } },
	{ .rule = RULE_SHADOW_ENCLAVE, world_long, { TO(SHADOW, 0x10), CPU_NOT(FEATURES, ENTRY_CPU_SGX) } },
	{ .rule = RULE_PENDING_RESERVED, world_long, { TO(PENDING, 0x10) } },
	{ .rule = RULE_PENDING_RESERVED, world_long, { TO(PENDING, 0x800) } },
	{ .rule = RULE_PENDING_RESERVED, world_long, { TO(PENDING, 1 << 13) } },
	{ .rule = RULE_PENDING_RESERVED, world_long, { TO(PENDING, 1ULL << 17) } },
	{ .rule = RULE_PENDING_BS_SET, world_long, { BITS(GUEST_RFLAGS, 0x100), TO(SHADOW, 1) } },
	{ .rule = RULE_PENDING_BS_SET, world_long, { BITS(GUEST_RFLAGS, 0x100), TO(SHADOW, 2) } },
	{ .rule = RULE_PENDING_BS_SET, world_long, { BITS(GUEST_RFLAGS, 0x100),
	  TO(GUEST_ACTIVITY_STATE, 1) } },
	{ .rule = RULE_PENDING_BS_CLEAR, world_long, { TO(PENDING, 0x4000), TO(SHADOW, 1) } },
	{ .rule = RULE_PENDING_BS_CLEAR, world_long, { TO(PENDING, 0x4000), TO(SHADOW, 2),
	  BITS(GUEST_RFLAGS, 0x100), TO(GUEST_IA32_DEBUGCTL, 2) } },
	{ .rule = RULE_PENDING_RTM, world_long, { TO(PENDING, 0x11000),
	  CPU_NOT(FEATURES, ENTRY_CPU_RTM) } },
	{ .rule = RULE_PENDING_RTM, world_long, { TO(PENDING, 0x10000) } },
	{ .rule = RULE_PENDING_RTM, world_long, { TO(PENDING, 0x11000), TO(SHADOW, 2) } },
	{ .rule = RULE_LINK_ADDRESS, world_long, { TO(VMCS_LINK_POINTER, 0x8001) } },
	{ .rule = RULE_LINK_ADDRESS, world_long, { TO(VMCS_LINK_POINTER, TOO_WIDE) } },
	{ .rule = RULE_LINK_SELF, world_long, { TO(VMCS_LINK_POINTER, 0x7000) } },

	{ .rule = RULE_PDPTE, world_pae, { TO(GUEST_PDPTR0, 3) } },
	{ .rule = RULE_PDPTE, world_pae, { TO(GUEST_PDPTR3, 1 | TOO_WIDE) } },
	{ .rule = RULE_PDPTE, world_pae, { TO(GUEST_PDPTR1, 0x101), TO(GUEST_PDPTR2, 0x21) }, .times = 2 },
};

/* ---- the tests ------------------------------------------------------------------------ */

#define RULE_NAME(name, stage, section, words) #name,
static const char * const rule_names[] = { ENTRY_RULES(RULE_NAME) };

static const char *rule_name(unsigned int id)
{
	return id < ARRAY_SIZE(rule_names) && rule_names[id] ? rule_names[id] : "no rule";
}

#define FACT_MEMBER(number, name, member) offsetof(struct entry_cpu, member),
static const size_t fact_at[] = { ENTRY_FACTS(FACT_MEMBER) };

static void change(struct world *w, const struct change *c)
{
	u64 *value;

	if (c->index < VMCS_NR_FIELDS)
		value = &w->image.value[c->index];
	else
		value = (u64 *)((char *)&w->cpu + fact_at[c->index - VMCS_NR_FIELDS]);
	if (c->how == '=')
		*value = c->value;
	else if (c->how == '+')
		*value |= c->value;
	else if (c->how == '-')
		*value &= ~c->value;
}

#define ROOM	16

static unsigned int check(const struct world *w, struct entry_violation *out)
{
	memset(out, 0xaa, ROOM * sizeof(*out));
	return entry_check(&w->image, &w->cpu, out, ROOM);
}

static void log_all(struct __test_metadata *_metadata, const struct entry_violation *v,
		    unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr && i < ROOM; i++)
		TH_LOG("  broken: %s", rule_name(v[i].id));
}

TEST(valid_images_break_no_rule)
{
	static void (*const worlds[])(struct world *) = {
		world_long, world_pae, world_v86, world_restricted, world_real, world_host_32,
		world_rich, world_smm,
	};
	struct entry_violation v[ROOM];
	unsigned int i, nr;
	struct world w;

	for (i = 0; i < ARRAY_SIZE(worlds); i++) {
		worlds[i](&w);
		nr = check(&w, v);
		EXPECT_EQ(0, nr) {
			TH_LOG("world %u:", i);
			log_all(_metadata, v, nr);
		}
	}
}

TEST(each_case_breaks_exactly_its_rule)
{
	unsigned int i, j, nr, others, times;
	struct entry_violation v[ROOM];
	struct world w;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cases[i].world(&w);
		for (j = 0; j < MAX_CHANGES; j++)
			change(&w, &cases[i].changes[j]);
		nr = check(&w, v);
		ASSERT_LE(nr, ROOM);
		others = 0;
		times = 0;
		for (j = 0; j < nr; j++) {
			if (v[j].id == cases[i].rule)
				times++;
			else if (!cases[i].also || v[j].id != cases[i].also)
				others++;
		}
		EXPECT_EQ(cases[i].times ?: 1, times) {
			TH_LOG("case %u of %s:", i, rule_name(cases[i].rule));
		}
		EXPECT_EQ(0, others) {
			TH_LOG("case %u of %s:", i, rule_name(cases[i].rule));
			log_all(_metadata, v, nr);
		}
	}
}

TEST(every_rule_has_a_case)
{
	bool seen[ENTRY_NR_RULES] = { false };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		seen[cases[i].rule] = true;
	for (i = 0; i < ENTRY_NR_RULES; i++)
		EXPECT_TRUE(seen[i]) {
			TH_LOG("no case breaks %s", rule_name(i));
		}
}

TEST(a_violation_names_fields_and_values)
{
	struct entry_violation v[ROOM];
	struct world w;

	world_long(&w);
	w.image.value[VMCS_GUEST_RFLAGS] = 0x202 | 1 << 17;
	w.image.value[VMCS_GUEST_TR_LIMIT] = 0x100067;
	w.image.value[VMCS_HOST_CR3] = 1ULL << 39;
	check(&w, v);
	EXPECT_EQ(RULE_HOST_CR3, v[0].id);
	EXPECT_EQ(ENTRY_HOST, entry_stage(v[0].id));
	EXPECT_EQ(2, v[0].nr_fields);
	EXPECT_EQ(0x6c02, v[0].field[0]);
	EXPECT_EQ(1ULL << 39, v[0].value[0]);
	EXPECT_EQ(0x20001, v[0].field[1]);
	EXPECT_EQ(39, v[0].value[1]);
	EXPECT_EQ(0, v[0].field[2]);
	EXPECT_EQ(0, v[0].value[3]);
}

TEST(what_does_not_fit_is_counted)
{
	struct entry_violation v[ROOM], sentinel;
	struct world w;
	unsigned int nr;

	memset(&w, 0, sizeof(w));
	w.cpu = rich;
	nr = entry_check(&w.image, &w.cpu, NULL, 0);
	EXPECT_GT(nr, 10);
	memset(v, 0x55, sizeof(v));
	memset(&sentinel, 0x55, sizeof(sentinel));
	EXPECT_EQ(nr, entry_check(&w.image, &w.cpu, v, 3));
	EXPECT_NE(0x55555555, v[2].id);
	EXPECT_EQ(0, memcmp(&v[3], &sentinel, sizeof(sentinel)));
}

TEST(facts_that_are_not_known_are_not_judged)
{
	struct entry_violation v[ROOM];
	struct world w;

	world_long(&w);
	w.cpu.vtpr = ENTRY_UNKNOWN;
	w.cpu.debugctl_may = ENTRY_UNKNOWN;
	w.cpu.perf_global_may = ENTRY_UNKNOWN;
	w.cpu.efer_may = ENTRY_UNKNOWN;
	w.image.value[VMCS_TPR_THRESHOLD] = 15;
	w.image.value[VMCS_GUEST_IA32_DEBUGCTL] = 1ULL << 40;
	w.image.value[VMCS_GUEST_IA32_PERF_GLOBAL_CTRL] = 1ULL << 40;
	w.image.value[VMCS_GUEST_IA32_EFER] |= 1ULL << 40;
	EXPECT_EQ(0, check(&w, v));
}

/* A fetch just beyond the lower half faults in the guest: the entry is good. */
TEST(rip_may_be_one_beyond)
{
	struct entry_violation v[ROOM];
	struct world w;

	world_long(&w);
	w.image.value[VMCS_GUEST_RIP] = NONCANONICAL;
	EXPECT_EQ(0, check(&w, v));
}

/* Whatever the values, the checker does nothing undefined. */
TEST(noise)
{
	struct entry_violation v[ROOM];
	unsigned int i, j, rounds;
	struct world w;
	u64 *value;

	srandom(1);
	for (rounds = 0; rounds < 20000; rounds++) {
		cases[rounds % ARRAY_SIZE(cases)].world(&w);
		for (i = 0; i < 8; i++) {
			j = random() % VMCS_NR_FIELDS;
			value = &w.image.value[j];
			if (random() & 1)
				*value ^= 1ULL << (random() & 63);
			else
				*value = ((u64)random() << 33) ^ random();
		}
		check(&w, v);
	}
}

/* ---- the list of fields ------------------------------------------------------------------ */

#define WIDTH_16	0
#define WIDTH_64	1
#define WIDTH_32	2
#define WIDTH_NATURAL	3
#define ROW(encoding, name, width) { encoding, #name, WIDTH_##width },
static const struct {
	u32 encoding;
	const char *name;
	unsigned int width;
} fields[] = { VMCS_FIELDS(ROW) };

/* SDM 3C 25.11.2: bits 14:13 are the width, bit 0 is clear. */
TEST(widths_are_those_of_the_encodings)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		EXPECT_EQ(fields[i].width, fields[i].encoding >> 13) {
			TH_LOG("%s", fields[i].name);
		}
		EXPECT_EQ(0, fields[i].encoding & 1);
		EXPECT_EQ(fields[i].encoding, entry_number(i));
		EXPECT_TRUE(!i || fields[i].encoding > fields[i - 1].encoding) {
			TH_LOG("%s is out of order", fields[i].name);
		}
	}
}

TEST_HARNESS_MAIN
