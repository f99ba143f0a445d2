// SPDX-License-Identifier: GPL-2.0
/* Does a guest read from its control registers what it wrote, and is refused what the CPU refuses? */
#include "guest_fixture.h"

#define CR0_NE		0x20
#define CR0_TS		0x8
#define CR0_EM		0x4
#define CR0_NW		0x20000000
#define CR0_CD		0x40000000
#define CR0_PG		0x80000000
#define CR0_PE		0x1
#define CR0_ET		0x10
#define CR0_AM		0x40000
#define CR4_TSD		0x4
#define CR4_DE		0x8
#define CR4_PAE		0x20
#define CR4_MCE		0x40
#define CR4_PGE		0x80
#define CR4_VMXE	0x2000
#define CR4_SMXE	0x4000
#define CR4_PCIDE	0x20000

/* R8 to the register, and back to R9; R10: 1 done, 2 the write faulted */
#define WRITE_AND_READ(n)						\
	GUEST_CODE(write_cr##n,						\
	"	TRY write_cr" #n "_fault\n"				\
	"	mov %r8, %cr" #n "\n"					\
	"	movq $0, RECOVER\n"					\
	"	mov %cr" #n ", %r9\n"					\
	"	mov $1, %r10d\n"					\
	"	hlt\n"							\
	"write_cr" #n "_fault:\n"					\
	"	mov $2, %r10d\n"					\
	"	hlt\n")

WRITE_AND_READ(0);
WRITE_AND_READ(3);
WRITE_AND_READ(4);
WRITE_AND_READ(8);

static bool guest_writes(struct vcpu *cpu, uint64_t value)
{
	vcpu_rip_set(cpu, GUEST_CODE_AT);
	cpu->run->regs[POSADA_R8] = value;
	cpu->run->regs[POSADA_R9] = 0;
	cpu->run->regs[POSADA_R10] = 0;
	vcpu_run_to(cpu, POSADA_EXIT_HLT);
	return cpu->run->regs[POSADA_R10] == 1;
}

#define EXPECT_TAKES(value, reads) do {					\
	EXPECT_TRUE(guest_writes(&self->cpu, value)) {			\
		TH_LOG("%#llx faulted", (unsigned long long)(value));	\
	}								\
	EXPECT_EQ((uint64_t)(reads), self->run->regs[POSADA_R9]) {	\
		TH_LOG("wrote %#llx, read %#llx", (unsigned long long)(value), \
		       (unsigned long long)self->run->regs[POSADA_R9]);	\
	}								\
} while (0)

#define EXPECT_GP(value) do {						\
	unsigned int count = vm_log(&self->vm)->count;			\
									\
	EXPECT_FALSE(guest_writes(&self->cpu, value)) {			\
		TH_LOG("%#llx did not fault", (unsigned long long)(value)); \
	}								\
	EXPECT_EQ(count + 1, vm_log(&self->vm)->count);			\
	EXPECT_EQ(13, vm_event(&self->vm, count)->vector);		\
	EXPECT_EQ(0, vm_event(&self->vm, count)->error);		\
} while (0)

static struct posada_control control(struct vcpu *cpu)
{
	return vcpu_state(cpu, POSADA_STATE_CONTROL).control;
}

TEST_F(guest, cr0_bits_that_vmx_fixes_toggle_for_the_guest)
{
	uint64_t cr0 = control(&self->cpu).cr0;

	vcpu_code(&self->cpu, write_cr0);
	EXPECT_TAKES(cr0 & ~CR0_NE, cr0 & ~CR0_NE);
	EXPECT_EQ(cr0 & ~CR0_NE, control(&self->cpu).cr0);
	EXPECT_TAKES(cr0 | CR0_NE, cr0 | CR0_NE);
	EXPECT_TAKES(cr0 | CR0_CD, cr0 | CR0_CD);
	EXPECT_TAKES(cr0 | CR0_CD | CR0_NW, cr0 | CR0_CD | CR0_NW);
	EXPECT_EQ(cr0 | CR0_CD | CR0_NW, control(&self->cpu).cr0);
	EXPECT_TAKES(cr0, cr0);
}

TEST_F(guest, cr0_plain_bits)
{
	uint64_t cr0 = control(&self->cpu).cr0;

	vcpu_code(&self->cpu, write_cr0);
	EXPECT_TAKES(cr0 | CR0_TS | CR0_AM, cr0 | CR0_TS | CR0_AM);
	EXPECT_EQ(cr0 | CR0_TS | CR0_AM, control(&self->cpu).cr0);
	EXPECT_TAKES(cr0 | CR0_EM, cr0 | CR0_EM);
	/* ET is hardwired */
	EXPECT_TAKES(cr0 & ~CR0_ET, cr0);
}

TEST_F(guest, cr0_impossible_values_are_gp_and_change_nothing)
{
	uint64_t cr0 = control(&self->cpu).cr0;

	vcpu_code(&self->cpu, write_cr0);
	EXPECT_GP(cr0 | CR0_NW);
	EXPECT_GP(cr0 & ~CR0_PE);
	EXPECT_GP(cr0 & ~CR0_PG);		/* with CS.L */
	EXPECT_GP(cr0 | (1ULL << 32));
	EXPECT_GP(cr0 | (1ULL << 63));
	EXPECT_EQ(cr0, control(&self->cpu).cr0);
}

TEST_F(guest, cr4_plain_bits)
{
	uint64_t cr4 = control(&self->cpu).cr4, set = cr4 | CR4_TSD | CR4_DE | CR4_MCE | CR4_PGE;

	vcpu_code(&self->cpu, write_cr4);
	EXPECT_TAKES(set, set);
	EXPECT_EQ(set, control(&self->cpu).cr4);
	EXPECT_TAKES(cr4, cr4);
}

TEST_F(guest, cr4_vmxe_is_hidden_and_gp)
{
	uint64_t cr4 = control(&self->cpu).cr4;

	EXPECT_EQ(0, cr4 & CR4_VMXE);
	vcpu_code(&self->cpu, write_cr4);
	EXPECT_TAKES(cr4, cr4);
	EXPECT_GP(cr4 | CR4_VMXE);
	EXPECT_GP(cr4 | CR4_SMXE);
	EXPECT_EQ(cr4, control(&self->cpu).cr4);
}

TEST_F(guest, cr4_reserved_bits_are_gp)
{
	uint64_t cr4 = control(&self->cpu).cr4;
	unsigned int bit;

	vcpu_code(&self->cpu, write_cr4);
	EXPECT_GP(cr4 | (1ULL << 15));
	EXPECT_GP(cr4 | (1ULL << 26));
	for (bit = 33; bit < 64; bit += 10)
		EXPECT_GP(cr4 | (1ULL << bit));
	EXPECT_GP(cr4 & ~CR4_PAE);		/* in IA-32e mode */
	EXPECT_EQ(cr4, control(&self->cpu).cr4);
}

static uint32_t cpuid_ecx1(struct vcpu *cpu)
{
	struct posada_cpuid_entry entries[256];
	struct posada_cpuid table = {
		.size = sizeof(table),
		.nr = ARRAY_SIZE(entries),
		.entries = (uintptr_t)entries,
	};
	unsigned int i;

	require(posada_ioctl(cpu->fd, POSADA_CPUID_GET, &table) == 0);
	for (i = 0; i < table.nr; i++)
		if (entries[i].leaf == 1)
			return entries[i].ecx;
	return 0;
}

TEST_F(guest, cr4_pcide)
{
	uint64_t cr4 = control(&self->cpu).cr4;

	vcpu_code(&self->cpu, write_cr4);
	if (!(cpuid_ecx1(&self->cpu) & (1 << 17))) {
		EXPECT_GP(cr4 | CR4_PCIDE);
		return;
	}
	EXPECT_TAKES(cr4 | CR4_PCIDE, cr4 | CR4_PCIDE);
	/* CR3 bit 63 then asks to keep the TLB, and is not stored */
	vcpu_code(&self->cpu, write_cr3);
	EXPECT_TAKES(GUEST_PML4 | 5 | (1ULL << 63), GUEST_PML4 | 5);
	EXPECT_EQ(GUEST_PML4 | 5, control(&self->cpu).cr3);
	EXPECT_TAKES(GUEST_PML4, GUEST_PML4);
	vcpu_code(&self->cpu, write_cr4);
	EXPECT_TAKES(cr4, cr4);
}

/* The guest that has the bits in no CPUID table cannot turn them on. */
TEST_F(guest, cr4_follows_the_cpuid_table)
{
	static struct posada_cpuid_entry entries[] = {
		{ .leaf = 0, .eax = 1 },
		{ .leaf = 1, .eax = 0x306c3, .edx = 0x0788fbff },
	};
	struct posada_cpuid table = {
		.size = sizeof(table),
		.nr = ARRAY_SIZE(entries),
		.entries = (uintptr_t)entries,
	};
	uint64_t cr4 = control(&self->cpu).cr4;

	ASSERT_EQ(0, posada_ioctl(self->cpu.fd, POSADA_CPUID_SET, &table));
	vcpu_code(&self->cpu, write_cr4);
	EXPECT_GP(cr4 | 0x40000);		/* OSXSAVE */
	EXPECT_GP(cr4 | CR4_PCIDE);
	EXPECT_GP(cr4 | 0x100000);		/* SMEP */
	EXPECT_GP(cr4 | 0x10000);		/* FSGSBASE */
}

TEST_F(guest, cr3_is_what_was_written)
{
	uint64_t *copy = (uint64_t *)(self->vm.ram + 0xd0000);

	memcpy(copy, self->vm.ram + GUEST_PML4, 0x1000);
	vcpu_code(&self->cpu, write_cr3);
	EXPECT_TAKES(0xd0000, 0xd0000);
	EXPECT_EQ(0xd0000, control(&self->cpu).cr3);
	EXPECT_TAKES(0xd0018, 0xd0018);		/* PWT, PCD */
	EXPECT_EQ(0xd0018, control(&self->cpu).cr3);
}

TEST_F(guest, cr3_reserved_bits_are_gp)
{
	vcpu_code(&self->cpu, write_cr3);
	EXPECT_GP(GUEST_PML4 | (1ULL << 52));
	EXPECT_GP(GUEST_PML4 | (1ULL << 63));	/* without PCIDE */
	EXPECT_EQ(GUEST_PML4, control(&self->cpu).cr3);
}

TEST_F(guest, cr8_holds_four_bits)
{
	unsigned int i;

	vcpu_code(&self->cpu, write_cr8);
	for (i = 0; i < 16; i++) {
		EXPECT_TAKES(i, i);
		EXPECT_EQ(i, control(&self->cpu).cr8);
	}
	EXPECT_GP(16);
	EXPECT_GP(1ULL << 63);
	EXPECT_EQ(15, control(&self->cpu).cr8);
}

GUEST_CODE(read_cr8,
"	mov %cr8, %rax\n"
"	hlt\n");

TEST_F(guest, cr8_set_from_outside_is_read_inside)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_CONTROL);

	state.control.cr8 = 9;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_CONTROL);
	vcpu_code(&self->cpu, read_cr8);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(9, self->run->regs[POSADA_RAX]);
}

GUEST_CODE(task_switched,
"	mov %cr0, %r8\n"
"	or $8, %r8\n"
"	mov %r8, %cr0\n"		/* TS */
"	smsw %r11d\n"
"	TRY ts_fault\n"
"	fnop\n"
"	hlt\n"				/* not reached */
"ts_fault:\n"
"	clts\n"
"	fnop\n"
"	mov %cr0, %r9\n"
"	mov $0x000e, %eax\n"
"	lmsw %ax\n"			/* TS, EM, MP; PE it cannot clear */
"	smsw %r12d\n"
"	mov %r9, %cr0\n"
"	mov $0x77, %r10d\n"
"	hlt\n");

TEST_F(guest, ts_clts_lmsw_smsw)
{
	vcpu_code(&self->cpu, task_switched);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x77, self->run->regs[POSADA_R10]);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(7, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(0, self->run->regs[POSADA_R9] & CR0_TS);
	EXPECT_EQ(8, self->run->regs[POSADA_R11] & 0xf & 8);
	EXPECT_EQ(0xf, self->run->regs[POSADA_R12] & 0xf);
}

TEST_HARNESS_MAIN
