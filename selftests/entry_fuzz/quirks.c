// SPDX-License-Identifier: GPL-2.0
/*
 * Where Bochs 2.7 is known not to follow the manual, for its runs only; in words it is
 * all in Documentation/quirks.rst.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "fuzz.h"

#define AR_TYPE(rights)	 ((rights)&0xf)
#define AR_DPL(rights)	 ((rights) >> 5 & 3)
#define AR_L		 0x2000
#define PENDING_RESERVED (~0x1500fULL)
#define VECTOR_MC	 18

static u32 event_type(const u64 *v)
{
	return v[VMCS_VM_ENTRY_INTR_INFO_FIELD] & INTR_INFO_INTR_TYPE_MASK;
}

static bool always(const u64 *v, const struct entry_violation *broken)
{
	return true;
}

/* It reads the field as one of 32 bits. */
static bool only_above_31(const u64 *v, const struct entry_violation *broken)
{
	return !((u32)v[VMCS_GUEST_PENDING_DBG_EXCEPTIONS] & PENDING_RESERVED);
}

/* It looks at the vector or at the type where both have to fit, and not at all in HLT. */
static bool activity_takes_it(const u64 *v, const struct entry_violation *broken)
{
	switch (v[VMCS_GUEST_ACTIVITY_STATE]) {
	case GUEST_ACTIVITY_HLT:
		return true;
	case GUEST_ACTIVITY_SHUTDOWN:
		return event_type(v) == INTR_TYPE_NMI_INTR ||
		       (v[VMCS_VM_ENTRY_INTR_INFO_FIELD] & INTR_INFO_VECTOR_MASK) == VECTOR_MC;
	}
	return false;
}

/* It holds DPL of CS against RPL of CS, not against DPL of SS. */
static bool cs_dpl_fits_rpl(const u64 *v, const struct entry_violation *broken)
{
	unsigned int dpl = AR_DPL(v[VMCS_GUEST_CS_AR_BYTES]);
	unsigned int rpl = v[VMCS_GUEST_CS_SELECTOR] & 3;

	switch (AR_TYPE(v[VMCS_GUEST_CS_AR_BYTES])) {
	case 9:
	case 11:
		return dpl == rpl;
	case 13:
	case 15:
		return dpl <= rpl;
	}
	return true;
}

static bool cs_dpl_does_not_fit_rpl(const u64 *v, const struct entry_violation *broken)
{
	return !(v[VMCS_GUEST_RFLAGS] & X86_EFLAGS_VM) && !cs_dpl_fits_rpl(v, broken);
}

/* The manual leaves this to the CPU, but then the exit qualification is 3 (27.8). */
static bool nmi_with_sti(const u64 *v, const struct entry_violation *broken)
{
	return v[VMCS_VM_ENTRY_INTR_INFO_FIELD] & INTR_INFO_VALID_MASK &&
	       event_type(v) == INTR_TYPE_NMI_INTR &&
	       v[VMCS_GUEST_INTERRUPTIBILITY_INFO] & GUEST_INTR_STATE_STI;
}

/* Type 11, readable non-conforming code, is treated as conforming. */
static bool data_is_type_11(const u64 *v, const struct entry_violation *broken)
{
	return AR_TYPE(broken->value[0]) == 11;
}

static bool real_mode(const u64 *v, const struct entry_violation *broken)
{
	return !(v[VMCS_VM_ENTRY_CONTROLS] & VM_ENTRY_IA32E_MODE);
}

/* SS with RPL 0 of a 64-bit guest is taken for null, and for unusable with it. */
static bool ss_taken_for_null(const u64 *v, const struct entry_violation *broken)
{
	return (broken->field[0] == GUEST_SS_AR_BYTES || broken->field[0] == GUEST_SS_BASE) &&
	       !(v[VMCS_GUEST_SS_SELECTOR] & 3) &&
	       v[VMCS_VM_ENTRY_CONTROLS] & VM_ENTRY_IA32E_MODE && v[VMCS_GUEST_CS_AR_BYTES] & AR_L;
}

#define SS_NULL "SS of a 64-bit guest in ring 0 may be anything"

struct quirk bochs_quirks[] = {
	{ "an entry to SMM from outside it fails on the guest state, not on the controls",
	  RULE_ENTRY_SMM, always },
	{ "an IA-32e mode guest need not have paging", RULE_LONG_PG, always },
	{ "DPL of CS is held against RPL of CS instead of DPL of SS", RULE_CS_DPL_NONCONFORMING,
	  cs_dpl_fits_rpl },
	{ "DPL of a conforming CS is held against RPL of CS instead of DPL of SS",
	  RULE_CS_DPL_CONFORMING, cs_dpl_fits_rpl },
	{ "DPL of CS must fit RPL of CS", QUIRK_STRICT, cs_dpl_does_not_fit_rpl },
	{ "DPL of a data segment of type 11 may be below its RPL", RULE_DATA_DPL, data_is_type_11 },
	{ SS_NULL, RULE_SEGMENT_BASE_32, ss_taken_for_null },
	{ SS_NULL, RULE_SS_TYPE, ss_taken_for_null },
	{ SS_NULL, RULE_SEGMENT_S, ss_taken_for_null },
	{ SS_NULL, RULE_SEGMENT_P, ss_taken_for_null },
	{ SS_NULL, RULE_SEGMENT_RESERVED, ss_taken_for_null },
	{ SS_NULL, RULE_SEGMENT_G, ss_taken_for_null },
	{ "RIP of a 64-bit guest may be anything", RULE_RIP_64, always },
	{ "RFLAGS.VM may be 1 in real mode", RULE_RFLAGS_VM, real_mode },
	{ "an event that the activity state blocks is taken", RULE_ACTIVITY_EVENT,
	  activity_takes_it },
	{ "an NMI is injected although virtual NMIs are blocked", RULE_SHADOW_VIRTUAL_NMI, always },
	{ "blocking by STI keeps an NMI out with exit qualification 0", QUIRK_STRICT,
	  nmi_with_sti },
	{ "bits 63:32 of the pending debug exceptions may be anything", RULE_PENDING_RESERVED,
	  only_above_31 },
	{ "BS need not be pending with TF and a shadow", RULE_PENDING_BS_SET, always },
	{ "BS may be pending without TF", RULE_PENDING_BS_CLEAR, always },
};

const unsigned int nr_bochs_quirks = ARRAY_SIZE(bochs_quirks);

bool lax_rule(unsigned int id)
{
	unsigned int i;

	for (i = 0; i < nr_bochs_quirks; i++)
		if (bochs_quirks[i].rule == id)
			return true;
	return false;
}

/* The row that excuses @broken, or the strict one if that is NULL. */
static bool excuses(struct quirk *quirk, const u64 *v, const struct entry_violation *broken)
{
	return quirk->rule == (broken ? broken->id : QUIRK_STRICT) && quirk->when(v, broken);
}

static struct quirk *find(const u64 *v, const struct entry_violation *broken)
{
	unsigned int i;

	for (i = 0; i < nr_bochs_quirks; i++)
		if (excuses(&bochs_quirks[i], v, broken))
			return &bochs_quirks[i];
	return NULL;
}

void bochs_rules(const struct vmcs_image *image, const struct entry_violation *broken,
		 unsigned int nr_broken, unsigned long *rules, unsigned int count)
{
	struct quirk *quirk;
	unsigned int i;

	for (i = 0; i < nr_broken; i++) {
		quirk = find(image->value, &broken[i]);
		if (quirk)
			quirk->count += count;
		else
			__set_bit(broken[i].id, rules);
	}
	quirk = find(image->value, NULL);
	if (quirk) {
		quirk->count += count;
		__set_bit(QUIRK_STRICT, rules);
	}
}

/*
 * Without a monitor trap flag it delivers an event of type 7 nonetheless; and it gets
 * stuck in modes that do not exist.
 */
bool fatal_to_bochs(const struct vmcs_image *image)
{
	const u64 *v = image->value;
	bool has_mtf = fuzz_cpu.msrs.cpu >> 32 & CPU_BASED_MONITOR_TRAP_FLAG;

	if (!has_mtf && v[VMCS_VM_ENTRY_INTR_INFO_FIELD] & INTR_INFO_VALID_MASK &&
	    event_type(v) == INTR_TYPE_OTHER_EVENT)
		return true;
	return v[VMCS_VM_ENTRY_CONTROLS] & VM_ENTRY_IA32E_MODE &&
	       !(v[VMCS_GUEST_CR0] & X86_CR0_PE);
}
