// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions that tell privileged state without faulting: does ring 3 of the guest see
 * the guest's own tables and flags, never the host's, and without an exit?
 */
#include "proof_fixture.h"

#define LDT_SELECTOR 0x60
#define LIMIT	     0x6f
#define OWN_GDT	     (GUEST_DATA + 0x1000)

/* The guest loads its own, in ring 0, and looks at them in ring 3. */
GUEST_CODE(tables,
"	lgdt DATA + 0x40\n"
"	lidt DATA + 0x50\n"
"	mov $" GUEST_STR(LDT_SELECTOR) ", %eax\n"
"	lldt %ax\n"
"	mov $" GUEST_STR(GUEST_TSS_SELECTOR) ", %eax\n"
"	ltr %ax\n"
	TO_RING_3(tables_user)
"	sgdt DATA\n"
"	sidt DATA + 16\n"
"	sldt %r8d\n"
"	str %r9d\n"
"	smsw %r10\n"
	PROOF_END);

struct table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static void own_tables(struct proof *p)
{
	static const uint64_t ldt[2] = { 0x00008202000000ff, 0 };
	struct table gdtr = { LIMIT, OWN_GDT }, idtr = { 0xfff, GUEST_IDT };
	uint8_t *ram = p->vm.ram;

	memcpy(ram + OWN_GDT, ram + GUEST_GDT, 0x60);
	memcpy(ram + OWN_GDT + LDT_SELECTOR, ldt, sizeof(ldt));
	ram[OWN_GDT + GUEST_TSS_SELECTOR + 5] &= ~2;	/* not busy */
	memcpy(ram + GUEST_DATA + 0x40, &gdtr, sizeof(gdtr));
	memcpy(ram + GUEST_DATA + 0x50, &idtr, sizeof(idtr));
}

TEST_F(proof, stores_show_the_guests_own_tables)
{
	struct table gdtr, idtr;

	own_tables(&self->p);
	proof_code(&self->p, tables);
	proof_run(&self->p);
	memcpy(&gdtr, self->p.vm.ram + GUEST_DATA, sizeof(gdtr));
	memcpy(&idtr, self->p.vm.ram + GUEST_DATA + 16, sizeof(idtr));
	EXPECT_EQ(LIMIT, gdtr.limit);
	EXPECT_EQ(OWN_GDT, gdtr.base);
	EXPECT_EQ(0xfff, idtr.limit);
	EXPECT_EQ(GUEST_IDT, idtr.base);
	EXPECT_EQ(LDT_SELECTOR, self->run->regs[POSADA_R8] & 0xffff);
	EXPECT_EQ(GUEST_TSS_SELECTOR, self->run->regs[POSADA_R9] & 0xffff);
	EXPECT_EQ(0x33, self->run->regs[POSADA_R10] & 0xffff);
	EXPECT_EQ(0, vm_log(&self->p.vm)->count);
	EXPECT_EQ(1, proof_exits(&self->p));
}

GUEST_CODE(popfs,
	TO_RING_3(popfs_user)
"	push $0x2\n"
"	popf\n"
"	pushf\n"
"	pop %r8\n"
"	push $0x3202\n"
"	popf\n"
"	pushf\n"
"	pop %r9\n"
	PROOF_END);

/* IF and IOPL stay as they are, silently. */
TEST_F(proof, popf_in_ring_3_changes_neither_if_nor_iopl)
{
	proof_code(&self->p, popfs);
	proof_run(&self->p);
	EXPECT_EQ(0x200, self->run->regs[POSADA_R8] & 0x3200);
	EXPECT_EQ(0x200, self->run->regs[POSADA_R9] & 0x3200);
	EXPECT_EQ(0, vm_log(&self->p.vm)->count);
	EXPECT_EQ(1, proof_exits(&self->p));
}

GUEST_CODE(asks_umip,
"	mov $7, %eax\n"
"	xor %ecx, %ecx\n"
"	cpuid\n"
	PROOF_END);

GUEST_CODE(stores,
	TO_RING_3(stores_user)
"	TRY stores_1\n"
"	sgdt DATA\n"
"stores_1:\n"
"	TRY stores_2\n"
"	sidt DATA\n"
"stores_2:\n"
"	TRY stores_3\n"
"	sldt %r8d\n"
"stores_3:\n"
"	TRY stores_4\n"
"	str %r8d\n"
"stores_4:\n"
"	TRY stores_5\n"
"	smsw %r8\n"
"stores_5:\n"
	PROOF_END);

#define CR4_UMIP (1ULL << 11)

TEST_F(proof, with_umip_they_fault_in_the_guest)
{
	struct posada_state state;
	unsigned int i;

	proof_code(&self->p, asks_umip);
	proof_run(&self->p);
	if (!(self->run->regs[POSADA_RCX] & 4))
		SKIP(return, "this guest has no UMIP");
	state = proof_state(&self->p, POSADA_STATE_REGS | POSADA_STATE_CONTROL);
	state.regs.rip = GUEST_CODE_AT;
	state.regs.gpr[POSADA_RSP] = GUEST_STACK;
	state.control.cr4 |= CR4_UMIP;
	proof_state_set(&self->p, &state, POSADA_STATE_REGS | POSADA_STATE_CONTROL);
	proof_code(&self->p, stores);
	proof_run(&self->p);
	/* Where the CPU has no UMIP, KVM plays it, but cannot with SMSW. */
	ASSERT_LE(self->p.is_posada ? 5 : 4, vm_log(&self->p.vm)->count);
	for (i = 0; i < vm_log(&self->p.vm)->count; i++) {
		EXPECT_EQ(13, vm_event(&self->p.vm, i)->vector);
		EXPECT_EQ(0, vm_event(&self->p.vm, i)->error);
	}
	if (self->p.is_posada)
		EXPECT_EQ(3, proof_exits(&self->p));	/* CPUID, and two ends */
}

#define N 1000

GUEST_CODE(looks_often,
	TO_RING_3(looks_often_user)
"	mov $" GUEST_STR(N) ", %r12d\n"
"1:	sgdt DATA\n"
"	str %r9d\n"
"	dec %r12d\n"
"	jnz 1b\n"
	PROOF_END);

/* Seen by the policy, each once; and what they tell is the same. */
TEST_F(proof, they_are_seen_when_the_policy_says_so)
{
	const struct posada_trap row = {
		.what = POSADA_TRAP_TABLES,
		.disposition = POSADA_EMULATE,
	};
	struct posada_stats stats;
	struct table gdtr;

	if (!proof_policy(&self->p, &row, 1))
		SKIP(return, "%s has no trap policy, or this CPU no such trap",
		     self->p.driver->name);
	proof_code(&self->p, looks_often);
	proof_run(&self->p);
	memcpy(&gdtr, self->p.vm.ram + GUEST_DATA, sizeof(gdtr));
	EXPECT_EQ(GUEST_GDT, gdtr.base);
	EXPECT_EQ(GUEST_TSS_SELECTOR, self->run->regs[POSADA_R9] & 0xffff);
	stats = proof_stats(&self->p);
	EXPECT_EQ(N, stats.exits[46]);
	EXPECT_EQ(N, stats.exits[47]);
	EXPECT_EQ(2 * N, proof_hits(&self->p, 0));
}

TEST_HARNESS_MAIN
