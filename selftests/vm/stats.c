// SPDX-License-Identifier: GPL-2.0
/* Do the counters count what happened? */
#include "guest_fixture.h"

GUEST_CODE(does_things,
"	xor %eax, %eax\n"
"	cpuid\n"
"	xor %eax, %eax\n"
"	cpuid\n"
"	out %al, $0x80\n"
"	in $0x80, %al\n"
"	vmcall\n"
"	mov 0x700000, %eax\n"
"	hlt\n");

TEST_F(guest, exits_by_reason)
{
	uint64_t exits = 0;
	struct posada_stats stats;
	unsigned int i;

	vcpu_code(&self->cpu, does_things);
	for (i = 0; i < 3; i++) {
		vcpu_run_to(&self->cpu, i < 2 ? POSADA_EXIT_IO : POSADA_EXIT_HYPERCALL);
		self->run->apply = POSADA_APPLY_SKIP;
	}
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	stats = vcpu_stats(&self->cpu);
	EXPECT_EQ(2, stats.exits[10]);		/* CPUID */
	EXPECT_EQ(2, stats.exits[30]);		/* I/O */
	EXPECT_EQ(1, stats.exits[18]);		/* VMCALL */
	EXPECT_LE(1, stats.exits[48]);		/* EPT violation: this one, and first touches */
	EXPECT_EQ(0, stats.exits[12]);		/* HLT */
	EXPECT_EQ(4, stats.to_user);
	for (i = 0; i < POSADA_STATS_REASONS; i++)
		exits += stats.exits[i];
	EXPECT_EQ(stats.entries, exits);
}

TEST_F(guest, nothing_has_happened_yet)
{
	struct posada_stats stats = vcpu_stats(&self->cpu), zero = { .size = sizeof(zero) };

	EXPECT_EQ(0, memcmp(&zero, &stats, sizeof(stats)));
}

GUEST_CODE(touches,
"	mov $0x100000, %ebx\n"
"1:	movb $1, (%rbx)\n"
"	add $0x1000, %ebx\n"
"	cmp $0x140000, %ebx\n"
"	jb 1b\n"
"	hlt\n");

TEST_F(guest, memory_faults)
{
	struct posada_stats before, after;

	vcpu_code(&self->cpu, touches);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	before = vcpu_stats(&self->cpu);
	EXPECT_LT(0, before.faults);
	EXPECT_LE(before.faults, before.mapped);
	/* every page it wrote, and those of code and page tables */
	EXPECT_LE(before.faults, before.exits[48]);
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	after = vcpu_stats(&self->cpu);
	EXPECT_EQ(before.faults, after.faults);
	EXPECT_EQ(before.mapped, after.mapped);
	EXPECT_LT(before.entries, after.entries);
}

GUEST_CODE(nops,
"	nop\n"
"	hlt\n");

TEST_F(guest, events)
{
	struct posada_stats before, stats;

	vcpu_code(&self->cpu, nops);
	/* once before, for the first delivery may run into pages not touched yet */
	vcpu_nmi(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	before = vcpu_stats(&self->cpu);
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	vcpu_interrupt(&self->cpu, 0x50);
	vcpu_interrupt(&self->cpu, 0x51);
	vcpu_nmi(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	stats = vcpu_stats(&self->cpu);
	EXPECT_EQ(before.irq + 2, stats.irq);
	EXPECT_EQ(before.nmi + 1, stats.nmi);
	EXPECT_EQ(before.exceptions, stats.exceptions);
	EXPECT_EQ(before.redelivered, stats.redelivered);
}

TEST_HARNESS_MAIN
