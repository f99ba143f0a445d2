// SPDX-License-Identifier: GPL-2.0
/* Does the CPUID instruction answer from the vCPU's table? */
#include "guest_fixture.h"

GUEST_CODE(ask,
"	cpuid\n"
"	hlt\n");

struct answer {
	uint32_t eax, ebx, ecx, edx;
};

static struct answer guest_asks(struct vcpu *cpu, uint32_t leaf, uint32_t subleaf)
{
	struct posada_run *run = cpu->run;

	vcpu_rip_set(cpu, GUEST_CODE_AT);
	run->regs[POSADA_RAX] = leaf | 0xffffffff00000000;
	run->regs[POSADA_RCX] = subleaf | 0xffffffff00000000;
	run->regs[POSADA_RBX] = UINT64_MAX;
	run->regs[POSADA_RDX] = UINT64_MAX;
	vcpu_run_to(cpu, POSADA_EXIT_HLT);
	/* the upper halves are cleared */
	require((run->regs[POSADA_RAX] | run->regs[POSADA_RBX] | run->regs[POSADA_RCX] |
		 run->regs[POSADA_RDX]) >> 32 == 0);
	return (struct answer){
		.eax = run->regs[POSADA_RAX],
		.ebx = run->regs[POSADA_RBX],
		.ecx = run->regs[POSADA_RCX],
		.edx = run->regs[POSADA_RDX],
	};
}

static unsigned int table_get(struct vcpu *cpu, struct posada_cpuid_entry *entries, unsigned int room)
{
	struct posada_cpuid table = {
		.size = sizeof(table),
		.nr = room,
		.entries = (uintptr_t)entries,
	};

	require(posada_ioctl(cpu->fd, POSADA_CPUID_GET, &table) == 0);
	return table.nr;
}

static void table_set(struct vcpu *cpu, struct posada_cpuid_entry *entries, unsigned int nr)
{
	struct posada_cpuid table = {
		.size = sizeof(table),
		.nr = nr,
		.entries = (uintptr_t)entries,
	};

	require(posada_ioctl(cpu->fd, POSADA_CPUID_SET, &table) == 0);
}

/* OSXSAVE follows CR4 and the sizes in leaf 0Dh XCR0; the rest is as the table says. */
static struct answer without_live_parts(struct answer a, uint32_t leaf, uint32_t subleaf)
{
	if (leaf == 1)
		a.ecx &= ~(1U << 27);
	if (leaf == 0xd && subleaf <= 1)
		a.ebx = 0;
	return a;
}

TEST_F(guest, every_entry_of_the_table_is_what_the_guest_sees)
{
	struct posada_cpuid_entry entries[256];
	unsigned int i, nr = table_get(&self->cpu, entries, ARRAY_SIZE(entries));
	struct answer seen, expected;

	vcpu_code(&self->cpu, ask);
	ASSERT_LT(0, nr);
	for (i = 0; i < nr; i++) {
		expected = without_live_parts((struct answer){ entries[i].eax, entries[i].ebx,
			entries[i].ecx, entries[i].edx }, entries[i].leaf, entries[i].subleaf);
		seen = without_live_parts(guest_asks(&self->cpu, entries[i].leaf, entries[i].subleaf),
					  entries[i].leaf, entries[i].subleaf);
		EXPECT_EQ(0, memcmp(&expected, &seen, sizeof(seen))) {
			TH_LOG("leaf %#x.%u", entries[i].leaf, entries[i].subleaf);
		}
	}
	EXPECT_LE(nr, vcpu_stats(&self->cpu).exits[10]);
}

TEST_F(guest, a_table_of_its_own)
{
	static struct posada_cpuid_entry entries[] = {
		{ .leaf = 0, .eax = 4, .ebx = 0x756e6547, .ecx = 0x6c65746e, .edx = 0x49656e69 },
		{ .leaf = 1, .eax = 0x306c3, .ebx = 0x01020304, .ecx = 0, .edx = 0x0788fbff },
		{ .leaf = 4, .subleaf = 0, .flags = POSADA_CPUID_SUBLEAF, .eax = 0x40 },
		{ .leaf = 4, .subleaf = 1, .flags = POSADA_CPUID_SUBLEAF, .eax = 0x41, .ebx = 7 },
		{ .leaf = 0x40000000, .eax = 0x40000000, .ebx = 0x61736f50, .ecx = 1, .edx = 2 },
	};
	struct answer a;

	vcpu_code(&self->cpu, ask);
	table_set(&self->cpu, entries, ARRAY_SIZE(entries));
	a = guest_asks(&self->cpu, 0, 0x1234);
	EXPECT_EQ(4, a.eax);
	EXPECT_EQ(0x756e6547, a.ebx);
	a = guest_asks(&self->cpu, 4, 0);
	EXPECT_EQ(0x40, a.eax);
	a = guest_asks(&self->cpu, 4, 1);
	EXPECT_EQ(0x41, a.eax);
	EXPECT_EQ(7, a.ebx);
	a = guest_asks(&self->cpu, 0x40000000, 0);
	EXPECT_EQ(0x61736f50, a.ebx);
	EXPECT_EQ(2, a.edx);
}

/*
 * SDM 2A, CPUID: beyond the largest basic leaf an Intel CPU answers as for that
 * one; a table may also say nothing, which reads as zeroes.
 */
TEST_F(guest, a_leaf_that_is_not_there)
{
	static struct posada_cpuid_entry entries[] = {
		{ .leaf = 0, .eax = 2, .ebx = 0x756e6547, .ecx = 0x6c65746e, .edx = 0x49656e69 },
		{ .leaf = 1, .eax = 0x306c3, .edx = 0x0788fbff },
		{ .leaf = 2, .eax = 0x11, .ebx = 0x22, .ecx = 0x33, .edx = 0x44 },
	};
	static const struct answer zero, largest = { 0x11, 0x22, 0x33, 0x44 };
	static const uint32_t leaves[] = { 3, 0x3fffffff, 0x7fffffff, 0x80000000, 0xffffffff };
	struct answer a;
	unsigned int i;

	vcpu_code(&self->cpu, ask);
	table_set(&self->cpu, entries, ARRAY_SIZE(entries));
	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		a = guest_asks(&self->cpu, leaves[i], 0);
		EXPECT_TRUE(!memcmp(&a, &zero, sizeof(a)) || !memcmp(&a, &largest, sizeof(a))) {
			TH_LOG("leaf %#x: %#x %#x %#x %#x", leaves[i], a.eax, a.ebx, a.ecx, a.edx);
		}
	}
}

GUEST_CODE(turn_on_osxsave,
"	mov %cr4, %rax\n"
"	or $0x40000, %rax\n"
"	mov %rax, %cr4\n"
"	mov $1, %eax\n"
"	cpuid\n"
"	mov %ecx, %r8d\n"
"	mov %cr4, %rax\n"
"	and $~0x40000, %rax\n"
"	mov %rax, %cr4\n"
"	mov $1, %eax\n"
"	cpuid\n"
"	mov %ecx, %r9d\n"
"	hlt\n");

TEST_F(guest, osxsave_follows_cr4)
{
	if (!(device_info(self->vm.device).features & POSADA_FEATURE_XSAVE))
		SKIP(return, "this CPU has no XSAVE for guests");
	vcpu_code(&self->cpu, turn_on_osxsave);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(1 << 27, self->run->regs[POSADA_R8] & (1 << 27));
	EXPECT_EQ(0, self->run->regs[POSADA_R9] & (1 << 27));
}

GUEST_CODE(sizes,
"	mov %cr4, %rax\n"
"	or $0x40000, %rax\n"
"	mov %rax, %cr4\n"
"	xor %ecx, %ecx\n"
"	xor %edx, %edx\n"
"	mov $1, %eax\n"
"	xsetbv\n"
"	mov $0xd, %eax\n"
"	xor %ecx, %ecx\n"
"	cpuid\n"
"	mov %ebx, %r8d\n"
"	xor %ecx, %ecx\n"
"	xor %edx, %edx\n"
"	mov $7, %eax\n"
"	xsetbv\n"
"	mov $0xd, %eax\n"
"	xor %ecx, %ecx\n"
"	cpuid\n"
"	mov %ebx, %r9d\n"
"	hlt\n");

TEST_F(guest, xsave_size_follows_xcr0)
{
	if ((device_info(self->vm.device).xcr0 & 7) != 7)
		SKIP(return, "this CPU has no AVX for guests");
	vcpu_code(&self->cpu, sizes);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(576, self->run->regs[POSADA_R8]);
	EXPECT_EQ(832, self->run->regs[POSADA_R9]);
}

/* The table of a new vCPU has its id as the initial APIC id. */
TEST_F(guest, initial_apic_id_is_the_vcpu_id)
{
	struct vcpu other;

	vcpu_create(&self->vm, &other, 3);
	boot_long(&other);
	vcpu_code(&self->cpu, ask);
	EXPECT_EQ(0, guest_asks(&self->cpu, 1, 0).ebx >> 24);
	EXPECT_EQ(3, guest_asks(&other, 1, 0).ebx >> 24);
	vcpu_close(&other);
}

/* VMX is the host's: a guest that believed it had it would only meet #UD. */
TEST_F(guest, vmx_is_hidden)
{
	vcpu_code(&self->cpu, ask);
	EXPECT_EQ(0, guest_asks(&self->cpu, 1, 0).ecx & (1 << 5));
}

TEST_HARNESS_MAIN
