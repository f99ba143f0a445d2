// SPDX-License-Identifier: GPL-2.0
/* Are the PDPTE registers loaded when PAE paging loads them, and only then? */
#include "test.h"

#define PDPT_B	0xe000
#define PD_B	0xf000

FIXTURE(pae) {
	struct vm vm;
	struct vcpu cpu;
};

/* PDPT_B maps the first gigabyte as GUEST_PAE_PDPT does, and the second to the first. */
FIXTURE_SETUP(pae)
{
	uint64_t *pdpt, *a;

	NEEDS_POSADA();
	vm_create(&self->vm);
	vcpu_create(&self->vm, &self->cpu, 0);
	boot_pae(&self->cpu);
	a = (uint64_t *)(self->vm.ram + GUEST_PAE_PDPT);
	pdpt = (uint64_t *)(self->vm.ram + PDPT_B);
	pdpt[0] = a[0];
	pdpt[1] = PD_B | 1;
	memcpy(self->vm.ram + PD_B, self->vm.ram + GUEST_PD, 0x1000);
	memcpy(self->vm.ram + GUEST_DATA, "\x11\x11\x11\x11", 4);
}

FIXTURE_TEARDOWN(pae)
{
	vcpu_close(&self->cpu);
	vm_close(&self->vm);
}

GUEST_CODE_32(switches,
"	mov $0xe000, %eax\n"
"	mov %eax, %cr3\n"
"	mov 0x40000000 + DATA, %ebx\n"
"	hlt\n");

TEST_F(pae, mov_to_cr3_loads_them)
{
	struct posada_state state;

	vcpu_code(&self->cpu, switches);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x11111111, self->cpu.run->regs[POSADA_RBX]);
	state = vcpu_state(&self->cpu, POSADA_STATE_CONTROL);
	EXPECT_EQ(PDPT_B, state.control.cr3);
	EXPECT_EQ(PD_B | 1, state.control.pdpte[1]);
	EXPECT_EQ(0, state.control.pdpte[2]);
}

GUEST_CODE_32(changes_memory,
"	movl $0xf001, 0xa008\n"		/* GUEST_PAE_PDPT[1] */
"	mov $0x40020000, %esi\n"
"	out %al, $0x80\n"
"	mov (%esi), %ebx\n"
"	hlt\n");

/* SDM 3A 4.4.1: a change of the table in memory counts from the next load on. */
TEST_F(pae, registers_set_from_outside_are_used)
{
	struct posada_state state;

	vcpu_code(&self->cpu, changes_memory);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	state = vcpu_state(&self->cpu, POSADA_STATE_CONTROL);
	EXPECT_EQ((GUEST_PD + 0x1000) | 1, state.control.pdpte[1]);
	state.control.pdpte[1] = PD_B | 1;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_CONTROL);
	self->cpu.run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x11111111, self->cpu.run->regs[POSADA_RBX]);
}

GUEST_CODE_32(reserved,
"	TRY32 reserved_fault, reserved\n"
"	movl $0xf003, 0xe008\n"		/* W is reserved in a PDPTE */
"	mov $0xe000, %eax\n"
"	mov %eax, %cr3\n"
"	hlt\n"
"reserved_fault:\n"
"	mov $0x13, %ebx\n"
"	hlt\n");

TEST_F(pae, reserved_bits_are_gp)
{
	vcpu_code(&self->cpu, reserved);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x13, self->cpu.run->regs[POSADA_RBX]);
	EXPECT_EQ(13, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(GUEST_PAE_PDPT, vcpu_state(&self->cpu, POSADA_STATE_CONTROL).control.cr3);
}

GUEST_CODE_32(toggles,
"	mov %cr0, %eax\n"
"	and $0x7fffffff, %eax\n"
"	mov %eax, %cr0\n"
"	mov $0xe000, %ecx\n"
"	mov %ecx, %cr3\n"
"	or $0x80000000, %eax\n"
"	mov %eax, %cr0\n"
"	mov 0x40000000 + DATA, %ebx\n"
"	hlt\n");

TEST_F(pae, turning_paging_on_loads_them)
{
	vcpu_code(&self->cpu, toggles);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x11111111, self->cpu.run->regs[POSADA_RBX]);
}

GUEST_CODE_32(pge,
"	movl $0xf001, 0xa008\n"
"	mov %cr4, %eax\n"
"	xor $0x80, %eax\n"
"	mov %eax, %cr4\n"
"	mov 0x40000000 + DATA, %ebx\n"
"	hlt\n");

/* SDM 3A 4.4.1: so does a MOV to CR4 that changes PGE. */
TEST_F(pae, changing_cr4_pge_loads_them)
{
	vcpu_code(&self->cpu, pge);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x11111111, self->cpu.run->regs[POSADA_RBX]);
}

TEST_HARNESS_MAIN
