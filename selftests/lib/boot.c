// SPDX-License-Identifier: GPL-2.0
/*
 * Puts a vCPU in one of the processor's modes: descriptor and page tables in
 * guest memory as guest.h places them, and the registers to go with them.
 * Every linear address below 4 GiB is the guest-physical address of the same
 * number.
 */
#include <assert.h>
#include <inttypes.h>

#include "vm.h"

#define PRESENT		0x1
#define WRITABLE	0x2
#define USER		0x4
#define LARGE		0x80

#define CR0_PE		0x1
#define CR0_MP		0x2
#define CR0_ET		0x10
#define CR0_NE		0x20
#define CR0_WP		0x10000
#define CR0_PG		0x80000000
#define CR4_PSE		0x10
#define CR4_PAE		0x20
#define CR4_OSFXSR	0x200
#define CR4_OSXMMEXCPT	0x400
#define EFER_SCE	0x1
#define EFER_LME	0x100
#define EFER_LMA	0x400

/* access rights, SDM 3C 25.4.1 */
#define ACCESS_CODE64	0xa09b
#define ACCESS_CODE32	0xc09b
#define ACCESS_CODE16	0x009b
#define ACCESS_DATA32	0xc093
#define ACCESS_DATA16	0x0093
#define ACCESS_TSS	0x008b
#define ACCESS_LDT	0x0082

static void *at(struct vm *vm, uint64_t gpa)
{
	return vm->ram + gpa;
}

static void boot_gdt(struct vm *vm)
{
	static const uint64_t gdt[] = {
		[GUEST_CODE64 / 8] = 0x00af9b000000ffff,
		[GUEST_DATA32 / 8] = 0x00cf93000000ffff,
		[GUEST_CODE32 / 8] = 0x00cf9b000000ffff,
		/* its base is GUEST_CODE_AT: 16 bits reach no further than 64 KiB */
		[GUEST_CODE16 / 8] = 0x00009b010000ffff,
		[GUEST_DATA16 / 8] = 0x000093000000ffff,
		[GUEST_USER_CODE32 / 8] = 0x00cffb000000ffff,
		[GUEST_USER_DATA / 8] = 0x00cff3000000ffff,
		[GUEST_USER_CODE64 / 8] = 0x00affb000000ffff,
		/* 64-bit TSS, busy, 16 bytes */
		[GUEST_TSS_SELECTOR / 8] = 0x00008b0000000067 | ((uint64_t)GUEST_TSS << 16),
		[GUEST_TSS_SELECTOR / 8 + 1] = 0,
	};

	memcpy(at(vm, GUEST_GDT), gdt, sizeof(gdt));
}

static void boot_tss(struct vm *vm)
{
	uint64_t stack;

	/* unaligned by four: RSP0 at 4, IST1 at 36 */
	stack = GUEST_STACK0;
	memcpy(at(vm, GUEST_TSS + 4), &stack, 8);
	stack = GUEST_IST1;
	memcpy(at(vm, GUEST_TSS + 36), &stack, 8);
	stack = GUEST_IST2;
	memcpy(at(vm, GUEST_TSS + 44), &stack, 8);
}

static void boot_page_tables(struct vm *vm)
{
	uint64_t *pml4 = at(vm, GUEST_PML4);
	uint64_t *pdpt = at(vm, GUEST_PDPT);
	uint64_t *pd = at(vm, GUEST_PD);
	uint64_t *pae = at(vm, GUEST_PAE_PDPT);
	uint32_t *pd32 = at(vm, GUEST_PD32);
	unsigned int i;

	pml4[0] = GUEST_PDPT | PRESENT | WRITABLE | USER;
	for (i = 0; i < 4; i++) {
		pdpt[i] = (GUEST_PD + 0x1000 * i) | PRESENT | WRITABLE | USER;
		pae[i] = (GUEST_PD + 0x1000 * i) | PRESENT;
	}
	for (i = 0; i < 4 * 512; i++)
		pd[i] = ((uint64_t)i << 21) | PRESENT | WRITABLE | USER | LARGE;
	for (i = 0; i < 1024; i++)
		pd32[i] = (i << 22) | PRESENT | WRITABLE | USER | LARGE;
}

void boot_tables(struct vm *vm)
{
	boot_gdt(vm);
	boot_tss(vm);
	boot_page_tables(vm);
}

void boot_idt_gate(struct vm *vm, uint8_t vector, uint64_t handler, uint8_t ist)
{
	uint64_t *gate = at(vm, GUEST_IDT + 16 * vector);

	gate[0] = (handler & 0xffff) | (GUEST_CODE64 << 16) | ((uint64_t)(ist & 7) << 32) |
		  (0xeeULL << 40) | ((handler >> 16 & 0xffff) << 48);
	gate[1] = handler >> 32;
}

static void boot_idt64(struct vm *vm)
{
	unsigned int vector;

	vm_load(vm, GUEST_HANDLERS, guest_handlers_64, guest_handlers_64_end);
	for (vector = 0; vector < 256; vector++)
		boot_idt_gate(vm, vector, GUEST_HANDLERS + vector * GUEST_HANDLER_STRIDE, 0);
}

static void boot_idt32(struct vm *vm)
{
	uint64_t *idt = at(vm, GUEST_IDT);
	uint64_t handler;
	unsigned int vector;

	vm_load(vm, GUEST_HANDLERS, guest_handlers_32, guest_handlers_32_end);
	for (vector = 0; vector < 256; vector++) {
		handler = GUEST_HANDLERS + vector * GUEST_HANDLER_STRIDE;
		idt[vector] = (handler & 0xffff) | (GUEST_CODE32 << 16) | (0xeeULL << 40) |
			      ((handler >> 16 & 0xffff) << 48);
	}
}

static struct posada_segment flat(uint16_t selector, uint32_t access)
{
	return (struct posada_segment){
		.limit = 0xffffffff,
		.access = access,
		.selector = selector,
	};
}

static void flat_data(struct posada_segments *segments)
{
	segments->es = flat(GUEST_DATA32, ACCESS_DATA32);
	segments->ss = segments->es;
	segments->ds = segments->es;
	segments->fs = segments->es;
	segments->gs = segments->es;
	segments->ldtr = (struct posada_segment){ .access = POSADA_SEGMENT_UNUSABLE };
	segments->tr = (struct posada_segment){
		.base = GUEST_TSS,
		.limit = 0x67,
		.access = ACCESS_TSS,
		.selector = GUEST_TSS_SELECTOR,
	};
	segments->gdtr = (struct posada_table){ .base = GUEST_GDT, .limit = 0x57 };
}

/* The registers of a vCPU that is to start at GUEST_CODE_AT. */
static void start(struct posada_state *state)
{
	memset(&state->regs, 0, sizeof(state->regs));
	state->regs.rip = GUEST_CODE_AT;
	state->regs.rflags = RFLAGS_FIXED;
	state->regs.gpr[POSADA_RSP] = GUEST_STACK;
}

static struct posada_state reset_state(struct vcpu *vcpu)
{
	return vcpu_state(vcpu, BOOT_GROUPS);
}

/* CS:IP 1000:0000, so that RIP of the code is an offset */
void boot_real_state(struct posada_state *state)
{
	struct posada_segment data = { .limit = 0xffff, .access = ACCESS_DATA16 };

	memset(&state->regs, 0, sizeof(state->regs));
	state->regs.rflags = RFLAGS_FIXED;
	state->regs.gpr[POSADA_RSP] = 0xfffe;
	state->segments = (struct posada_segments){
		.es = data, .ss = data, .ds = data, .fs = data, .gs = data,
		.cs = {
			.base = GUEST_CODE_AT,
			.limit = 0xffff,
			.access = ACCESS_CODE16,
			.selector = GUEST_CODE_AT >> 4,
		},
		.ldtr = { .limit = 0xffff, .access = ACCESS_LDT },
		.tr = { .limit = 0xffff, .access = ACCESS_TSS },
		.gdtr = { .limit = 0xffff },
		.idtr = { .limit = 0x3ff },
	};
	state->control.cr0 = CR0_ET;
	state->control.cr3 = 0;
	state->control.cr4 = 0;
	state->control.efer = 0;
}

void boot_real(struct vcpu *vcpu)
{
	struct posada_state state = reset_state(vcpu);

	boot_real_state(&state);
	vcpu_state_set(vcpu, &state, BOOT_GROUPS);
}

static void state_32(struct vm *vm, struct posada_state *state, uint64_t cr0, uint64_t cr3,
		     uint64_t cr4)
{
	boot_tables(vm);
	boot_idt32(vm);
	flat_data(&state->segments);
	state->segments.cs = flat(GUEST_CODE32, ACCESS_CODE32);
	state->segments.idtr = (struct posada_table){ .base = GUEST_IDT, .limit = 256 * 8 - 1 };
	state->control.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | cr0;
	state->control.cr3 = cr3;
	state->control.cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT | cr4;
	state->control.efer = 0;
	if (cr4 & CR4_PAE)
		memcpy(state->control.pdpte, vm->ram + cr3, sizeof(state->control.pdpte));
	start(state);
}

static void boot_32(struct vcpu *vcpu, uint64_t cr0, uint64_t cr3, uint64_t cr4)
{
	struct posada_state state = reset_state(vcpu);

	state_32(vcpu->vm, &state, cr0, cr3, cr4);
	vcpu_state_set(vcpu, &state, BOOT_GROUPS);
}

void boot_protected_state(struct vm *vm, struct posada_state *state)
{
	state_32(vm, state, 0, 0, 0);
}

void boot_protected(struct vcpu *vcpu)
{
	boot_32(vcpu, 0, 0, 0);
}

void boot_paging32(struct vcpu *vcpu)
{
	boot_32(vcpu, CR0_PG | CR0_WP, GUEST_PD32, CR4_PSE);
}

void boot_pae(struct vcpu *vcpu)
{
	boot_32(vcpu, CR0_PG | CR0_WP, GUEST_PAE_PDPT, CR4_PAE);
}

void boot_long_state(struct vm *vm, struct posada_state *state)
{
	boot_tables(vm);
	boot_idt64(vm);
	flat_data(&state->segments);
	state->segments.cs = flat(GUEST_CODE64, ACCESS_CODE64);
	state->segments.idtr = (struct posada_table){ .base = GUEST_IDT, .limit = 256 * 16 - 1 };
	state->control.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	state->control.cr3 = GUEST_PML4;
	state->control.cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	state->control.efer = EFER_LME | EFER_LMA | EFER_SCE;
	start(state);
}

void boot_long(struct vcpu *vcpu)
{
	struct posada_state state = reset_state(vcpu);

	boot_long_state(vcpu->vm, &state);
	vcpu_state_set(vcpu, &state, BOOT_GROUPS);
}
