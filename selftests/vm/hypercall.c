// SPDX-License-Identifier: GPL-2.0
/* Does VMCALL come to the program, from any ring? */
#include "guest_fixture.h"

GUEST_CODE(calls,
"	mov $7, %eax\n"
"	mov $8, %ebx\n"
"calls_here:\n"
"	vmcall\n"
"	mov %rax, %r8\n"
"	hlt\n");
GUEST_LABEL(calls_here);

TEST_F(guest, vmcall_passes_registers_both_ways)
{
	vcpu_code(&self->cpu, calls);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HYPERCALL);
	EXPECT_EQ(18, self->run->hw_reason);
	EXPECT_EQ(3, self->run->insn_len);
	EXPECT_EQ(guest_address(calls, calls_here), self->run->rip);
	EXPECT_EQ(7, self->run->regs[POSADA_RAX]);
	EXPECT_EQ(8, self->run->regs[POSADA_RBX]);
	self->run->regs[POSADA_RAX] = 0x99;
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x99, self->run->regs[POSADA_R8]);
}

GUEST_CODE(from_ring3,
"	push $" GUEST_STR(GUEST_USER_DATA) "\n"
"	push $STACK - 0x1000\n"
"	push $0x202\n"
"	push $" GUEST_STR(GUEST_USER_CODE64) "\n"
"	lea from_ring3_user(%rip), %rax\n"
"	push %rax\n"
"	iretq\n"
"from_ring3_user:\n"
"	vmcall\n");
GUEST_LABEL(from_ring3_user);

TEST_F(guest, vmcall_from_ring_3)
{
	vcpu_code(&self->cpu, from_ring3);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HYPERCALL);
	EXPECT_EQ(guest_address(from_ring3, from_ring3_user), self->run->rip);
	EXPECT_EQ(3, vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS).segments.ss.access >> 5 & 3);
}

TEST_HARNESS_MAIN
