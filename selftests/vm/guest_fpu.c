// SPDX-License-Identifier: GPL-2.0
/* Does the guest's extended state live through exits, whatever the process does with its own? */
#include "guest_fixture.h"

/* Fill everything, exit, and store everything. */
GUEST_CODE(sse,
"	mov $DATA, %ebx\n"
"	finit\n"
"	fldpi\n"
"	fld1\n"
"	movl $0x3f80, (%rbx)\n"
"	ldmxcsr (%rbx)\n"
"	mov $0x1111, %eax\n"
"	movq %rax, %xmm0\n"
"	movlhps %xmm0, %xmm0\n"
"	mov $0x7777, %eax\n"
"	movq %rax, %xmm7\n"
"	mov $0xffff, %eax\n"
"	movq %rax, %xmm15\n"
"	movlhps %xmm15, %xmm15\n"
"	out %al, $0x80\n"
"	fstpt 0x20(%rbx)\n"		/* 1 */
"	fstpt 0x30(%rbx)\n"		/* pi */
"	stmxcsr (%rbx)\n"
"	movups %xmm0, 0x40(%rbx)\n"
"	movups %xmm7, 0x50(%rbx)\n"
"	movups %xmm15, 0x60(%rbx)\n"
"	hlt\n");

static void use_own_fpu(void)
{
	static const uint64_t junk[2] = { 0x6a756e6b6a756e6b, 0x6b6e756a6b6e756a };
	uint32_t mxcsr = 0x9f80;

	asm volatile("movups %0, %%xmm0\n\tmovups %0, %%xmm7\n\tmovups %0, %%xmm15\n\t"
		     "ldmxcsr %1\n\tfninit\n\tfldl2e\n\tfldl2e\n\tfldl2e\n\tfldl2e\n\t"
		     : : "m"(junk), "m"(mxcsr) : "xmm0", "xmm7", "xmm15");
}

TEST_F(guest, x87_and_sse)
{
	const uint8_t *data = self->vm.ram + GUEST_DATA;
	long double one, pi;
	uint64_t words[2];
	uint32_t mxcsr;

	vcpu_code(&self->cpu, sse);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	use_own_fpu();
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	asm volatile("fninit");
	mxcsr = 0x1f80;
	asm volatile("ldmxcsr %0" : : "m"(mxcsr));
	memcpy(&one, data + 0x20, 10);
	memcpy(&pi, data + 0x30, 10);
	EXPECT_TRUE(one == 1.0L);
	EXPECT_TRUE(pi > 3.1415926535L && pi < 3.1415926536L);
	memcpy(&mxcsr, data, 4);
	EXPECT_EQ(0x3f80, mxcsr);
	memcpy(words, data + 0x40, 16);
	EXPECT_EQ(0x1111, words[0]);
	EXPECT_EQ(0x1111, words[1]);
	memcpy(words, data + 0x50, 16);
	EXPECT_EQ(0x7777, words[0]);
	memcpy(words, data + 0x60, 16);
	EXPECT_EQ(0xffff, words[0]);
	EXPECT_EQ(0xffff, words[1]);
}

GUEST_CODE(avx,
"	mov %cr4, %rax\n"
"	or $0x40000, %rax\n"
"	mov %rax, %cr4\n"
"	xor %ecx, %ecx\n"
"	xor %edx, %edx\n"
"	mov $7, %eax\n"
"	xsetbv\n"
"	mov $DATA, %ebx\n"
"	mov $0x12345678, %eax\n"
"	mov %eax, (%rbx)\n"
"	vbroadcastss (%rbx), %ymm3\n"
"	out %al, $0x80\n"
"	vmovups %ymm3, 0x20(%rbx)\n"
"	hlt\n");

TEST_F(guest, avx)
{
	uint32_t words[8];
	unsigned int i;

	if ((device_info(self->vm.device).xcr0 & 7) != 7)
		SKIP(return, "this CPU has no AVX for guests");
	vcpu_code(&self->cpu, avx);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	asm volatile("vpcmpeqb %%xmm3, %%xmm3, %%xmm3\n\tvinsertf128 $1, %%xmm3, %%ymm3, %%ymm3\n\t"
		     "vzeroupper" : : : "xmm3");
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	memcpy(words, self->vm.ram + GUEST_DATA + 0x20, sizeof(words));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0x12345678, words[i]);
}

/* The state a guest sees first is that of RESET, nothing of this process. */
GUEST_CODE(looks,
"	mov $DATA, %ebx\n"
"	movups %xmm0, (%rbx)\n"
"	movups %xmm15, 0x10(%rbx)\n"
"	stmxcsr 0x20(%rbx)\n"
"	hlt\n");

TEST_F(guest, starts_clean)
{
	uint64_t words[4];
	uint32_t mxcsr;

	vcpu_code(&self->cpu, looks);
	use_own_fpu();
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	memcpy(words, self->vm.ram + GUEST_DATA, sizeof(words));
	memcpy(&mxcsr, self->vm.ram + GUEST_DATA + 0x20, sizeof(mxcsr));
	EXPECT_EQ(0, words[0] | words[1] | words[2] | words[3]);
	EXPECT_EQ(0x1f80, mxcsr);
}

TEST_HARNESS_MAIN
