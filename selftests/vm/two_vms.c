// SPDX-License-Identifier: GPL-2.0
/* Do two VMs keep apart: memory, general registers, FPU, debug registers, MSRs? */
#include "test.h"
#include "runner.h"

#define ROUNDS 100

FIXTURE(pair) {
	struct vm vm[2];
	struct vcpu cpu[2];
};

/*
 * R15 is this VM's number, spread into everything once; then each round checks
 * that all of it is still there and counts in DATA.
 */
GUEST_CODE(keeps,
"	mov %r15, %rax\n"
"	imul $0x01010101, %rax, %rax\n"
"	mov %rax, %rbx\n"
"	mov %rax, %rbp\n"
"	mov %rax, %rsi\n"
"	mov %rax, %rdi\n"
"	mov %rax, %r8\n"
"	mov %rax, %r9\n"
"	mov %rax, %r10\n"
"	mov %rax, %r11\n"
"	mov %rax, %r12\n"
"	mov %rax, %r13\n"
"	movq %rax, %xmm0\n"
"	movq %rax, %xmm15\n"
"	mov %rax, %dr0\n"
"	mov %rax, %dr3\n"
"	mov %rax, %cr2\n"
"	mov $0xc0000082, %ecx\n"
"	xor %edx, %edx\n"
"	wrmsr\n"
"	mov $0xc0000102, %ecx\n"
"	wrmsr\n"
"	mov %rax, DATA + 8\n"
"	xor %r14d, %r14d\n"
"1:	out %al, $0x80\n"
"	cmp %rbx, %rbp\n"
"	jne 2f\n"
"	cmp %rbx, %rsi\n"
"	jne 2f\n"
"	cmp %rbx, %rdi\n"
"	jne 2f\n"
"	cmp %rbx, %r8\n"
"	jne 2f\n"
"	cmp %rbx, %r9\n"
"	jne 2f\n"
"	cmp %rbx, %r10\n"
"	jne 2f\n"
"	cmp %rbx, %r11\n"
"	jne 2f\n"
"	cmp %rbx, %r12\n"
"	jne 2f\n"
"	cmp %rbx, %r13\n"
"	jne 2f\n"
"	movq %xmm0, %rax\n"
"	cmp %rbx, %rax\n"
"	jne 2f\n"
"	movq %xmm15, %rax\n"
"	cmp %rbx, %rax\n"
"	jne 2f\n"
"	mov %dr0, %rax\n"
"	cmp %rbx, %rax\n"
"	jne 2f\n"
"	mov %dr3, %rax\n"
"	cmp %rbx, %rax\n"
"	jne 2f\n"
"	mov %cr2, %rax\n"
"	cmp %rbx, %rax\n"
"	jne 2f\n"
"	mov $0xc0000082, %ecx\n"
"	rdmsr\n"
"	cmp %ebx, %eax\n"
"	jne 2f\n"
"	mov $0xc0000102, %ecx\n"
"	rdmsr\n"
"	cmp %ebx, %eax\n"
"	jne 2f\n"
"	cmp DATA + 8, %rbx\n"
"	jne 2f\n"
"	inc %r14d\n"
"	mov %r14d, DATA\n"
"	jmp 1b\n"
"2:	hlt\n");

FIXTURE_SETUP(pair)
{
	unsigned int i;

	NEEDS_POSADA();
	for (i = 0; i < 2; i++) {
		vm_create(&self->vm[i]);
		vcpu_create(&self->vm[i], &self->cpu[i], 0);
		boot_long(&self->cpu[i]);
		vcpu_code(&self->cpu[i], keeps);
		self->cpu[i].run->regs[POSADA_R15] = 0x11 * (i + 1);
	}
}

FIXTURE_TEARDOWN(pair)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vcpu_close(&self->cpu[i]);
		vm_close(&self->vm[i]);
	}
}

static void round_trip(struct vcpu *cpu)
{
	vcpu_run_to(cpu, POSADA_EXIT_IO);
	cpu->run->apply = POSADA_APPLY_SKIP;
}

static void expect_own(struct __test_metadata *_metadata, struct vm *vm, unsigned int i)
{
	uint32_t rounds;
	uint64_t mark;

	memcpy(&rounds, vm->ram + GUEST_DATA, sizeof(rounds));
	memcpy(&mark, vm->ram + GUEST_DATA + 8, sizeof(mark));
	EXPECT_EQ(ROUNDS - 1, rounds);
	EXPECT_EQ(0x11 * (i + 1) * 0x01010101ULL, mark);
}

TEST_F(pair, taking_turns_in_one_thread)
{
	unsigned int i, round;

	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < 2; i++)
			round_trip(&self->cpu[i]);
	for (i = 0; i < 2; i++)
		expect_own(_metadata, &self->vm[i], i);
}

static void *many_rounds(void *cpu)
{
	unsigned int round;

	for (round = 0; round < ROUNDS; round++)
		round_trip(cpu);
	return NULL;
}

TEST_F(pair, in_two_threads)
{
	pthread_t thread[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, many_rounds, &self->cpu[i]));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
	for (i = 0; i < 2; i++)
		expect_own(_metadata, &self->vm[i], i);
}

/* A VM reaches its own memory only: the rest of guest-physical space is MMIO. */
GUEST_CODE(reaches,
"	mov (%rbx), %rax\n"
"	hlt\n");

TEST_F(pair, memory_of_one_is_nowhere_in_the_other)
{
	uint8_t *page = memory_get(0x1000);

	memset(page, 0x77, 0x1000);
	vm_map(&self->vm[0], 0x400000, page, 0x1000, 0);
	vcpu_code(&self->cpu[0], reaches);
	vcpu_code(&self->cpu[1], reaches);
	self->cpu[0].run->regs[POSADA_RBX] = 0x400000;
	self->cpu[1].run->regs[POSADA_RBX] = 0x400000;
	vcpu_run_to(&self->cpu[0], POSADA_EXIT_HLT);
	EXPECT_EQ(0x7777777777777777, self->cpu[0].run->regs[POSADA_RAX]);
	vcpu_run_to(&self->cpu[1], POSADA_EXIT_MMIO);
}

TEST_HARNESS_MAIN
