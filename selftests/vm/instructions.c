// SPDX-License-Identifier: GPL-2.0
/* What becomes of the instructions that a guest must not have, or that nothing handles? */
#include "guest_fixture.h"

/* Executes the 16 bytes at try_bytes; R15: 1 done, 2 an exception */
GUEST_CODE(try,
"	xor %r15d, %r15d\n"
"	lea DATA, %rbx\n"
"	xor %eax, %eax\n"
"	xor %ecx, %ecx\n"
"	xor %edx, %edx\n"
"	movl $try_fault - try + CODE, RECOVER\n"
"	movl $0, RECOVER + 4\n"
"try_bytes:\n"
"	.fill 16, 1, 0x90\n"
"	movq $0, RECOVER\n"
"	mov $1, %r15d\n"
"	hlt\n"
"try_fault:\n"
"	mov $2, %r15d\n"
"	hlt\n");
GUEST_LABEL(try_bytes);

struct instruction {
	const char *text;
	uint8_t length;
	uint8_t bytes[8];
};

static void execute(struct vcpu *cpu, const struct instruction *instruction)
{
	vcpu_code(cpu, try);
	memcpy(cpu->vm->ram + guest_address(try, try_bytes), instruction->bytes,
	       instruction->length);
	vcpu_rip_set(cpu, GUEST_CODE_AT);
	vm_log(cpu->vm)->count = 0;
	vcpu_run_to(cpu, POSADA_EXIT_HLT);
}

/* VMX and SMX are not announced, and CR4 says they are off. */
TEST_F(guest, vmx_and_smx_are_ud)
{
	static const struct instruction rows[] = {
		{ "vmxon (%rbx)", 4, { 0xf3, 0x0f, 0xc7, 0x33 } },
		{ "vmxoff", 3, { 0x0f, 0x01, 0xc4 } },
		{ "vmlaunch", 3, { 0x0f, 0x01, 0xc2 } },
		{ "vmresume", 3, { 0x0f, 0x01, 0xc3 } },
		{ "vmread %rax, %rcx", 3, { 0x0f, 0x78, 0xc1 } },
		{ "vmwrite %rcx, %rax", 3, { 0x0f, 0x79, 0xc1 } },
		{ "vmptrld (%rbx)", 3, { 0x0f, 0xc7, 0x33 } },
		{ "vmptrst (%rbx)", 3, { 0x0f, 0xc7, 0x3b } },
		{ "vmclear (%rbx)", 4, { 0x66, 0x0f, 0xc7, 0x33 } },
		{ "invept (%rbx), %rax", 5, { 0x66, 0x0f, 0x38, 0x80, 0x03 } },
		{ "invvpid (%rbx), %rax", 5, { 0x66, 0x0f, 0x38, 0x81, 0x03 } },
		{ "getsec", 2, { 0x0f, 0x37 } },
		{ "rsm", 2, { 0x0f, 0xaa } },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		execute(&self->cpu, &rows[i]);
		EXPECT_EQ(2, self->run->regs[POSADA_R15]) {
			TH_LOG("%s", rows[i].text);
		}
		EXPECT_EQ(1, vm_log(&self->vm)->count);
		EXPECT_EQ(6, vm_event(&self->vm, 0)->vector) {
			TH_LOG("%s", rows[i].text);
		}
	}
}

/* They may cost an exit, but a guest gets past them. */
TEST_F(guest, cache_and_pause_instructions_go_on)
{
	static const struct instruction rows[] = {
		{ "wbinvd", 2, { 0x0f, 0x09 } },
		{ "invd", 2, { 0x0f, 0x08 } },
		{ "pause", 2, { 0xf3, 0x90 } },
		{ "invlpg (%rbx)", 3, { 0x0f, 0x01, 0x3b } },
		{ "clflush (%rbx)", 3, { 0x0f, 0xae, 0x3b } },
		{ "rdtsc", 2, { 0x0f, 0x31 } },
	};
	unsigned int i;

	memset(self->vm.ram + GUEST_DATA, 0x5a, 64);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		execute(&self->cpu, &rows[i]);
		EXPECT_EQ(1, self->run->regs[POSADA_R15]) {
			TH_LOG("%s", rows[i].text);
		}
	}
	/* INVD throws away what the host has in its caches: it must not happen */
	for (i = 0; i < 64; i++)
		EXPECT_EQ(0x5a, self->vm.ram[GUEST_DATA + i]);
}

static const struct posada_cpuid_entry *leaf_1(struct vcpu *cpu)
{
	static struct posada_cpuid_entry entries[256];
	struct posada_cpuid table = {
		.size = sizeof(table),
		.nr = ARRAY_SIZE(entries),
		.entries = (uintptr_t)entries,
	};
	unsigned int i;

	require(posada_ioctl(cpu->fd, POSADA_CPUID_GET, &table) == 0);
	for (i = 0; i < table.nr; i++)
		if (entries[i].leaf == 1)
			return &entries[i];
	die("the table has no leaf 1");
}

TEST_F(guest, monitor_and_mwait_are_what_cpuid_says)
{
	static const struct instruction rows[] = {
		{ "monitor", 3, { 0x0f, 0x01, 0xc8 } },
		{ "mwait", 3, { 0x0f, 0x01, 0xc9 } },
	};
	bool announced = leaf_1(&self->cpu)->ecx & 1 << 3;
	unsigned int i;

	if (announced)
		SKIP(return, "MONITOR is announced: what MWAIT does then depends on the host");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		execute(&self->cpu, &rows[i]);
		EXPECT_EQ(2, self->run->regs[POSADA_R15]) {
			TH_LOG("%s", rows[i].text);
		}
		EXPECT_EQ(6, vm_event(&self->vm, 0)->vector) {
			TH_LOG("%s", rows[i].text);
		}
	}
}

TEST_HARNESS_MAIN
