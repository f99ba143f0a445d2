// SPDX-License-Identifier: GPL-2.0
/*
 * What may be wrong with a field.  A row for each field that a rule is about; its kind
 * tells the bits and the values with which something happens.
 */
#include <linux/kernel.h>
#include <asm/vmx.h>

#include "fuzz.h"

#define ALL			(~0ULL)

struct kind {
	u64 flip;		/* bits that are flipped one at a time */
	const u64 *values;
	unsigned int nr_values;
	bool tame;		/* no random values: what they point to would be used */
	bool address;		/* also flip the bits beyond the physical-address width */
};

#define VALUES(...)							\
	.values = (const u64[]) { __VA_ARGS__ },			\
	.nr_values = ARRAY_SIZE(((const u64[]) { __VA_ARGS__ }))

#define NOT_CANONICAL	0x0000800000000000ULL, 0x7fff800000000000ULL, 0xfffe800000000000ULL, \
			0xffff7fffffffffffULL, 0x8000000000000000ULL

static const struct kind control = { .flip = 0xffffffff, VALUES(0, 0xffffffff) };
static const struct kind page = { .flip = 0xfff, .tame = true, .address = true };
static const struct kind area = { .flip = 0xf, .tame = true, .address = true };
static const struct kind count = { .flip = 0x7, VALUES(1, 2, 255, 256, 0x10000000, 0xffffffff) };
static const struct kind few = { .flip = 0xff, VALUES(0, 1, 4, 5, 0xff, 0x100) };
static const struct kind eptp = { .flip = 0xfff, .tame = true, .address = true };
static const struct kind host_selector = { .flip = 0xffff, VALUES(0, 0x8, 0x10, 0x18, 0xfff8) };
static const struct kind canonical = { .flip = ALL, VALUES(0, 0x7fffffffffffULL, NOT_CANONICAL) };
static const struct kind rip = { .flip = 0xffff000000000000ULL,
				 VALUES(NOT_CANONICAL), .tame = true };
static const struct kind guest_rip = {
	.flip = 0xffffffff80000000ULL,
	VALUES(0, 0xffffffff, 0x100000000ULL, 0x7fffffffffffULL, 0xffff800000000000ULL,
	       NOT_CANONICAL)
};
static const struct kind cr0 = {
	.flip = 0x1e005003fULL, VALUES(0, 0x80000031, 0x31, 0x30, 0x80000030, ALL)
};
static const struct kind cr3 = { .flip = 0x8000000000000fffULL, .tame = true, .address = true };
static const struct kind cr4 = {
	.flip = 0xffffffULL, VALUES(0, 0x2000, 0x2020, 0x22020, 0x20000, ALL)
};
static const struct kind efer = {
	.flip = 0xd01, VALUES(0, 0x100, 0x400, 0x500, 0xd01, 0x800, ALL)
};
static const struct kind pat = {
	.flip = ALL, VALUES(0, 0x0606060606060606ULL, 0x0007040600070402ULL,
			    0x0307040600070406ULL, 0x0107040500070406ULL, 0x0807040600070406ULL)
};
static const struct kind debugctl = { .flip = 0xffff, VALUES(0, 1, 2, 3, ALL) };
static const struct kind dr7 = {
	.flip = 0x10000ffffULL, VALUES(0, 0x400, 0xffffffff, 0x100000400ULL)
};
static const struct kind selector = { .flip = 0xffff, VALUES(0, 0x8, 0xb, 0x10, 0x13, 0x1c, 0x23) };
static const struct kind base = {
	.flip = ALL, VALUES(0, 0x80, 0x100, 0x180, 0x100000000ULL, 0xffff800000000000ULL,
			    NOT_CANONICAL)
};
static const struct kind limit = {
	.flip = 0xffffffff, VALUES(0, 0xfff, 0xffff, 0xfffff, 0x100000, 0x100fff, 0xfffffffe,
				   0xffffffff)
};
static const struct kind rights = {
	.flip = 0x1ffff,
	VALUES(0x93, 0x9b, 0xf3, 0xfb, 0x97, 0x91, 0x99, 0x9f, 0x9d, 0x90, 0x9a, 0x92, 0xdb, 0xd3,
	       0x82, 0x83, 0x8b, 0x89, 0x81, 0x0b, 0xc093, 0xc09b, 0xa09b, 0xe09b, 0xa0fb, 0xc0f3,
	       0xc09f, 0xc0bb, 0xc0b3, 0xf7, 0x10000, 0x10093, 0x1c09b, 0x1008b, 0x193, 0x2009b)
};
static const struct kind rflags = {
	.flip = 0xffffff, VALUES(0, 2, 0x202, 0x102, 0x302, 0x20002, 0x20202, 0x3f7fd7, ALL)
};
static const struct kind shadow = { .flip = 0x1f, VALUES(0, 1, 2, 3, 4, 8, 9, 10, 16, 18, 32) };
static const struct kind activity = { .flip = 0x7, VALUES(0, 1, 2, 3, 4, 5, 6, 0xffffffff) };
static const struct kind pending = {
	.flip = 0x1ffff, VALUES(0, 0x4000, 0x1000, 0x1001, 0x5000, 0x800, 0x11000, 0x100000000ULL)
};
static const struct kind event = {
	.flip = 0xffffffff,
	VALUES(0x80000020, 0x80000202, 0x80000203, 0x8000030d, 0x80000b0d, 0x80000b06, 0x80000308,
	       0x80000b08, 0x80000b0e, 0x8000030e, 0x80000b11, 0x80000b15, 0x80000301, 0x80000312,
	       0x80000b12, 0x8000031f, 0x80000320, 0x80000480, 0x80000501, 0x80000603, 0x80000604,
	       0x80000100, 0x80000700, 0x80000701, 0x80000c80, 0x80000820, 0x80001020, 0xc0000020)
};
static const struct kind error_code = {
	.flip = 0xffffffff, VALUES(0, 0x7fff, 0x8000, 0xffff, 0x10000)
};
static const struct kind length = { .flip = 0x1f, VALUES(0, 1, 15, 16, 0xffffffff) };
static const struct kind pdpte = {
	.flip = ALL, VALUES(0, 1, 0x1001, 0x1003, 0x1005, 0x1021, 0x1101, 0x2)
};
static const struct kind threshold = { .flip = 0xff, VALUES(0, 1, 14, 15, 16, 0xffffffff) };
static const struct kind any = { .flip = ALL, VALUES(0, 1, ALL) };

#define SEGMENT(n)							\
	{ VMCS_GUEST_##n##_SELECTOR, SEGMENTS, &selector },		\
	{ VMCS_GUEST_##n##_BASE, SEGMENTS, &base },			\
	{ VMCS_GUEST_##n##_LIMIT, SEGMENTS, &limit },			\
	{ VMCS_GUEST_##n##_AR_BYTES, SEGMENTS, &rights },		\
	{ VMCS_GUEST_##n##_AR_BYTES, SEGMENTS, &rights }

/* Fields that a rule may hold against one another. */
enum group { CONTROLS, POINTERS, HOST, MODE, SEGMENTS, EVENTS, NR_GROUPS };

static const struct row {
	u16 field;
	u16 group;
	const struct kind *kind;
} rows[] = {
	{ VMCS_PIN_BASED_VM_EXEC_CONTROL, CONTROLS, &control },
	{ VMCS_CPU_BASED_VM_EXEC_CONTROL, CONTROLS, &control },
	{ VMCS_SECONDARY_VM_EXEC_CONTROL, CONTROLS, &control },
	{ VMCS_VM_EXIT_CONTROLS, CONTROLS, &control },
	{ VMCS_VM_ENTRY_CONTROLS, CONTROLS, &control },
	{ VMCS_EXCEPTION_BITMAP, CONTROLS, &any },
	{ VMCS_PAGE_FAULT_ERROR_CODE_MASK, CONTROLS, &any },
	{ VMCS_CR3_TARGET_COUNT, CONTROLS, &few },
	{ VMCS_VIRTUAL_PROCESSOR_ID, CONTROLS, &few },
	{ VMCS_POSTED_INTR_NV, CONTROLS, &few },
	{ VMCS_TPR_THRESHOLD, CONTROLS, &threshold },
	{ VMCS_VM_FUNCTION_CONTROL, CONTROLS, &any },
	{ VMCS_TSC_MULTIPLIER, CONTROLS, &any },
	{ VMCS_TSC_OFFSET, CONTROLS, &any },
	{ VMCS_CR0_GUEST_HOST_MASK, CONTROLS, &any },
	{ VMCS_CR4_READ_SHADOW, CONTROLS, &any },
	{ VMCS_PLE_WINDOW, CONTROLS, &any },
	{ VMCS_VMX_PREEMPTION_TIMER_VALUE, CONTROLS, &any },
	{ VMCS_IO_BITMAP_A, POINTERS, &page },
	{ VMCS_IO_BITMAP_B, POINTERS, &page },
	{ VMCS_MSR_BITMAP, POINTERS, &page },
	{ VMCS_VIRTUAL_APIC_PAGE_ADDR, POINTERS, &page },
	{ VMCS_APIC_ACCESS_ADDR, POINTERS, &page },
	{ VMCS_POSTED_INTR_DESC_ADDR, POINTERS, &page },
	{ VMCS_PML_ADDRESS, POINTERS, &page },
	{ VMCS_EPTP_LIST_ADDRESS, POINTERS, &page },
	{ VMCS_VMREAD_BITMAP, POINTERS, &page },
	{ VMCS_VMWRITE_BITMAP, POINTERS, &page },
	{ VMCS_VE_INFORMATION_ADDRESS, POINTERS, &page },
	{ VMCS_SPP_TABLE_POINTER, POINTERS, &page },
	{ VMCS_EPT_POINTER, POINTERS, &eptp },
	{ VMCS_VM_EXIT_MSR_STORE_ADDR, POINTERS, &area },
	{ VMCS_VM_EXIT_MSR_LOAD_ADDR, POINTERS, &area },
	{ VMCS_VM_ENTRY_MSR_LOAD_ADDR, POINTERS, &area },
	{ VMCS_VM_EXIT_MSR_STORE_COUNT, POINTERS, &count },
	{ VMCS_VM_EXIT_MSR_LOAD_COUNT, POINTERS, &count },
	{ VMCS_VM_ENTRY_MSR_LOAD_COUNT, POINTERS, &count },
	{ VMCS_VMCS_LINK_POINTER, POINTERS, &page },
	{ VMCS_HOST_CR0, HOST, &cr0 },
	{ VMCS_HOST_CR3, HOST, &cr3 },
	{ VMCS_HOST_CR4, HOST, &cr4 },
	{ VMCS_HOST_RIP, HOST, &rip },
	{ VMCS_HOST_IA32_EFER, HOST, &efer },
	{ VMCS_HOST_IA32_PAT, HOST, &pat },
	{ VMCS_HOST_IA32_PERF_GLOBAL_CTRL, HOST, &any },
	{ VMCS_HOST_IA32_SYSENTER_ESP, HOST, &canonical },
	{ VMCS_HOST_IA32_SYSENTER_EIP, HOST, &canonical },
	{ VMCS_HOST_IA32_SYSENTER_CS, HOST, &any },
	{ VMCS_HOST_FS_BASE, HOST, &canonical },
	{ VMCS_HOST_GS_BASE, HOST, &canonical },
	{ VMCS_HOST_TR_BASE, HOST, &canonical },
	{ VMCS_HOST_GDTR_BASE, HOST, &canonical },
	{ VMCS_HOST_IDTR_BASE, HOST, &canonical },
	{ VMCS_HOST_ES_SELECTOR, HOST, &host_selector },
	{ VMCS_HOST_CS_SELECTOR, HOST, &host_selector },
	{ VMCS_HOST_SS_SELECTOR, HOST, &host_selector },
	{ VMCS_HOST_DS_SELECTOR, HOST, &host_selector },
	{ VMCS_HOST_FS_SELECTOR, HOST, &host_selector },
	{ VMCS_HOST_GS_SELECTOR, HOST, &host_selector },
	{ VMCS_HOST_TR_SELECTOR, HOST, &host_selector },
	{ VMCS_VM_EXIT_CONTROLS, HOST, &control },
	{ VMCS_GUEST_CR0, MODE, &cr0 },
	{ VMCS_GUEST_CR3, MODE, &cr3 },
	{ VMCS_GUEST_CR4, MODE, &cr4 },
	{ VMCS_GUEST_IA32_EFER, MODE, &efer },
	{ VMCS_VM_ENTRY_CONTROLS, MODE, &control },
	{ VMCS_SECONDARY_VM_EXEC_CONTROL, MODE, &control },
	{ VMCS_GUEST_CS_AR_BYTES, MODE, &rights },
	{ VMCS_GUEST_RFLAGS, MODE, &rflags },
	{ VMCS_GUEST_RIP, MODE, &guest_rip },
	{ VMCS_GUEST_PDPTR0, MODE, &pdpte },
	{ VMCS_GUEST_PDPTR3, MODE, &pdpte },
	{ VMCS_GUEST_DR7, MODE, &dr7 },
	{ VMCS_GUEST_IA32_DEBUGCTL, MODE, &debugctl },
	{ VMCS_GUEST_IA32_PAT, MODE, &pat },
	{ VMCS_GUEST_IA32_PERF_GLOBAL_CTRL, MODE, &any },
	{ VMCS_GUEST_SYSENTER_ESP, MODE, &canonical },
	{ VMCS_GUEST_SYSENTER_EIP, MODE, &canonical },
	{ VMCS_GUEST_SYSENTER_CS, MODE, &any },
	{ VMCS_GUEST_RSP, MODE, &any },
	SEGMENT(ES),
	SEGMENT(CS),
	SEGMENT(SS),
	SEGMENT(DS),
	SEGMENT(FS),
	SEGMENT(GS),
	SEGMENT(LDTR),
	SEGMENT(TR),
	{ VMCS_GUEST_GDTR_BASE, SEGMENTS, &base },
	{ VMCS_GUEST_IDTR_BASE, SEGMENTS, &base },
	{ VMCS_GUEST_GDTR_LIMIT, SEGMENTS, &limit },
	{ VMCS_GUEST_IDTR_LIMIT, SEGMENTS, &limit },
	{ VMCS_GUEST_RFLAGS, SEGMENTS, &rflags },
	{ VMCS_VM_ENTRY_INTR_INFO_FIELD, EVENTS, &event },
	{ VMCS_VM_ENTRY_INTR_INFO_FIELD, EVENTS, &event },
	{ VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, EVENTS, &error_code },
	{ VMCS_VM_ENTRY_INSTRUCTION_LEN, EVENTS, &length },
	{ VMCS_GUEST_INTERRUPTIBILITY_INFO, EVENTS, &shadow },
	{ VMCS_GUEST_INTERRUPTIBILITY_INFO, EVENTS, &shadow },
	{ VMCS_GUEST_ACTIVITY_STATE, EVENTS, &activity },
	{ VMCS_GUEST_PENDING_DBG_EXCEPTIONS, EVENTS, &pending },
	{ VMCS_GUEST_RFLAGS, EVENTS, &rflags },
	{ VMCS_PIN_BASED_VM_EXEC_CONTROL, EVENTS, &control },
	{ VMCS_GUEST_IA32_DEBUGCTL, EVENTS, &debugctl },
};

#define NAME(encoding, name, width) [VMCS_##name] = #name,
static const char *const names[] = { VMCS_FIELDS(NAME) };

#define WIDTH(encoding, name, width)					\
	[VMCS_##name] = (encoding) >> 13 == 0 ? 0xffff :		\
			(encoding) >> 13 == 2 ? 0xffffffff : ALL,
static const u64 widths[] = { VMCS_FIELDS(WIDTH) };

const char *field_name(unsigned int index)
{
	return names[index];
}

/* A bit of @mask, by chance. */
static u64 one_of(u64 mask)
{
	u64 bit;

	do {
		bit = 1ULL << random_below(64);
	} while (!(bit & mask));
	return bit;
}

static u64 corrupted(const struct kind *kind, u64 old)
{
	u64 flip = kind->flip | (kind->address ? ALL << fuzz_cpu.phys_bits : 0);

	switch (random_below(8)) {
	case 0 ... 2:
		if (kind->nr_values)
			return kind->values[random_below(kind->nr_values)];
		fallthrough;
	case 3 ... 5:
		return old ^ one_of(flip);
	case 6:
		return old ^ one_of(flip) ^ one_of(flip);
	default:
		if (kind->tame)
			return old ^ one_of(flip);
		return one_in(2) ? random_bits() : old ^ one_of(ALL);
	}
}

static unsigned int corrupt_one(struct vmcs_image *image, enum group group)
{
	const struct row *row;
	u64 old, value;

	do {
		row = &rows[random_below(ARRAY_SIZE(rows))];
	} while (row->group != group || !image->there[row->field]);
	old = image->value[row->field];
	if (row->field == VMCS_VMCS_LINK_POINTER && one_in(4)) {
		image->value[row->field] = fuzz_cpu.vmcs_address;
		return row->field;
	}
	do {
		value = corrupted(row->kind, old) & widths[row->field];
	} while (value == old);
	image->value[row->field] = value;
	return row->field;
}

unsigned int corrupt(struct vmcs_image *image, unsigned int *fields)
{
	unsigned int i, n = one_in(32) ? 0 : 1 + random_below(MOST_FIELDS);
	enum group group = random_below(NR_GROUPS);

	for (i = 0; i < n; i++) {
		fields[i] = corrupt_one(image, group);
		/* Mostly fields that have to do with each other. */
		if (one_in(3))
			group = random_below(NR_GROUPS);
	}
	return n;
}
