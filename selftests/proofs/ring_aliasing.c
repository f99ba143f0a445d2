// SPDX-License-Identifier: GPL-2.0
/*
 * Ring aliasing: does software that asks in which ring it runs get the ring it was
 * written for, as on bare metal, and without an exit?
 */
#include "proof_fixture.h"

#define ROUNDS "1000"

/* R8, R9: sum of CPLs seen in CS by kernel and user; R10, R11: DPLs that LAR gives of it;
 * R13: CPLs in the frames that the kernel gets.
 */
GUEST_CODE(levels,
"	mov $" ROUNDS ", %r12d\n"
"1:	mov %cs, %eax\n"
"	lar %eax, %ebx\n"
"	and $3, %eax\n"
"	add %eax, %r8d\n"
"	shr $13, %ebx\n"
"	and $3, %ebx\n"
"	add %ebx, %r10d\n"
	TO_RING_3(levels_user)
"	mov %cs, %eax\n"
"	lar %eax, %ebx\n"
"	and $3, %eax\n"
"	add %eax, %r9d\n"
"	shr $13, %ebx\n"
"	and $3, %ebx\n"
"	add %ebx, %r11d\n"
"	int $0x82\n"
"levels_back:\n"
"	mov 8(%rsp), %eax\n"
"	and $3, %eax\n"
"	add %eax, %r13d\n"
"	mov $STACK, %esp\n"
"	dec %r12d\n"
"	jnz 1b\n"
	PROOF_END);
GUEST_LABEL(levels_back);

TEST_F(proof, kernel_sees_ring_0_and_user_ring_3)
{
	proof_code(&self->p, levels);
	proof_gate(&self->p, 0x82, levels, levels_back);
	proof_run(&self->p);
	EXPECT_EQ(0, self->run->regs[POSADA_R8]);
	EXPECT_EQ(0, self->run->regs[POSADA_R10]);
	EXPECT_EQ(3000, self->run->regs[POSADA_R9]);
	EXPECT_EQ(3000, self->run->regs[POSADA_R11]);
	EXPECT_EQ(3000, self->run->regs[POSADA_R13]);
	EXPECT_EQ(0, vm_log(&self->p.vm)->count);
	EXPECT_EQ(1, proof_exits(&self->p));	/* the end */
}

/* PUSH %CS is for 32 bits only. */
GUEST_CODE_32(pushes,
"	push %cs\n"
"	pop %esi\n"
"	push $" GUEST_STR(GUEST_USER_DATA) "\n"
"	push $STACK - 0x1000\n"
"	push $0x202\n"
"	push $" GUEST_STR(GUEST_USER_CODE32) "\n"
"	push $pushes_user - pushes + CODE\n"
"	iret\n"
"pushes_user:\n"
"	push %cs\n"
"	pop %edi\n"
"	push %ss\n"
"	pop %ebp\n"
"	int $0x82\n"
"pushes_back:\n"
"	mov 4(%esp), %edx\n"
"	out %al, $0x80\n");
GUEST_LABEL(pushes_back);

TEST_F(proof, pushed_selectors_have_the_ring_in_them)
{
	uint64_t handler = guest_address(pushes, pushes_back);
	struct posada_state state = proof_state(&self->p, BOOT_GROUPS);
	uint8_t *ram = self->p.vm.ram;
	uint64_t gate = (handler & 0xffff) | (GUEST_CODE32 << 16) | (0xeeULL << 40) |
			((handler >> 16) << 48);
	uint32_t ss0 = GUEST_DATA32;

	boot_protected_state(&self->p.vm, &state);
	proof_state_set(&self->p, &state, BOOT_GROUPS);
	memcpy(ram + GUEST_IDT + 8 * 0x82, &gate, 8);
	memcpy(ram + GUEST_TSS + 8, &ss0, 4);
	proof_code(&self->p, pushes);
	proof_run(&self->p);
	EXPECT_EQ(GUEST_CODE32, self->run->regs[POSADA_RSI] & 0xffff);
	EXPECT_EQ(GUEST_USER_CODE32, self->run->regs[POSADA_RDI] & 0xffff);
	EXPECT_EQ(GUEST_USER_DATA, self->run->regs[POSADA_RBP] & 0xffff);
	EXPECT_EQ(GUEST_USER_CODE32, self->run->regs[POSADA_RDX] & 0xffff);
	EXPECT_EQ(1, proof_exits(&self->p));
}

TEST_HARNESS_MAIN
