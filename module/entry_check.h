/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The manual's rules of VM entry (SDM 3C 27.2 and 27.3), judged on an image of a VMCS.
 *
 * Pure: values in, values out.  Tested rule by rule in userspace; the module knows
 * only the numbers of the rules, programs have the words too.
 */
#ifndef POSADA_ENTRY_CHECK_H
#define POSADA_ENTRY_CHECK_H

#include <linux/types.h>

#include "caps.h"
#include "entry_rules.h"
#include "vmcs_fields.h"

/*
 * What the CPU says of itself, by which it judges: ENTRY_FACTS(X) is X(number, name,
 * member of struct entry_cpu).  Below 20000h: 10000h + the MSR; the four MSRs of
 * controls stand for their TRUE twins where the CPU has those.
 */
#define ENTRY_FACTS(X)						\
	X(0x10480, IA32_VMX_BASIC, msrs.basic)			\
	X(0x10481, IA32_VMX_PINBASED_CTLS, msrs.pin)		\
	X(0x10482, IA32_VMX_PROCBASED_CTLS, msrs.cpu)		\
	X(0x10483, IA32_VMX_EXIT_CTLS, msrs.exit)		\
	X(0x10484, IA32_VMX_ENTRY_CTLS, msrs.entry)		\
	X(0x10485, IA32_VMX_MISC, msrs.misc)			\
	X(0x10486, IA32_VMX_CR0_FIXED0, msrs.cr0_fixed0)	\
	X(0x10487, IA32_VMX_CR0_FIXED1, msrs.cr0_fixed1)	\
	X(0x10488, IA32_VMX_CR4_FIXED0, msrs.cr4_fixed0)	\
	X(0x10489, IA32_VMX_CR4_FIXED1, msrs.cr4_fixed1)	\
	X(0x1048b, IA32_VMX_PROCBASED_CTLS2, msrs.cpu2)		\
	X(0x1048c, IA32_VMX_EPT_VPID_CAP, msrs.ept_vpid)	\
	X(0x10491, IA32_VMX_VMFUNC, vmfunc)			\
	X(0x10492, IA32_VMX_PROCBASED_CTLS3, cpu3)		\
	X(0x10493, IA32_VMX_EXIT_CTLS2, exit2)			\
	X(0x20000, HOST_EFER_NOW, efer)				\
	X(0x20001, PHYSICAL_ADDRESS_BITS, phys_bits)		\
	X(0x20002, LINEAR_ADDRESS_BITS, linear_bits)		\
	X(0x20003, EFER_BITS, efer_may)				\
	X(0x20004, DEBUGCTL_BITS, debugctl_may)			\
	X(0x20005, PERF_GLOBAL_CTRL_BITS, perf_global_may)	\
	X(0x20006, FEATURES, features)				\
	X(0x20007, VMCS_ADDRESS, vmcs_address)			\
	X(0x20008, VIRTUAL_TPR, vtpr)

/* struct entry_cpu.features */
#define ENTRY_CPU_64	(1ULL << 0)	/* Intel 64 architecture */
#define ENTRY_CPU_SGX	(1ULL << 1)
#define ENTRY_CPU_RTM	(1ULL << 2)
#define ENTRY_CPU_BLD	(1ULL << 3)	/* bus-lock detection: DR6[11] */
#define ENTRY_CPU_SMM	(1ULL << 4)	/* the entry is made in SMM */

/* A fact that is not known: the rules that need it are not judged. */
#define ENTRY_UNKNOWN	(~0ULL)

/**
 * struct entry_cpu - the CPU, and what else of the world an entry depends on
 * @msrs: capability MSRs
 * @vmfunc: IA32_VMX_VMFUNC, 0 without
 * @cpu3: IA32_VMX_PROCBASED_CTLS3, 0 without
 * @exit2: IA32_VMX_EXIT_CTLS2, 0 without
 * @efer: IA32_EFER at the entry: is the host in IA-32e mode?
 * @phys_bits: width of physical addresses
 * @linear_bits: widest linear addresses the CPU can be set to
 * @efer_may: bits of IA32_EFER that are not reserved, or ENTRY_UNKNOWN
 * @debugctl_may: likewise of IA32_DEBUGCTL
 * @perf_global_may: likewise of IA32_PERF_GLOBAL_CTRL
 * @features: ENTRY_CPU_* bits
 * @vmcs_address: physical address of the VMCS, or ENTRY_UNKNOWN
 * @vtpr: byte 80h of the virtual-APIC page, or ENTRY_UNKNOWN
 */
struct entry_cpu {
	struct vmx_msrs msrs;
	u64 vmfunc;
	u64 cpu3;
	u64 exit2;
	u64 efer;
	u64 phys_bits;
	u64 linear_bits;
	u64 efer_may;
	u64 debugctl_may;
	u64 perf_global_may;
	u64 features;
	u64 vmcs_address;
	u64 vtpr;
};

/* Where the CPU looks: CONTROLS and HOST fail VMLAUNCH, with error 7 and 8. */
enum entry_stage { ENTRY_CONTROLS, ENTRY_HOST, ENTRY_GUEST };

#define ENTRY_RULE_ID(name, stage, section, words) RULE_##name,
enum entry_rule {
	ENTRY_RULES(ENTRY_RULE_ID)
	ENTRY_NR_RULES
};

#define ENTRY_VIOLATION_FIELDS	4

/**
 * struct entry_violation - a rule that is broken
 * @id: enum entry_rule
 * @nr_fields: how many of @field and @value are used
 * @field: VMCS field encodings, or numbers of facts: what the rule is about
 * @value: their values
 */
struct entry_violation {
	u32 id;
	u32 nr_fields;
	u32 field[ENTRY_VIOLATION_FIELDS];
	u64 value[ENTRY_VIOLATION_FIELDS];
};

/**
 * entry_check - every rule that an entry with this VMCS would break
 * @image: the VMCS
 * @cpu: the CPU that is to enter
 * @out: room for @room violations
 * @room: beyond it violations are counted, not told
 *
 * A rule that several fields break is told once for each.
 *
 * What no image tells is not judged: memory that the VMCS points to (the MSR areas,
 * the linked VMCS, PDPTEs without EPT), Intel PT and LBR state, FRED.
 *
 * Return: how many there are.
 */
unsigned int entry_check(const struct vmcs_image *image, const struct entry_cpu *cpu,
			 struct entry_violation *out, unsigned int room);

/* The stage of rule @id. */
enum entry_stage entry_stage(unsigned int id);

/* The encoding of field or number of fact @index: fields first, then facts. */
u32 entry_number(unsigned int index);

/* The value of fact @fact, counted from 0 in the order of ENTRY_FACTS. */
u64 entry_fact(const struct entry_cpu *cpu, unsigned int fact);

#define ENTRY_FACT_INDEX(number, name, member) FACT_##name,
enum entry_fact_index {
	ENTRY_FACTS(ENTRY_FACT_INDEX)
	ENTRY_NR_FACTS
};

#endif /* POSADA_ENTRY_CHECK_H */
