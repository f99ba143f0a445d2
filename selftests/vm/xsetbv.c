// SPDX-License-Identifier: GPL-2.0
/* Does XSETBV take what the CPU would take, refuse the rest with #GP, and leave the host's XCR0 alone? */
#include "guest_fixture.h"

/* XSETBV of R8 with ECX from RCX; R9: XCR0 after; R10: 1 done, 2 fault */
GUEST_CODE(set_xcr0,
"	mov %cr4, %rax\n"
"	or $0x40000, %rax\n"
"	mov %rax, %cr4\n"
"	TRY set_xcr0_fault\n"
"	mov %r8, %rax\n"
"	mov %r8, %rdx\n"
"	shr $32, %rdx\n"
"	xsetbv\n"
"	movq $0, RECOVER\n"
"	mov $1, %r10d\n"
"set_xcr0_read:\n"
"	xor %ecx, %ecx\n"
"	xgetbv\n"
"	shl $32, %rdx\n"
"	or %rdx, %rax\n"
"	mov %rax, %r9\n"
"	hlt\n"
"set_xcr0_fault:\n"
"	mov $2, %r10d\n"
"	jmp set_xcr0_read\n");

static bool guest_sets(struct vcpu *cpu, uint32_t ecx, uint64_t value)
{
	vcpu_rip_set(cpu, GUEST_CODE_AT);
	cpu->run->regs[POSADA_RCX] = ecx;
	cpu->run->regs[POSADA_R8] = value;
	cpu->run->regs[POSADA_R10] = 0;
	vcpu_run_to(cpu, POSADA_EXIT_HLT);
	return cpu->run->regs[POSADA_R10] == 1;
}

static uint64_t host_xcr0(void)
{
	uint32_t eax, edx;

	asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
	return eax | (uint64_t)edx << 32;
}

#define NEEDS_XSAVE()							\
	struct posada_info info = device_info(self->vm.device);		\
									\
	if (!(info.features & POSADA_FEATURE_XSAVE))			\
		SKIP(return, "this CPU has no XSAVE for guests");	\
	vcpu_code(&self->cpu, set_xcr0)

TEST_F(guest, valid_values_are_taken)
{
	static const uint64_t values[] = { 1, 3, 7 };
	uint64_t host;
	unsigned int i;

	NEEDS_XSAVE();
	host = host_xcr0();
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		if (values[i] & ~info.xcr0)
			continue;
		EXPECT_TRUE(guest_sets(&self->cpu, 0, values[i]));
		EXPECT_EQ(values[i], self->run->regs[POSADA_R9]);
		EXPECT_EQ(values[i], vcpu_state(&self->cpu, POSADA_STATE_CONTROL).control.xcr0);
		EXPECT_EQ(host, host_xcr0());
	}
	EXPECT_EQ(0, vm_log(&self->vm)->count);
}

TEST_F(guest, invalid_values_are_gp)
{
	NEEDS_XSAVE();
	ASSERT_TRUE(guest_sets(&self->cpu, 0, 3));
	EXPECT_FALSE(guest_sets(&self->cpu, 0, 0));
	EXPECT_FALSE(guest_sets(&self->cpu, 0, 2));		/* x87 cannot be off */
	EXPECT_FALSE(guest_sets(&self->cpu, 0, 5));		/* AVX without SSE */
	EXPECT_FALSE(guest_sets(&self->cpu, 0, 3 | (1ULL << 62)));
	EXPECT_FALSE(guest_sets(&self->cpu, 0, 3 | (1ULL << 63)));
	EXPECT_FALSE(guest_sets(&self->cpu, 0, ~0ULL));
	EXPECT_FALSE(guest_sets(&self->cpu, 1, 3));		/* there is only XCR0 */
	EXPECT_FALSE(guest_sets(&self->cpu, 0xffffffff, 3));
	EXPECT_EQ(3, self->run->regs[POSADA_R9]);
	ASSERT_EQ(8, vm_log(&self->vm)->count);
	EXPECT_EQ(13, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(13, vm_event(&self->vm, 7)->vector);
}

GUEST_CODE(without_osxsave,
"	TRY without_osxsave_fault\n"
"	xor %ecx, %ecx\n"
"	mov $1, %eax\n"
"	xor %edx, %edx\n"
"	xsetbv\n"
"without_osxsave_fault:\n"
"	hlt\n");

TEST_F(guest, ud_without_osxsave)
{
	vcpu_code(&self->cpu, without_osxsave);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(6, vm_event(&self->vm, 0)->vector);
}

GUEST_CODE(from_ring3,
"	mov %cr4, %rax\n"
"	or $0x40000, %rax\n"
"	mov %rax, %cr4\n"
"	push $" GUEST_STR(GUEST_USER_DATA) "\n"
"	push $STACK - 0x1000\n"
"	push $0x202\n"
"	push $" GUEST_STR(GUEST_USER_CODE64) "\n"
"	lea from_ring3_user(%rip), %rax\n"
"	push %rax\n"
"	iretq\n"
"from_ring3_user:\n"
"	TRY from_ring3_fault\n"
"	xor %ecx, %ecx\n"
"	mov $1, %eax\n"
"	xor %edx, %edx\n"
"	xsetbv\n"
"	vmcall\n"
"from_ring3_fault:\n"
"	mov $0x333, %eax\n"
"	vmcall\n");

TEST_F(guest, gp_from_ring_3)
{
	NEEDS_XSAVE();
	vcpu_code(&self->cpu, from_ring3);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HYPERCALL);
	EXPECT_EQ(0x333, self->run->regs[POSADA_RAX]);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(13, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(GUEST_USER_CODE64, vm_event(&self->vm, 0)->cs);
}

TEST_HARNESS_MAIN
