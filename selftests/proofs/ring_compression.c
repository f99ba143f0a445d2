// SPDX-License-Identifier: GPL-2.0
/*
 * Ring compression: are the guest's rings and its user and supervisor pages told apart in
 * 64-bit mode too, where segment limits protect nothing, and are the faults its own,
 * without an exit?
 */
#include "proof_fixture.h"

#define VECTOR_GP 13
#define VECTOR_PF 14

GUEST_CODE(privileged,
	TO_RING_3(privileged_user)
"	TRY privileged_1\n"
"	hlt\n"
"privileged_1:\n"
"	TRY privileged_2\n"
"	mov %cr3, %rbx\n"
"privileged_2:\n"
"	TRY privileged_3\n"
"	cli\n"
"privileged_3:\n"
"	TRY privileged_4\n"
"	mov $0x10, %ecx\n"
"	rdmsr\n"
"privileged_4:\n"
"	TRY privileged_5\n"
"	lgdt DATA\n"
"privileged_5:\n"
"	TRY privileged_6\n"
"	in $0x80, %al\n"
"privileged_6:\n"
"	mov $0x77, %r15d\n"
	PROOF_END);

/* The I/O bitmap of the TSS lies beyond its limit: all ports are refused. */
TEST_F(proof, privileged_instructions_in_ring_3_are_gp_in_the_guest)
{
	unsigned int i;

	proof_code(&self->p, privileged);
	memset(self->p.vm.ram + GUEST_TSS + 102, 0xff, 2);
	proof_run(&self->p);
	EXPECT_EQ(0x77, self->run->regs[POSADA_R15]);
	ASSERT_EQ(6, vm_log(&self->p.vm)->count);
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(VECTOR_GP, vm_event(&self->p.vm, i)->vector);
		EXPECT_EQ(0, vm_event(&self->p.vm, i)->error);
		EXPECT_EQ(GUEST_USER_CODE64, vm_event(&self->p.vm, i)->cs);
	}
	EXPECT_EQ(1, proof_exits(&self->p));
}

GUEST_CODE(supervisor,
	TO_RING_3(supervisor_user)
"	TRY supervisor_1\n"
"	mov 0x40000000, %eax\n"
"supervisor_1:\n"
"	TRY supervisor_2\n"
"	movl $1, 0x40000000\n"
"supervisor_2:\n"
"	TRY supervisor_3\n"
"	mov $0x40000000, %ebx\n"
"	jmp *%rbx\n"
"supervisor_3:\n"
"	mov $0x77, %r15d\n"
	PROOF_END);

TEST_F(proof, supervisor_pages_are_page_faults_in_the_guest)
{
	uint64_t *pd = (uint64_t *)(self->p.vm.ram + GUEST_PD);

	pd[512] = 0x83;			/* 1 GiB: RAM at 0, supervisor */
	proof_code(&self->p, supervisor);
	proof_run(&self->p);
	EXPECT_EQ(0x77, self->run->regs[POSADA_R15]);
	ASSERT_EQ(3, vm_log(&self->p.vm)->count);
	EXPECT_EQ(VECTOR_PF, vm_event(&self->p.vm, 0)->vector);
	EXPECT_EQ(5, vm_event(&self->p.vm, 0)->error);
	EXPECT_EQ(0x40000000, vm_event(&self->p.vm, 0)->cr2);
	EXPECT_EQ(7, vm_event(&self->p.vm, 1)->error);
	EXPECT_EQ(VECTOR_PF, vm_event(&self->p.vm, 2)->vector);
	EXPECT_EQ(5, vm_event(&self->p.vm, 2)->error & 5);
	EXPECT_EQ(1, proof_exits(&self->p));
}

GUEST_CODE(asks_smep,
"	mov $7, %eax\n"
"	xor %ecx, %ecx\n"
"	cpuid\n"
	PROOF_END);

/* The same bytes as here, by an address that ring 3 may execute too. */
GUEST_CODE(smep,
"	mov $0x66, %r14d\n"
"	TRY smep_after\n"
"	lea smep_user(%rip), %rbx\n"
"	add $0x40000000, %rbx\n"
"	jmp *%rbx\n"
"smep_user:\n"
"	mov $0x55, %r14d\n"
"smep_after:\n"
	PROOF_END);
GUEST_LABEL(smep_user);

#define CR4_SMEP (1ULL << 20)

TEST_F(proof, smep_keeps_the_kernel_from_executing_user_pages)
{
	uint64_t *pd = (uint64_t *)(self->p.vm.ram + GUEST_PD);
	struct posada_state state;

	proof_code(&self->p, asks_smep);
	proof_run(&self->p);
	if (!(self->run->regs[POSADA_RBX] & 0x80))
		SKIP(return, "this guest has no SMEP");
	pd[0] &= ~4ULL;			/* the kernel's own */
	pd[512] = 0x87;			/* 1 GiB: the same memory, for users */
	state = proof_state(&self->p, POSADA_STATE_REGS | POSADA_STATE_CONTROL);
	state.regs.rip = GUEST_CODE_AT;
	state.regs.gpr[POSADA_RSP] = GUEST_STACK;
	state.control.cr4 |= CR4_SMEP;
	proof_state_set(&self->p, &state, POSADA_STATE_REGS | POSADA_STATE_CONTROL);
	proof_code(&self->p, smep);
	proof_run(&self->p);
	EXPECT_EQ(0x66, self->run->regs[POSADA_R14]);
	ASSERT_EQ(1, vm_log(&self->p.vm)->count);
	EXPECT_EQ(VECTOR_PF, vm_event(&self->p.vm, 0)->vector);
	EXPECT_EQ(0x11, vm_event(&self->p.vm, 0)->error);	/* present, fetch */
	EXPECT_EQ(guest_address(smep, smep_user) + 0x40000000, vm_event(&self->p.vm, 0)->cr2);
	EXPECT_EQ(3, proof_exits(&self->p));	/* CPUID, two ends */
}

#define CODE64_RING1	0x60
#define CALL_GATE	0x70
#define GDT_LIMIT	0x7f

GUEST_CODE(gate,
	TO_RING_3(gate_user)
"	lcall *DATA\n"
"	mov %cs, %r11d\n"
	PROOF_END
"gate_ring1:\n"
"	mov %cs, %r8d\n"
"	mov %ss, %r9d\n"
"	TRY gate_ring1_after\n"
"	hlt\n"
"gate_ring1_after:\n"
"	mov %cs, %r10d\n"
"	lretq\n");
GUEST_LABEL(gate_ring1);

/* There are four rings, also in 64-bit mode. */
TEST_F(proof, a_call_gate_leads_to_ring_1)
{
	struct posada_state state = proof_state(&self->p, POSADA_STATE_SEGMENTS);
	uint64_t target = guest_address(gate, gate_ring1), rsp1 = GUEST_IST2;
	const uint64_t gdt[] = {
		0x00afbb000000ffff,	/* 64-bit code, DPL 1 */
		0,
		(target & 0xffff) | (CODE64_RING1 | 1) << 16 | 0xecULL << 40 | target >> 16 << 48,
		0,
	};
	const struct {
		uint32_t offset;
		uint16_t selector;
	} __attribute__((packed)) pointer = { 0, CALL_GATE | 3 };
	uint8_t *ram = self->p.vm.ram;

	memcpy(ram + GUEST_GDT + CODE64_RING1, gdt, sizeof(gdt));
	memcpy(ram + GUEST_TSS + 12, &rsp1, 8);
	memcpy(ram + GUEST_DATA, &pointer, sizeof(pointer));
	state.segments.gdtr.limit = GDT_LIMIT;
	proof_state_set(&self->p, &state, POSADA_STATE_SEGMENTS);
	proof_code(&self->p, gate);
	proof_run(&self->p);
	EXPECT_EQ(CODE64_RING1 | 1, self->run->regs[POSADA_R8] & 0xffff);
	EXPECT_EQ(1, self->run->regs[POSADA_R9] & 0xffff);
	EXPECT_EQ(CODE64_RING1 | 1, self->run->regs[POSADA_R10] & 0xffff);
	EXPECT_EQ(GUEST_USER_CODE64, self->run->regs[POSADA_R11] & 0xffff);
	ASSERT_EQ(1, vm_log(&self->p.vm)->count);
	EXPECT_EQ(VECTOR_GP, vm_event(&self->p.vm, 0)->vector);
	EXPECT_EQ(CODE64_RING1 | 1, vm_event(&self->p.vm, 0)->cs);
	EXPECT_EQ(1, proof_exits(&self->p));
}

#define MSR_STAR  0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084

GUEST_CODE(system_call,
	TO_RING_3(system_call_user)
"	syscall\n"
"	mov %cs, %r9d\n"
"	mov %ss, %r10d\n"
	PROOF_END
"system_call_entry:\n"
"	mov %cs, %r8d\n"
"	sysretq\n");
GUEST_LABEL(system_call_entry);

TEST_F(proof, syscall_and_sysret_change_rings)
{
	proof_msr_set(&self->p, MSR_STAR, (uint64_t)GUEST_USER_CODE32 << 48 |
		      (uint64_t)GUEST_CODE64 << 32);
	proof_msr_set(&self->p, MSR_LSTAR, guest_address(system_call, system_call_entry));
	proof_msr_set(&self->p, MSR_FMASK, 0x200);
	proof_code(&self->p, system_call);
	proof_run(&self->p);
	EXPECT_EQ(GUEST_CODE64, self->run->regs[POSADA_R8] & 0xffff);
	EXPECT_EQ(GUEST_USER_CODE64, self->run->regs[POSADA_R9] & 0xffff);
	EXPECT_EQ(GUEST_USER_DATA, self->run->regs[POSADA_R10] & 0xffff);
	EXPECT_EQ(0, vm_log(&self->p.vm)->count);
	EXPECT_EQ(1, proof_exits(&self->p));
}

TEST_HARNESS_MAIN
