// SPDX-License-Identifier: GPL-2.0
#include "entry_check.h"

#include <linux/kernel.h>

/* Also compiled where there is no asm/vmx.h: bits by their numbers in the manual. */
#define BIT_OF(word, bit)	((word) >> (bit) & 1)

/* Pin-based controls, SDM 3C 25.6.1 */
#define PIN_INTERRUPTS		(1U << 0)
#define PIN_NMI			(1U << 3)
#define PIN_VIRTUAL_NMIS	(1U << 5)
#define PIN_TIMER		(1U << 6)
#define PIN_POSTED		(1U << 7)

/* Primary, secondary and tertiary processor-based controls, 25.6.2 */
#define CPU_TERTIARY		(1U << 17)
#define CPU_TPR_SHADOW		(1U << 21)
#define CPU_NMI_WINDOW		(1U << 22)
#define CPU_IO_BITMAPS		(1U << 25)
#define CPU_MTF			(1U << 27)
#define CPU_MSR_BITMAPS		(1U << 28)
#define CPU_SECONDARY		(1U << 31)
#define CPU2_APIC_ACCESSES	(1U << 0)
#define CPU2_EPT		(1U << 1)
#define CPU2_X2APIC		(1U << 4)
#define CPU2_VPID		(1U << 5)
#define CPU2_UNRESTRICTED	(1U << 7)
#define CPU2_APIC_REGISTERS	(1U << 8)
#define CPU2_VIRTUAL_INTERRUPTS (1U << 9)
#define CPU2_VMFUNC		(1U << 13)
#define CPU2_SHADOWING		(1U << 14)
#define CPU2_PML		(1U << 17)
#define CPU2_VE			(1U << 18)
#define CPU2_MODE_BASED		(1U << 22)
#define CPU2_SUB_PAGE		(1U << 23)
#define CPU2_PT_GPA		(1U << 24)
#define CPU2_TSC_SCALING	(1U << 25)
#define CPU3_HLAT		(1ULL << 1)
#define CPU3_PAGING_WRITE	(1ULL << 2)
#define CPU3_PAGING_VERIFY	(1ULL << 3)
#define CPU3_IPI		(1ULL << 4)

/* VM-exit controls, 25.7.1, and VM-entry controls, 25.8.1 */
#define EXIT_HOST_64		(1U << 9)
#define EXIT_PERF_GLOBAL	(1U << 12)
#define EXIT_ACK		(1U << 15)
#define EXIT_LOAD_PAT		(1U << 19)
#define EXIT_LOAD_EFER		(1U << 21)
#define EXIT_SAVE_TIMER		(1U << 22)
#define EXIT_CLEAR_RTIT		(1U << 25)
#define EXIT_LOAD_CET		(1U << 28)
#define EXIT_LOAD_PKRS		(1U << 29)
#define EXIT_SECONDARY		(1U << 31)
#define ENTRY_LOAD_DEBUG	(1U << 2)
#define ENTRY_LONG		(1U << 9)
#define ENTRY_TO_SMM		(1U << 10)
#define ENTRY_NO_DUAL_MONITOR	(1U << 11)
#define ENTRY_PERF_GLOBAL	(1U << 13)
#define ENTRY_LOAD_PAT		(1U << 14)
#define ENTRY_LOAD_EFER		(1U << 15)
#define ENTRY_LOAD_BNDCFGS	(1U << 16)
#define ENTRY_LOAD_RTIT		(1U << 18)
#define ENTRY_LOAD_UINV		(1U << 19)
#define ENTRY_LOAD_CET		(1U << 20)
#define ENTRY_LOAD_PKRS		(1U << 22)

/* Capabilities, SDM 3D appendix A */
#define BASIC_32_BITS(basic)	BIT_OF(basic, 48)
#define BASIC_ANY_ERROR(basic)	BIT_OF(basic, 56)
#define MISC_CR3_TARGETS(misc)	((misc) >> 16 & 0x1ff)
#define MISC_LENGTH_0(misc)	BIT_OF(misc, 30)
#define EPT_WALK_4(cap)		BIT_OF(cap, 6)
#define EPT_WALK_5(cap)		BIT_OF(cap, 7)
#define EPT_UC(cap)		BIT_OF(cap, 8)
#define EPT_WB(cap)		BIT_OF(cap, 14)
#define EPT_AD(cap)		BIT_OF(cap, 21)
#define EPT_SHADOW_STACKS(cap)	BIT_OF(cap, 23)

/* Registers */
#define CR0_PE			(1ULL << 0)
#define CR0_WP			(1ULL << 16)
#define CR0_PG			(1ULL << 31)
#define CR3_LAM			(3ULL << 61)
#define CR4_PAE			(1ULL << 5)
#define CR4_LA57		(1ULL << 12)
#define CR4_PCIDE		(1ULL << 17)
#define CR4_CET			(1ULL << 23)
#define CR4_LAM_SUP		(1ULL << 28)
#define EFER_LME		(1ULL << 8)
#define EFER_LMA		(1ULL << 10)
#define DEBUGCTL_BTF		(1ULL << 1)
#define RFLAGS_TF		(1ULL << 8)
#define RFLAGS_IF		(1ULL << 9)
#define RFLAGS_VM		(1ULL << 17)
#define HIGH_32			(~0ULL << 32)

/* Access rights, SDM 3C 25.4.1 table 25-2 */
#define AR_TYPE(ar)		((ar) & 0xf)
#define AR_S			(1U << 4)
#define AR_DPL(ar)		((ar) >> 5 & 3)
#define AR_P			(1U << 7)
#define AR_L			(1U << 13)
#define AR_D			(1U << 14)
#define AR_G			(1U << 15)
#define AR_UNUSABLE		(1U << 16)
#define AR_RESERVED		0xfffe0f00U

/* Events, 25.8.3 */
#define EVENT_VALID		(1U << 31)
#define EVENT_TYPE(event)	((event) >> 8 & 7)
#define EVENT_VECTOR(event)	((event) & 0xff)
#define EVENT_HAS_ERROR		(1U << 11)
#define EVENT_RESERVED		0x7ffff000U

enum {
	INTERRUPT,
	RESERVED,
	NMI,
	EXCEPTION,
	SOFT_INTERRUPT,
	ICEBP,
	SOFT_EXCEPTION,
	OTHER
};

#define VECTORS_WITH_ERROR (1U << 8 | 0x1fU << 10 | 1U << 17)

/* Activity and interruptibility, 25.4.2 */
enum {
	ACTIVE,
	HLT,
	SHUTDOWN,
	WAIT_FOR_SIPI
};

#define SHADOW_STI	   (1U << 0)
#define SHADOW_MOV_SS	   (1U << 1)
#define SHADOW_SMI	   (1U << 2)
#define SHADOW_NMI	   (1U << 3)
#define SHADOW_ENCLAVE	   (1U << 4)
#define PENDING_BREAKPOINT (1ULL << 12)
#define PENDING_BS	   (1ULL << 14)
#define PENDING_RTM	   (1ULL << 16)

/* Segment registers in the order of their fields */
enum {
	ES,
	CS,
	SS,
	DS,
	FS,
	GS,
	LDTR,
	TR
};

struct check {
	const struct vmcs_image *image;
	const struct entry_cpu *cpu;
	struct entry_violation *out;
	unsigned int room;
	unsigned int nr;
	u32 pin;
	u32 cpu1;
	u32 cpu2;
	u64 cpu3;
	u32 exit;
	u32 entry;
	u64 beyond; /* what no physical address may have */
	bool unrestricted;
	bool in_smm;
	bool longmode; /* the guest will be in IA-32e mode */
	bool v8086;
	u32 event; /* 0 if none is injected */
};

/* ---- the lists as tables ----------------------------------------------------------- */

#define FIELD_ENCODING(encoding, name, width) encoding,
static const u16 encodings[] = { VMCS_FIELDS(FIELD_ENCODING) };

#define FACT_NUMBER(number, name, member) number,
static const u32 fact_numbers[] = { ENTRY_FACTS(FACT_NUMBER) };

#define FACT_OFFSET(number, name, member) offsetof(struct entry_cpu, member),
static const u16 fact_offsets[] = { ENTRY_FACTS(FACT_OFFSET) };

#define RULE_STAGE(name, stage, section, words) ENTRY_##stage,
static const u8 stages[] = { ENTRY_RULES(RULE_STAGE) };

enum entry_stage entry_stage(unsigned int id)
{
	return id < ENTRY_NR_RULES ? stages[id] : ENTRY_GUEST;
}

u32 entry_number(unsigned int index)
{
	return index < VMCS_NR_FIELDS ? encodings[index] : fact_numbers[index - VMCS_NR_FIELDS];
}

u64 entry_fact(const struct entry_cpu *cpu, unsigned int fact)
{
	return *(const u64 *)((const char *)cpu + fact_offsets[fact]);
}

/* ---- telling ----------------------------------------------------------------------- */

/* Up to four indices of fields (or facts behind them) in a word, each plus one. */
#define F1(a)	       ((u32)(a) + 1)
#define F2(a, b)       (F1(a) | F1(b) << 8)
#define F3(a, b, c)    (F2(a, b) | F1(c) << 16)
#define F4(a, b, c, d) (F3(a, b, c) | F1(d) << 24)
#define FACT(name)     (VMCS_NR_FIELDS + FACT_##name)

_Static_assert(VMCS_NR_FIELDS + ENTRY_NR_FACTS < 255, "an index and one fit in a byte");

static void broken(struct check *c, enum entry_rule id, u32 fields)
{
	struct entry_violation *v;
	unsigned int i, index;

	if (c->nr++ >= c->room)
		return;
	v = &c->out[c->nr - 1];
	v->id = id;
	v->nr_fields = 0;
	for (i = 0; i < ENTRY_VIOLATION_FIELDS; i++, fields >>= 8) {
		v->field[i] = 0;
		v->value[i] = 0;
		if (!(fields & 0xff))
			continue;
		index = (fields & 0xff) - 1;
		v->field[i] = entry_number(index);
		v->value[i] = index < VMCS_NR_FIELDS ? c->image->value[index] :
						       entry_fact(c->cpu, index - VMCS_NR_FIELDS);
		v->nr_fields++;
	}
}

static u64 get(const struct check *c, enum vmcs_index index)
{
	return c->image->value[index];
}

/* ---- common shapes ----------------------------------------------------------------- */

/* A control word against its MSR: what must be 1, and what may. */
static void word(struct check *c, enum entry_rule id, enum vmcs_index field, unsigned int fact)
{
	u64 msr = entry_fact(c->cpu, fact);
	u32 value = get(c, field);

	if (((u32)msr & ~value) || (value & ~(u32)(msr >> 32)))
		broken(c, id, F2(field, VMCS_NR_FIELDS + fact));
}

static void address(struct check *c, enum entry_rule id, enum vmcs_index field, u64 low)
{
	if (get(c, field) & (low | c->beyond))
		broken(c, id, F2(field, FACT(PHYSICAL_ADDRESS_BITS)));
}

static void page(struct check *c, enum entry_rule id, enum vmcs_index field)
{
	address(c, id, field, 0xfff);
}

/* Both ends of @count MSRs, of 16 bytes each. */
static void msr_area(struct check *c, enum entry_rule id, enum vmcs_index field,
		     enum vmcs_index count)
{
	u64 start = get(c, field);
	u64 n = get(c, count);

	if (n && (start & (0xf | c->beyond) || (start + n * 16 - 1) & c->beyond))
		broken(c, id, F3(field, count, FACT(PHYSICAL_ADDRESS_BITS)));
}

static bool is_canonical(u64 value, unsigned int bits)
{
	return (u64)((s64)(value << (64 - bits)) >> (64 - bits)) == value;
}

static void canonical(struct check *c, enum entry_rule id, enum vmcs_index field)
{
	if (!is_canonical(get(c, field), c->cpu->linear_bits))
		broken(c, id, F2(field, FACT(LINEAR_ADDRESS_BITS)));
}

/* The part of CR0 or CR4 that VMX fixes. */
static void fixed(struct check *c, enum entry_rule id, enum vmcs_index field, unsigned int fact0,
		  u64 except)
{
	u64 must = entry_fact(c->cpu, fact0) & ~except;
	u64 may = entry_fact(c->cpu, fact0 + 1);
	u64 value = get(c, field);

	if ((must & ~value) || (value & ~may))
		broken(c, id, F3(field, VMCS_NR_FIELDS + fact0, VMCS_NR_FIELDS + fact0 + 1));
}

static void cr3(struct check *c, enum entry_rule id, enum vmcs_index field)
{
	u64 beyond = ~0ULL << c->cpu->phys_bits;

	if (c->cpu->msrs.cr4_fixed1 & CR4_LAM_SUP)
		beyond &= ~CR3_LAM;
	if (get(c, field) & beyond)
		broken(c, id, F2(field, FACT(PHYSICAL_ADDRESS_BITS)));
}

/* Bits of a register of which the CPU has only some. */
static void reserved(struct check *c, enum entry_rule id, enum vmcs_index field, unsigned int fact)
{
	if (get(c, field) & ~entry_fact(c->cpu, fact))
		broken(c, id, F2(field, VMCS_NR_FIELDS + fact));
}

/* Memory types, SDM 3A 12.12.2 */
static void pat(struct check *c, enum entry_rule id, enum vmcs_index field)
{
	u64 value = get(c, field);
	unsigned int i;

	for (i = 0; i < 64; i += 8)
		if ((value >> i & 0xff) > 7 || !(0xf3 >> (value >> i & 0xff) & 1)) {
			broken(c, id, F1(field));
			return;
		}
}

static void s_cet(struct check *c, enum entry_rule id, enum vmcs_index field)
{
	u64 value = get(c, field);

	if (!is_canonical(value, c->cpu->linear_bits) || (value & 0x3c0) ||
	    (value & 0xc00) == 0xc00)
		broken(c, id, F1(field));
}

/* ---- 27.2.1: the controls ---------------------------------------------------------- */

static void eptp(struct check *c)
{
	u64 cap = c->cpu->msrs.ept_vpid;
	u64 value = get(c, VMCS_EPT_POINTER);
	u32 fields = F2(VMCS_EPT_POINTER, FACT(IA32_VMX_EPT_VPID_CAP));
	u64 must_not = 0xf00 | c->beyond;
	u32 type = value & 7;
	u32 walk = value >> 3 & 7;

	if (!((type == 0 && EPT_UC(cap)) || (type == 6 && EPT_WB(cap))))
		broken(c, RULE_EPTP_TYPE, fields);
	if (!((walk == 3 && EPT_WALK_4(cap)) || (walk == 4 && EPT_WALK_5(cap))))
		broken(c, RULE_EPTP_WALK, fields);
	if ((value & (1 << 6)) && !EPT_AD(cap))
		broken(c, RULE_EPTP_AD, fields);
	if (!EPT_SHADOW_STACKS(cap))
		must_not |= 1 << 7;
	if (value & must_not)
		broken(c, RULE_EPTP_RESERVED,
		       F3(VMCS_EPT_POINTER, FACT(IA32_VMX_EPT_VPID_CAP),
			  FACT(PHYSICAL_ADDRESS_BITS)));
}

static void apic_controls(struct check *c)
{
	const u32 need_shadow = CPU2_X2APIC | CPU2_APIC_REGISTERS | CPU2_VIRTUAL_INTERRUPTS;
	u64 threshold = get(c, VMCS_TPR_THRESHOLD);

	if (c->cpu1 & CPU_TPR_SHADOW) {
		page(c, RULE_VIRTUAL_APIC, VMCS_VIRTUAL_APIC_PAGE_ADDR);
		if (!(c->cpu2 & CPU2_VIRTUAL_INTERRUPTS)) {
			if (threshold & ~0xfULL)
				broken(c, RULE_TPR_THRESHOLD_BITS, F1(VMCS_TPR_THRESHOLD));
			if (!(c->cpu2 & CPU2_APIC_ACCESSES) && c->cpu->vtpr != ENTRY_UNKNOWN &&
			    (threshold & 0xf) > (c->cpu->vtpr >> 4 & 0xf))
				broken(c, RULE_TPR_THRESHOLD_VTPR,
				       F2(VMCS_TPR_THRESHOLD, FACT(VIRTUAL_TPR)));
		}
	} else if ((c->cpu2 & need_shadow) || (c->cpu3 & CPU3_IPI)) {
		broken(c, RULE_NEEDS_TPR_SHADOW,
		       F3(VMCS_CPU_BASED_VM_EXEC_CONTROL, VMCS_SECONDARY_VM_EXEC_CONTROL,
			  VMCS_TERTIARY_VM_EXEC_CONTROL));
	}
	if (c->cpu2 & CPU2_APIC_ACCESSES) {
		page(c, RULE_APIC_ACCESS, VMCS_APIC_ACCESS_ADDR);
		if (c->cpu2 & CPU2_X2APIC)
			broken(c, RULE_X2APIC_OR_ACCESSES, F1(VMCS_SECONDARY_VM_EXEC_CONTROL));
	}
	if ((c->cpu2 & CPU2_VIRTUAL_INTERRUPTS) && !(c->pin & PIN_INTERRUPTS))
		broken(c, RULE_VIRTUAL_INTERRUPTS,
		       F2(VMCS_SECONDARY_VM_EXEC_CONTROL, VMCS_PIN_BASED_VM_EXEC_CONTROL));
}

static void posted_interrupts(struct check *c)
{
	if (!(c->pin & PIN_POSTED))
		return;
	if (!(c->cpu2 & CPU2_VIRTUAL_INTERRUPTS) || !(c->exit & EXIT_ACK))
		broken(c, RULE_POSTED_CONTROLS,
		       F3(VMCS_PIN_BASED_VM_EXEC_CONTROL, VMCS_SECONDARY_VM_EXEC_CONTROL,
			  VMCS_VM_EXIT_CONTROLS));
	if (get(c, VMCS_POSTED_INTR_NV) > 0xff)
		broken(c, RULE_POSTED_VECTOR, F1(VMCS_POSTED_INTR_NV));
	address(c, RULE_POSTED_DESCRIPTOR, VMCS_POSTED_INTR_DESC_ADDR, 0x3f);
}

static void ept_controls(struct check *c)
{
	bool ept = c->cpu2 & CPU2_EPT;
	u32 cpu2 = F1(VMCS_SECONDARY_VM_EXEC_CONTROL);

	if (ept)
		eptp(c);
	if (c->cpu2 & CPU2_PML) {
		page(c, RULE_PML_ADDRESS, VMCS_PML_ADDRESS);
		if (!ept)
			broken(c, RULE_PML_NEEDS_EPT, cpu2);
	}
	if ((c->cpu2 & (CPU2_UNRESTRICTED | CPU2_MODE_BASED)) && !ept)
		broken(c, RULE_UNRESTRICTED_NEEDS_EPT, cpu2);
	if (c->cpu2 & CPU2_SUB_PAGE) {
		page(c, RULE_SPP_ADDRESS, VMCS_SPP_TABLE_POINTER);
		if (!ept)
			broken(c, RULE_SPP_NEEDS_EPT, cpu2);
	}
	if (c->cpu2 & CPU2_VMFUNC) {
		reserved(c, RULE_VMFUNC_CONTROLS, VMCS_VM_FUNCTION_CONTROL, FACT_IA32_VMX_VMFUNC);
		if (get(c, VMCS_VM_FUNCTION_CONTROL) & 1) {
			page(c, RULE_EPTP_LIST, VMCS_EPTP_LIST_ADDRESS);
			if (!ept)
				broken(c, RULE_EPTP_SWITCHING_NEEDS_EPT,
				       F2(VMCS_SECONDARY_VM_EXEC_CONTROL,
					  VMCS_VM_FUNCTION_CONTROL));
		}
	}
	if ((c->cpu3 & (CPU3_HLAT | CPU3_PAGING_WRITE | CPU3_PAGING_VERIFY)) && !ept)
		broken(c, RULE_TERTIARY_NEEDS_EPT,
		       F2(VMCS_SECONDARY_VM_EXEC_CONTROL, VMCS_TERTIARY_VM_EXEC_CONTROL));
	if (c->cpu3 & CPU3_HLAT)
		address(c, RULE_HLAT_POINTER, VMCS_HLAT_POINTER, 0xfe7);
}

static void other_controls(struct check *c)
{
	u64 table = get(c, VMCS_PID_POINTER_TABLE);

	if (get(c, VMCS_CR3_TARGET_COUNT) > MISC_CR3_TARGETS(c->cpu->msrs.misc))
		broken(c, RULE_CR3_TARGETS, F2(VMCS_CR3_TARGET_COUNT, FACT(IA32_VMX_MISC)));
	if (c->cpu1 & CPU_IO_BITMAPS) {
		page(c, RULE_IO_BITMAP, VMCS_IO_BITMAP_A);
		page(c, RULE_IO_BITMAP, VMCS_IO_BITMAP_B);
	}
	if (c->cpu1 & CPU_MSR_BITMAPS)
		page(c, RULE_MSR_BITMAP, VMCS_MSR_BITMAP);
	if ((c->pin & PIN_VIRTUAL_NMIS) && !(c->pin & PIN_NMI))
		broken(c, RULE_VIRTUAL_NMIS, F1(VMCS_PIN_BASED_VM_EXEC_CONTROL));
	if ((c->cpu1 & CPU_NMI_WINDOW) && !(c->pin & PIN_VIRTUAL_NMIS))
		broken(c, RULE_NMI_WINDOW,
		       F2(VMCS_CPU_BASED_VM_EXEC_CONTROL, VMCS_PIN_BASED_VM_EXEC_CONTROL));
	if ((c->cpu2 & CPU2_VPID) && !(u16)get(c, VMCS_VIRTUAL_PROCESSOR_ID))
		broken(c, RULE_VPID, F1(VMCS_VIRTUAL_PROCESSOR_ID));
	if (c->cpu2 & CPU2_SHADOWING) {
		page(c, RULE_SHADOW_BITMAP, VMCS_VMREAD_BITMAP);
		page(c, RULE_SHADOW_BITMAP, VMCS_VMWRITE_BITMAP);
	}
	if (c->cpu2 & CPU2_VE)
		page(c, RULE_VE_INFORMATION, VMCS_VE_INFORMATION_ADDRESS);
	if ((c->cpu2 & CPU2_PT_GPA) && (!(c->cpu2 & CPU2_EPT) || !(c->entry & ENTRY_LOAD_RTIT) ||
					!(c->exit & EXIT_CLEAR_RTIT)))
		broken(c, RULE_PT_NEEDS,
		       F3(VMCS_SECONDARY_VM_EXEC_CONTROL, VMCS_VM_ENTRY_CONTROLS,
			  VMCS_VM_EXIT_CONTROLS));
	if ((c->cpu2 & CPU2_TSC_SCALING) && !get(c, VMCS_TSC_MULTIPLIER))
		broken(c, RULE_TSC_MULTIPLIER, F1(VMCS_TSC_MULTIPLIER));
	if ((c->cpu3 & CPU3_IPI) &&
	    (table & (7 | c->beyond) ||
	     (table + 8 * (u16)get(c, VMCS_LAST_PID_POINTER_INDEX)) & c->beyond))
		broken(c, RULE_PID_TABLE,
		       F3(VMCS_PID_POINTER_TABLE, VMCS_LAST_PID_POINTER_INDEX,
			  FACT(PHYSICAL_ADDRESS_BITS)));
}

static void exit_controls(struct check *c)
{
	word(c, RULE_EXIT_CONTROLS, VMCS_VM_EXIT_CONTROLS, FACT_IA32_VMX_EXIT_CTLS);
	if (c->exit & EXIT_SECONDARY)
		reserved(c, RULE_EXIT2_CONTROLS, VMCS_SECONDARY_VM_EXIT_CONTROLS,
			 FACT_IA32_VMX_EXIT_CTLS2);
	if ((c->exit & EXIT_SAVE_TIMER) && !(c->pin & PIN_TIMER))
		broken(c, RULE_SAVE_TIMER,
		       F2(VMCS_VM_EXIT_CONTROLS, VMCS_PIN_BASED_VM_EXEC_CONTROL));
	msr_area(c, RULE_EXIT_MSR_STORE, VMCS_VM_EXIT_MSR_STORE_ADDR, VMCS_VM_EXIT_MSR_STORE_COUNT);
	msr_area(c, RULE_EXIT_MSR_LOAD, VMCS_VM_EXIT_MSR_LOAD_ADDR, VMCS_VM_EXIT_MSR_LOAD_COUNT);
}

static bool vector_fits(u32 type, u32 vector)
{
	switch (type) {
	case NMI:
		return vector == 2;
	case EXCEPTION:
		return vector < 32;
	case OTHER:
		return vector == 0;
	}
	return true;
}

/* Must this event have an error code?  1, 0, or -1 for: as it likes. */
static int wants_error(const struct check *c, u32 type, u32 vector)
{
	if (type != EXCEPTION || (c->unrestricted && !(get(c, VMCS_GUEST_CR0) & CR0_PE)))
		return 0;
	if (BASIC_ANY_ERROR(c->cpu->msrs.basic))
		return -1;
	return vector < 32 && (VECTORS_WITH_ERROR >> vector & 1);
}

static void event(struct check *c)
{
	u32 type = EVENT_TYPE(c->event);
	u32 vector = EVENT_VECTOR(c->event);
	bool has_error = c->event & EVENT_HAS_ERROR;
	bool has_mtf = c->cpu->msrs.cpu >> 32 & CPU_MTF;
	u64 length = get(c, VMCS_VM_ENTRY_INSTRUCTION_LEN);
	u32 info = F1(VMCS_VM_ENTRY_INTR_INFO_FIELD);
	int wants;

	if (!c->event)
		return;
	if (type == RESERVED || (type == OTHER && !has_mtf))
		broken(c, RULE_EVENT_TYPE, info);
	if (!vector_fits(type, vector))
		broken(c, RULE_EVENT_VECTOR, info);
	wants = wants_error(c, type, vector);
	if (wants >= 0 && has_error != wants)
		broken(c, RULE_EVENT_ERROR_CODE,
		       F3(VMCS_VM_ENTRY_INTR_INFO_FIELD, VMCS_GUEST_CR0, FACT(IA32_VMX_BASIC)));
	if (c->event & EVENT_RESERVED)
		broken(c, RULE_EVENT_RESERVED, info);
	if (has_error && (get(c, VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE) & 0xffff0000))
		broken(c, RULE_EVENT_ERROR_BITS,
		       F2(VMCS_VM_ENTRY_INTR_INFO_FIELD, VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE));
	if (type >= SOFT_INTERRUPT && type <= SOFT_EXCEPTION &&
	    (length > 15 || (!length && !MISC_LENGTH_0(c->cpu->msrs.misc))))
		broken(c, RULE_EVENT_LENGTH,
		       F3(VMCS_VM_ENTRY_INTR_INFO_FIELD, VMCS_VM_ENTRY_INSTRUCTION_LEN,
			  FACT(IA32_VMX_MISC)));
}

static void entry_controls(struct check *c)
{
	const u32 both = ENTRY_TO_SMM | ENTRY_NO_DUAL_MONITOR;

	word(c, RULE_ENTRY_CONTROLS, VMCS_VM_ENTRY_CONTROLS, FACT_IA32_VMX_ENTRY_CTLS);
	event(c);
	msr_area(c, RULE_ENTRY_MSR_LOAD, VMCS_VM_ENTRY_MSR_LOAD_ADDR, VMCS_VM_ENTRY_MSR_LOAD_COUNT);
	if (((c->entry & both) && !c->in_smm) || (c->entry & both) == both)
		broken(c, RULE_ENTRY_SMM, F1(VMCS_VM_ENTRY_CONTROLS));
}

static void controls(struct check *c)
{
	word(c, RULE_PIN_CONTROLS, VMCS_PIN_BASED_VM_EXEC_CONTROL, FACT_IA32_VMX_PINBASED_CTLS);
	word(c, RULE_CPU_CONTROLS, VMCS_CPU_BASED_VM_EXEC_CONTROL, FACT_IA32_VMX_PROCBASED_CTLS);
	if (c->cpu1 & CPU_SECONDARY)
		word(c, RULE_CPU2_CONTROLS, VMCS_SECONDARY_VM_EXEC_CONTROL,
		     FACT_IA32_VMX_PROCBASED_CTLS2);
	if (c->cpu1 & CPU_TERTIARY)
		reserved(c, RULE_CPU3_CONTROLS, VMCS_TERTIARY_VM_EXEC_CONTROL,
			 FACT_IA32_VMX_PROCBASED_CTLS3);
	apic_controls(c);
	posted_interrupts(c);
	ept_controls(c);
	other_controls(c);
	exit_controls(c);
	entry_controls(c);
}

/* ---- 27.2.2 to 27.2.4: the host ---------------------------------------------------- */

static void host_registers(struct check *c)
{
	bool host_64 = c->exit & EXIT_HOST_64;
	u64 efer = get(c, VMCS_HOST_IA32_EFER);

	fixed(c, RULE_HOST_CR0, VMCS_HOST_CR0, FACT_IA32_VMX_CR0_FIXED0, 0);
	fixed(c, RULE_HOST_CR4, VMCS_HOST_CR4, FACT_IA32_VMX_CR4_FIXED0, 0);
	if ((get(c, VMCS_HOST_CR4) & CR4_CET) && !(get(c, VMCS_HOST_CR0) & CR0_WP))
		broken(c, RULE_HOST_CET_WP, F2(VMCS_HOST_CR4, VMCS_HOST_CR0));
	cr3(c, RULE_HOST_CR3, VMCS_HOST_CR3);
	canonical(c, RULE_HOST_SYSENTER, VMCS_HOST_IA32_SYSENTER_ESP);
	canonical(c, RULE_HOST_SYSENTER, VMCS_HOST_IA32_SYSENTER_EIP);
	if (c->exit & EXIT_PERF_GLOBAL)
		reserved(c, RULE_HOST_PERF_GLOBAL, VMCS_HOST_IA32_PERF_GLOBAL_CTRL,
			 FACT_PERF_GLOBAL_CTRL_BITS);
	if (c->exit & EXIT_LOAD_PAT)
		pat(c, RULE_HOST_PAT, VMCS_HOST_IA32_PAT);
	if (c->exit & EXIT_LOAD_EFER) {
		reserved(c, RULE_HOST_EFER_BITS, VMCS_HOST_IA32_EFER, FACT_EFER_BITS);
		if (!!(efer & EFER_LMA) != host_64 || !!(efer & EFER_LME) != host_64)
			broken(c, RULE_HOST_EFER_MODE,
			       F2(VMCS_HOST_IA32_EFER, VMCS_VM_EXIT_CONTROLS));
	}
	if (c->exit & EXIT_LOAD_CET) {
		s_cet(c, RULE_HOST_S_CET, VMCS_HOST_S_CET);
		canonical(c, RULE_HOST_SSP, VMCS_HOST_INTR_SSP_TABLE);
		if (!is_canonical(get(c, VMCS_HOST_SSP), c->cpu->linear_bits) ||
		    (get(c, VMCS_HOST_SSP) & 3))
			broken(c, RULE_HOST_SSP, F1(VMCS_HOST_SSP));
	}
	if ((c->exit & EXIT_LOAD_PKRS) && (get(c, VMCS_HOST_IA32_PKRS) & HIGH_32))
		broken(c, RULE_HOST_PKRS, F1(VMCS_HOST_IA32_PKRS));
}

static void host_segments(struct check *c)
{
	enum vmcs_index i;

	for (i = VMCS_HOST_ES_SELECTOR; i <= VMCS_HOST_TR_SELECTOR; i++)
		if (get(c, i) & 7)
			broken(c, RULE_HOST_SELECTOR, F1(i));
	if (!(u16)get(c, VMCS_HOST_CS_SELECTOR))
		broken(c, RULE_HOST_NULL, F1(VMCS_HOST_CS_SELECTOR));
	if (!(u16)get(c, VMCS_HOST_TR_SELECTOR))
		broken(c, RULE_HOST_NULL, F1(VMCS_HOST_TR_SELECTOR));
	if (!(u16)get(c, VMCS_HOST_SS_SELECTOR) && !(c->exit & EXIT_HOST_64))
		broken(c, RULE_HOST_SS_NULL, F2(VMCS_HOST_SS_SELECTOR, VMCS_VM_EXIT_CONTROLS));
	for (i = VMCS_HOST_FS_BASE; i <= VMCS_HOST_IDTR_BASE; i++)
		canonical(c, RULE_HOST_BASE, i);
}

static void host_address_space(struct check *c)
{
	u64 cr4 = get(c, VMCS_HOST_CR4);
	u64 rip = get(c, VMCS_HOST_RIP);

	if (!(c->cpu->efer & EFER_LMA)) {
		if ((c->entry & ENTRY_LONG) || (c->exit & EXIT_HOST_64))
			broken(c, RULE_HOST_NOT_LONG,
			       F3(VMCS_VM_ENTRY_CONTROLS, VMCS_VM_EXIT_CONTROLS,
				  FACT(HOST_EFER_NOW)));
	} else if (!(c->exit & EXIT_HOST_64)) {
		broken(c, RULE_HOST_LONG, F2(VMCS_VM_EXIT_CONTROLS, FACT(HOST_EFER_NOW)));
	}
	if (c->exit & EXIT_HOST_64) {
		if (!(cr4 & CR4_PAE))
			broken(c, RULE_HOST_64_PAE, F2(VMCS_HOST_CR4, VMCS_VM_EXIT_CONTROLS));
		if (!is_canonical(rip, cr4 & CR4_LA57 ? 57 : 48))
			broken(c, RULE_HOST_64_RIP, F2(VMCS_HOST_RIP, VMCS_HOST_CR4));
		return;
	}
	if (c->entry & ENTRY_LONG)
		broken(c, RULE_HOST_32_GUEST, F2(VMCS_VM_ENTRY_CONTROLS, VMCS_VM_EXIT_CONTROLS));
	if (cr4 & CR4_PCIDE)
		broken(c, RULE_HOST_32_PCIDE, F2(VMCS_HOST_CR4, VMCS_VM_EXIT_CONTROLS));
	if (rip & HIGH_32)
		broken(c, RULE_HOST_32_RIP, F2(VMCS_HOST_RIP, VMCS_VM_EXIT_CONTROLS));
}

/* ---- 27.3.1.1: control registers, debug registers, MSRs ---------------------------- */

static void guest_control(struct check *c)
{
	u64 cr0 = get(c, VMCS_GUEST_CR0);
	u64 cr4 = get(c, VMCS_GUEST_CR4);

	fixed(c, RULE_CR0, VMCS_GUEST_CR0, FACT_IA32_VMX_CR0_FIXED0,
	      c->unrestricted ? CR0_PE | CR0_PG : 0);
	if ((cr0 & CR0_PG) && !(cr0 & CR0_PE))
		broken(c, RULE_CR0_PG_PE, F1(VMCS_GUEST_CR0));
	fixed(c, RULE_CR4, VMCS_GUEST_CR4, FACT_IA32_VMX_CR4_FIXED0, 0);
	if ((cr4 & CR4_CET) && !(cr0 & CR0_WP))
		broken(c, RULE_CET_WP, F2(VMCS_GUEST_CR4, VMCS_GUEST_CR0));
	if (c->longmode) {
		if (!(cr0 & CR0_PG))
			broken(c, RULE_LONG_PG, F2(VMCS_GUEST_CR0, VMCS_VM_ENTRY_CONTROLS));
		if (!(cr4 & CR4_PAE))
			broken(c, RULE_LONG_PAE, F2(VMCS_GUEST_CR4, VMCS_VM_ENTRY_CONTROLS));
	} else if (cr4 & CR4_PCIDE) {
		broken(c, RULE_PCIDE, F2(VMCS_GUEST_CR4, VMCS_VM_ENTRY_CONTROLS));
	}
	cr3(c, RULE_CR3, VMCS_GUEST_CR3);
	if (c->entry & ENTRY_LOAD_DEBUG) {
		reserved(c, RULE_DEBUGCTL, VMCS_GUEST_IA32_DEBUGCTL, FACT_DEBUGCTL_BITS);
		if (get(c, VMCS_GUEST_DR7) & HIGH_32)
			broken(c, RULE_DR7, F1(VMCS_GUEST_DR7));
	}
}

static void guest_efer(struct check *c)
{
	u64 efer = get(c, VMCS_GUEST_IA32_EFER);
	bool lma = efer & EFER_LMA;

	reserved(c, RULE_EFER_BITS, VMCS_GUEST_IA32_EFER, FACT_EFER_BITS);
	if (lma != c->longmode)
		broken(c, RULE_EFER_LMA, F2(VMCS_GUEST_IA32_EFER, VMCS_VM_ENTRY_CONTROLS));
	if ((get(c, VMCS_GUEST_CR0) & CR0_PG) && lma != !!(efer & EFER_LME))
		broken(c, RULE_EFER_LME, F2(VMCS_GUEST_IA32_EFER, VMCS_GUEST_CR0));
}

static void guest_msrs(struct check *c)
{
	u64 bndcfgs = get(c, VMCS_GUEST_BNDCFGS);

	canonical(c, RULE_SYSENTER, VMCS_GUEST_SYSENTER_ESP);
	canonical(c, RULE_SYSENTER, VMCS_GUEST_SYSENTER_EIP);
	if (c->entry & ENTRY_LOAD_CET) {
		s_cet(c, RULE_S_CET, VMCS_GUEST_S_CET);
		canonical(c, RULE_SSP_TABLE, VMCS_GUEST_INTR_SSP_TABLE);
	}
	if (c->entry & ENTRY_PERF_GLOBAL)
		reserved(c, RULE_PERF_GLOBAL, VMCS_GUEST_IA32_PERF_GLOBAL_CTRL,
			 FACT_PERF_GLOBAL_CTRL_BITS);
	if (c->entry & ENTRY_LOAD_PAT)
		pat(c, RULE_PAT, VMCS_GUEST_IA32_PAT);
	if (c->entry & ENTRY_LOAD_EFER)
		guest_efer(c);
	if ((c->entry & ENTRY_LOAD_BNDCFGS) &&
	    ((bndcfgs & 0xffc) || !is_canonical(bndcfgs, c->cpu->linear_bits)))
		broken(c, RULE_BNDCFGS, F1(VMCS_GUEST_BNDCFGS));
	if ((c->entry & ENTRY_LOAD_PKRS) && (get(c, VMCS_GUEST_IA32_PKRS) & HIGH_32))
		broken(c, RULE_PKRS, F1(VMCS_GUEST_IA32_PKRS));
	if ((c->entry & ENTRY_LOAD_UINV) && get(c, VMCS_GUEST_UINV) > 0xff)
		broken(c, RULE_UINV, F1(VMCS_GUEST_UINV));
}

/* ---- 27.3.1.2: segment registers --------------------------------------------------- */

#define SELECTOR(s) (VMCS_GUEST_ES_SELECTOR + (s))
#define LIMIT(s)    (VMCS_GUEST_ES_LIMIT + (s))
#define ACCESS(s)   (VMCS_GUEST_ES_AR_BYTES + (s))
#define BASE(s)	    (VMCS_GUEST_ES_BASE + (s))

static u32 access(const struct check *c, unsigned int s)
{
	return get(c, ACCESS(s));
}

static bool usable(const struct check *c, unsigned int s)
{
	return !(access(c, s) & AR_UNUSABLE);
}

static bool granularity_fits(const struct check *c, unsigned int s)
{
	u32 limit = get(c, LIMIT(s));

	if (access(c, s) & AR_G)
		return (limit & 0xfff) == 0xfff;
	return !(limit & 0xfff00000);
}

static void v86_segment(struct check *c, unsigned int s)
{
	if (get(c, BASE(s)) != (get(c, SELECTOR(s)) & 0xffff) << 4)
		broken(c, RULE_V86_BASE, F2(BASE(s), SELECTOR(s)));
	if (get(c, LIMIT(s)) != 0xffff)
		broken(c, RULE_V86_LIMIT, F1(LIMIT(s)));
	if (access(c, s) != 0xf3)
		broken(c, RULE_V86_ACCESS, F1(ACCESS(s)));
}

static void bases(struct check *c)
{
	unsigned int s;

	for (s = ES; s <= TR; s++) {
		if (s == FS || s == GS || s == TR || (s == LDTR && usable(c, s)))
			canonical(c, RULE_SEGMENT_BASE_CANONICAL, BASE(s));
		else if (s == CS || (s != LDTR && usable(c, s)))
			if (get(c, BASE(s)) & HIGH_32)
				broken(c, RULE_SEGMENT_BASE_32, F2(BASE(s), ACCESS(s)));
	}
}

static void cs(struct check *c)
{
	u32 ar = access(c, CS);
	u32 type = AR_TYPE(ar);
	u32 dpl = AR_DPL(ar);
	u32 ss_dpl = AR_DPL(access(c, SS));
	u32 both = F2(ACCESS(CS), ACCESS(SS));

	switch (type) {
	case 3:
		if (!c->unrestricted)
			broken(c, RULE_CS_TYPE, F2(ACCESS(CS), VMCS_SECONDARY_VM_EXEC_CONTROL));
		if (dpl)
			broken(c, RULE_CS_DPL_DATA, F1(ACCESS(CS)));
		break;
	case 9:
	case 11:
		if (dpl != ss_dpl)
			broken(c, RULE_CS_DPL_NONCONFORMING, both);
		break;
	case 13:
	case 15:
		if (dpl > ss_dpl)
			broken(c, RULE_CS_DPL_CONFORMING, both);
		break;
	default:
		broken(c, RULE_CS_TYPE, F2(ACCESS(CS), VMCS_SECONDARY_VM_EXEC_CONTROL));
	}
	if (c->longmode && (ar & AR_L) && (ar & AR_D))
		broken(c, RULE_CS_L_D, F2(ACCESS(CS), VMCS_VM_ENTRY_CONTROLS));
}

static void ss(struct check *c)
{
	u32 type = AR_TYPE(access(c, SS));
	u32 dpl = AR_DPL(access(c, SS));
	u32 rpl = get(c, SELECTOR(SS)) & 3;

	if (usable(c, SS) && type != 3 && type != 7)
		broken(c, RULE_SS_TYPE, F1(ACCESS(SS)));
	if (!c->unrestricted) {
		if (rpl != (get(c, SELECTOR(CS)) & 3))
			broken(c, RULE_SS_RPL, F2(SELECTOR(SS), SELECTOR(CS)));
		if (dpl != rpl)
			broken(c, RULE_SS_DPL_RPL, F2(ACCESS(SS), SELECTOR(SS)));
	}
	if (dpl && (AR_TYPE(access(c, CS)) == 3 || !(get(c, VMCS_GUEST_CR0) & CR0_PE)))
		broken(c, RULE_SS_DPL_REAL, F3(ACCESS(SS), ACCESS(CS), VMCS_GUEST_CR0));
}

static void data_segment(struct check *c, unsigned int s)
{
	u32 ar = access(c, s);
	u32 type = AR_TYPE(ar);

	if (!usable(c, s))
		return;
	if (!(type & 1) || ((type & 8) && !(type & 2)))
		broken(c, RULE_DATA_TYPE, F1(ACCESS(s)));
	if (!c->unrestricted && type <= 11 && AR_DPL(ar) < (get(c, SELECTOR(s)) & 3))
		broken(c, RULE_DATA_DPL, F2(ACCESS(s), SELECTOR(s)));
}

static void code_or_data(struct check *c, unsigned int s)
{
	u32 ar = access(c, s);

	if (s != CS && !usable(c, s))
		return;
	if (!(ar & AR_S))
		broken(c, RULE_SEGMENT_S, F1(ACCESS(s)));
	if (!(ar & AR_P))
		broken(c, RULE_SEGMENT_P, F1(ACCESS(s)));
	if (ar & AR_RESERVED)
		broken(c, RULE_SEGMENT_RESERVED, F1(ACCESS(s)));
	if (!granularity_fits(c, s))
		broken(c, RULE_SEGMENT_G, F2(ACCESS(s), LIMIT(s)));
}

static bool system_access_fits(u32 ar)
{
	return !(ar & AR_S) && (ar & AR_P) && !(ar & AR_RESERVED);
}

static void system_segments(struct check *c)
{
	u32 tr = access(c, TR);
	u32 ldtr = access(c, LDTR);

	if (get(c, SELECTOR(TR)) & 4)
		broken(c, RULE_TR_TI, F1(SELECTOR(TR)));
	if (AR_TYPE(tr) != 11 && (AR_TYPE(tr) != 3 || c->longmode))
		broken(c, RULE_TR_TYPE, F2(ACCESS(TR), VMCS_VM_ENTRY_CONTROLS));
	if (!system_access_fits(tr))
		broken(c, RULE_TR_ACCESS, F1(ACCESS(TR)));
	if (tr & AR_UNUSABLE)
		broken(c, RULE_TR_UNUSABLE, F1(ACCESS(TR)));
	if (!granularity_fits(c, TR))
		broken(c, RULE_TR_G, F2(ACCESS(TR), LIMIT(TR)));

	if (!usable(c, LDTR))
		return;
	if (get(c, SELECTOR(LDTR)) & 4)
		broken(c, RULE_LDTR_TI, F2(SELECTOR(LDTR), ACCESS(LDTR)));
	if (AR_TYPE(ldtr) != 2)
		broken(c, RULE_LDTR_TYPE, F1(ACCESS(LDTR)));
	if (!system_access_fits(ldtr))
		broken(c, RULE_LDTR_ACCESS, F1(ACCESS(LDTR)));
	if (!granularity_fits(c, LDTR))
		broken(c, RULE_LDTR_G, F2(ACCESS(LDTR), LIMIT(LDTR)));
}

static void guest_segments(struct check *c)
{
	unsigned int s;

	bases(c);
	for (s = ES; s <= GS; s++) {
		if (c->v8086) {
			v86_segment(c, s);
			continue;
		}
		code_or_data(c, s);
		if (s == CS)
			cs(c);
		else if (s == SS)
			ss(c);
		else
			data_segment(c, s);
	}
	system_segments(c);
}

/* ---- 27.3.1.3 and 27.3.1.4: tables, RIP, RFLAGS ------------------------------------ */

static void guest_tables(struct check *c)
{
	canonical(c, RULE_TABLE_BASE, VMCS_GUEST_GDTR_BASE);
	canonical(c, RULE_TABLE_BASE, VMCS_GUEST_IDTR_BASE);
	if (get(c, VMCS_GUEST_GDTR_LIMIT) > 0xffff)
		broken(c, RULE_TABLE_LIMIT, F1(VMCS_GUEST_GDTR_LIMIT));
	if (get(c, VMCS_GUEST_IDTR_LIMIT) > 0xffff)
		broken(c, RULE_TABLE_LIMIT, F1(VMCS_GUEST_IDTR_LIMIT));
}

/* Not quite canonical: a fetch beyond the lower half faults in the guest (27.3.1.4). */
static bool beyond_equal(const struct check *c, u64 value)
{
	u64 high = value >> c->cpu->linear_bits;

	return high == 0 || high == ~0ULL >> c->cpu->linear_bits;
}

static void guest_flow(struct check *c)
{
	bool code_64 = c->longmode && (access(c, CS) & AR_L);
	u64 rip = get(c, VMCS_GUEST_RIP);
	u64 ssp = get(c, VMCS_GUEST_SSP);
	u64 rflags = get(c, VMCS_GUEST_RFLAGS);

	if (!code_64 && (rip & HIGH_32))
		broken(c, RULE_RIP_32, F3(VMCS_GUEST_RIP, ACCESS(CS), VMCS_VM_ENTRY_CONTROLS));
	if (code_64 && !beyond_equal(c, rip))
		broken(c, RULE_RIP_64, F2(VMCS_GUEST_RIP, FACT(LINEAR_ADDRESS_BITS)));
	if ((rflags & 0xffffffffffc08028ULL) || !(rflags & 2))
		broken(c, RULE_RFLAGS, F1(VMCS_GUEST_RFLAGS));
	if (c->v8086 && (c->longmode || !(get(c, VMCS_GUEST_CR0) & CR0_PE)))
		broken(c, RULE_RFLAGS_VM,
		       F3(VMCS_GUEST_RFLAGS, VMCS_GUEST_CR0, VMCS_VM_ENTRY_CONTROLS));
	if (c->event && EVENT_TYPE(c->event) == INTERRUPT && !(rflags & RFLAGS_IF))
		broken(c, RULE_RFLAGS_IF, F2(VMCS_GUEST_RFLAGS, VMCS_VM_ENTRY_INTR_INFO_FIELD));
	if ((c->entry & ENTRY_LOAD_CET) &&
	    ((ssp & 3) || (code_64 ? !beyond_equal(c, ssp) : ssp & HIGH_32)))
		broken(c, RULE_SSP, F2(VMCS_GUEST_SSP, ACCESS(CS)));
}

/* ---- 27.3.1.5: what is no register ------------------------------------------------- */

static bool activity_takes(u64 activity, u32 type, u32 vector)
{
	switch (activity) {
	case HLT:
		return type == INTERRUPT || type == NMI || (type == OTHER && !vector) ||
		       (type == EXCEPTION && (vector == 1 || vector == 18));
	case SHUTDOWN:
		return type == NMI || (type == EXCEPTION && vector == 18);
	case WAIT_FOR_SIPI:
		return false;
	}
	return true;
}

static void guest_activity(struct check *c, u32 shadow)
{
	u64 activity = get(c, VMCS_GUEST_ACTIVITY_STATE);

	if (activity > WAIT_FOR_SIPI || (activity && !(c->cpu->msrs.misc >> (5 + activity) & 1)))
		broken(c, RULE_ACTIVITY, F2(VMCS_GUEST_ACTIVITY_STATE, FACT(IA32_VMX_MISC)));
	if (activity == HLT && AR_DPL(access(c, SS)))
		broken(c, RULE_ACTIVITY_HLT_DPL, F2(VMCS_GUEST_ACTIVITY_STATE, ACCESS(SS)));
	if (activity && (shadow & (SHADOW_STI | SHADOW_MOV_SS)))
		broken(c, RULE_ACTIVITY_SHADOW,
		       F2(VMCS_GUEST_ACTIVITY_STATE, VMCS_GUEST_INTERRUPTIBILITY_INFO));
	if (c->event && !activity_takes(activity, EVENT_TYPE(c->event), EVENT_VECTOR(c->event)))
		broken(c, RULE_ACTIVITY_EVENT,
		       F2(VMCS_GUEST_ACTIVITY_STATE, VMCS_VM_ENTRY_INTR_INFO_FIELD));
	if ((c->entry & ENTRY_TO_SMM) && activity == WAIT_FOR_SIPI)
		broken(c, RULE_ACTIVITY_SMM, F2(VMCS_GUEST_ACTIVITY_STATE, VMCS_VM_ENTRY_CONTROLS));
}

static void guest_shadow(struct check *c, u32 shadow)
{
	bool interrupt = c->event && EVENT_TYPE(c->event) == INTERRUPT;
	bool nmi = c->event && EVENT_TYPE(c->event) == NMI;
	u32 state = F1(VMCS_GUEST_INTERRUPTIBILITY_INFO);
	u32 with_event = F2(VMCS_GUEST_INTERRUPTIBILITY_INFO, VMCS_VM_ENTRY_INTR_INFO_FIELD);

	if (shadow & ~0x1fU)
		broken(c, RULE_SHADOW_RESERVED, state);
	if ((shadow & SHADOW_STI) && (shadow & SHADOW_MOV_SS))
		broken(c, RULE_SHADOW_BOTH, state);
	if ((shadow & SHADOW_STI) && !(get(c, VMCS_GUEST_RFLAGS) & RFLAGS_IF))
		broken(c, RULE_SHADOW_STI_IF,
		       F2(VMCS_GUEST_INTERRUPTIBILITY_INFO, VMCS_GUEST_RFLAGS));
	if (interrupt && (shadow & (SHADOW_STI | SHADOW_MOV_SS)))
		broken(c, RULE_SHADOW_INTERRUPT, with_event);
	if (nmi && (shadow & SHADOW_MOV_SS))
		broken(c, RULE_SHADOW_NMI, with_event);
	if (((shadow & SHADOW_SMI) && !c->in_smm) ||
	    (!(shadow & SHADOW_SMI) && (c->entry & ENTRY_TO_SMM)))
		broken(c, RULE_SHADOW_SMI,
		       F2(VMCS_GUEST_INTERRUPTIBILITY_INFO, VMCS_VM_ENTRY_CONTROLS));
	if (nmi && (c->pin & PIN_VIRTUAL_NMIS) && (shadow & SHADOW_NMI))
		broken(c, RULE_SHADOW_VIRTUAL_NMI, with_event);
	if ((shadow & SHADOW_ENCLAVE) &&
	    ((shadow & SHADOW_MOV_SS) || !(c->cpu->features & ENTRY_CPU_SGX)))
		broken(c, RULE_SHADOW_ENCLAVE,
		       F2(VMCS_GUEST_INTERRUPTIBILITY_INFO, FACT(FEATURES)));
}

static void guest_pending(struct check *c, u32 shadow)
{
	u64 pending = get(c, VMCS_GUEST_PENDING_DBG_EXCEPTIONS);
	bool single_step = (get(c, VMCS_GUEST_RFLAGS) & RFLAGS_TF) &&
			   !(get(c, VMCS_GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF);
	u64 must_not = ~(PENDING_RTM | PENDING_BS | PENDING_BREAKPOINT | 0xfULL);
	u32 step = F4(VMCS_GUEST_PENDING_DBG_EXCEPTIONS, VMCS_GUEST_RFLAGS,
		      VMCS_GUEST_INTERRUPTIBILITY_INFO, VMCS_GUEST_ACTIVITY_STATE);

	if (c->cpu->features & ENTRY_CPU_BLD)
		must_not &= ~(1ULL << 11);
	if (pending & must_not)
		broken(c, RULE_PENDING_RESERVED,
		       F2(VMCS_GUEST_PENDING_DBG_EXCEPTIONS, FACT(FEATURES)));
	if ((shadow & (SHADOW_STI | SHADOW_MOV_SS)) || get(c, VMCS_GUEST_ACTIVITY_STATE) == HLT) {
		if (single_step && !(pending & PENDING_BS))
			broken(c, RULE_PENDING_BS_SET, step);
		if (!single_step && (pending & PENDING_BS))
			broken(c, RULE_PENDING_BS_CLEAR, step);
	}
	if ((pending & PENDING_RTM) &&
	    (!(c->cpu->features & ENTRY_CPU_RTM) || (shadow & SHADOW_MOV_SS) ||
	     pending != (PENDING_RTM | PENDING_BREAKPOINT)))
		broken(c, RULE_PENDING_RTM,
		       F3(VMCS_GUEST_PENDING_DBG_EXCEPTIONS, VMCS_GUEST_INTERRUPTIBILITY_INFO,
			  FACT(FEATURES)));
}

static void guest_link(struct check *c)
{
	u64 link = get(c, VMCS_VMCS_LINK_POINTER);

	if (link == ~0ULL)
		return;
	page(c, RULE_LINK_ADDRESS, VMCS_VMCS_LINK_POINTER);
	if (link == c->cpu->vmcs_address && (!c->in_smm || (c->entry & ENTRY_TO_SMM)))
		broken(c, RULE_LINK_SELF, F2(VMCS_VMCS_LINK_POINTER, FACT(VMCS_ADDRESS)));
}

static void guest_other(struct check *c)
{
	u32 shadow = get(c, VMCS_GUEST_INTERRUPTIBILITY_INFO);

	guest_activity(c, shadow);
	guest_shadow(c, shadow);
	guest_pending(c, shadow);
	guest_link(c);
}

/* ---- 27.3.1.6: PDPTEs -------------------------------------------------------------- */

static void guest_pdptes(struct check *c)
{
	enum vmcs_index i;
	u64 pdpte;

	if (!(get(c, VMCS_GUEST_CR0) & CR0_PG) || !(get(c, VMCS_GUEST_CR4) & CR4_PAE) ||
	    c->longmode || !(c->cpu2 & CPU2_EPT))
		return;
	for (i = VMCS_GUEST_PDPTR0; i <= VMCS_GUEST_PDPTR3; i++) {
		pdpte = get(c, i);
		if ((pdpte & 1) && (pdpte & (0x1e6 | ~0ULL << c->cpu->phys_bits)))
			broken(c, RULE_PDPTE, F2(i, FACT(PHYSICAL_ADDRESS_BITS)));
	}
}

/* ---- all --------------------------------------------------------------------------- */

unsigned int entry_check(const struct vmcs_image *image, const struct entry_cpu *cpu,
			 struct entry_violation *out, unsigned int room)
{
	unsigned int width = BASIC_32_BITS(cpu->msrs.basic) ? 32 : cpu->phys_bits;
	struct check c = {
		.image = image,
		.cpu = cpu,
		.out = out,
		.room = room,
		.pin = image->value[VMCS_PIN_BASED_VM_EXEC_CONTROL],
		.cpu1 = image->value[VMCS_CPU_BASED_VM_EXEC_CONTROL],
		.exit = image->value[VMCS_VM_EXIT_CONTROLS],
		.entry = image->value[VMCS_VM_ENTRY_CONTROLS],
		.beyond = ~0ULL << width,
		.in_smm = cpu->features & ENTRY_CPU_SMM,
		.v8086 = image->value[VMCS_GUEST_RFLAGS] & RFLAGS_VM,
	};

	/* A word that is not activated counts as 0. */
	if (c.cpu1 & CPU_SECONDARY)
		c.cpu2 = image->value[VMCS_SECONDARY_VM_EXEC_CONTROL];
	if (c.cpu1 & CPU_TERTIARY)
		c.cpu3 = image->value[VMCS_TERTIARY_VM_EXEC_CONTROL];
	c.unrestricted = c.cpu2 & CPU2_UNRESTRICTED;
	c.longmode = c.entry & ENTRY_LONG;
	if (image->value[VMCS_VM_ENTRY_INTR_INFO_FIELD] & EVENT_VALID)
		c.event = image->value[VMCS_VM_ENTRY_INTR_INFO_FIELD];

	controls(&c);
	host_registers(&c);
	host_segments(&c);
	host_address_space(&c);
	guest_control(&c);
	guest_msrs(&c);
	guest_segments(&c);
	guest_tables(&c);
	guest_flow(&c);
	guest_other(&c);
	guest_pdptes(&c);
	return c.nr;
}
