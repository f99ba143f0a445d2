// SPDX-License-Identifier: GPL-2.0
/* Does the page walk say what the MMU would (SDM 3A chapter 4)? */
#include <kselftest_harness.h>

#include "walk.h"

#define P	0x1ULL
#define W	0x2ULL
#define U	0x4ULL
#define A	0x20ULL
#define D	0x40ULL
#define PS	0x80ULL
#define NX	(1ULL << 63)

#define CR0_WP	0x10000ULL
#define CR0_PG	0x80000001ULL
#define CR4_PSE	0x10ULL
#define CR4_PAE	0x20ULL
#define CR4_SMEP 0x100000ULL
#define CR4_SMAP 0x200000ULL
#define LMA	0x500ULL
#define NXE	0x800ULL
#define AC	0x40000ULL

#define PRESENT	WALK_ERROR_PRESENT
#define RSVD	WALK_ERROR_RESERVED

FIXTURE(walk) {
	struct guest_memory ram;
	uint8_t *bytes;
	struct walk_memory mem;
	struct walk_cpu cpu;
	struct walk_result result;
};

FIXTURE_SETUP(walk)
{
	self->bytes = calloc(16, 0x1000);
	ASSERT_EQ(0, guest_memory_add(&self->ram, 0, 0x10000, self->bytes));
	self->mem = walk_ram(&self->ram);
	self->cpu = (struct walk_cpu){
		.cr0 = CR0_PG | CR0_WP,
		.cr3 = 0x1000,
		.cr4 = CR4_PAE,
		.efer = LMA | NXE,
		.gpa_bits = 40,
	};
}

FIXTURE_TEARDOWN(walk)
{
	free(self->bytes);
}

static uint64_t *table(FIXTURE_DATA(walk) *self, uint64_t gpa)
{
	return (uint64_t *)(self->bytes + gpa);
}

/* 4 levels: linear page 0x12345678 << 12 ... at 0x1000, 0x2000, 0x3000, 0x4000 */
#define GVA 0x7f8012345678ULL

static void four_levels(FIXTURE_DATA(walk) *self, uint64_t leaf)
{
	table(self, 0x1000)[GVA >> 39 & 511] = 0x2000 | P | W | U;
	table(self, 0x2000)[GVA >> 30 & 511] = 0x3000 | P | W | U;
	table(self, 0x3000)[GVA >> 21 & 511] = 0x4000 | P | W | U;
	table(self, 0x4000)[GVA >> 12 & 511] = leaf;
}

#define WALK(gva, access) walk(&self->cpu, &self->mem, gva, access, &self->result)

#define EXPECT_GPA(expected, gva, access) do {				\
	EXPECT_EQ(WALK_OK, WALK(gva, access));				\
	EXPECT_EQ((uint64_t)(expected), self->result.gpa);		\
} while (0)

#define EXPECT_FAULT(error, gva, access) do {				\
	EXPECT_EQ(WALK_FAULT, WALK(gva, access));			\
	EXPECT_EQ((uint32_t)(error), self->result.error_code);		\
} while (0)

TEST_F(walk, without_paging)
{
	self->cpu.cr0 = 1;
	self->cpu.efer = 0;
	EXPECT_GPA(0x12345678, 0x12345678, WALK_WRITE | WALK_USER);
}

TEST_F(walk, four_levels)
{
	four_levels(self, 0xabcde000 | P | W | U);
	EXPECT_GPA(0xabcde678, GVA, WALK_READ);
	EXPECT_EQ(0x1000, self->result.page_size);
	EXPECT_GPA(0xabcde678, GVA, WALK_WRITE | WALK_USER);
	EXPECT_GPA(0xabcde678, GVA, WALK_EXEC | WALK_USER);
}

TEST_F(walk, the_upper_half)
{
	uint64_t gva = 0xffff800000001234;

	table(self, 0x1000)[256] = 0x2000 | P | W;
	table(self, 0x2000)[0] = 0x3000 | P | W;
	table(self, 0x3000)[0] = 0x4000 | P | W;
	table(self, 0x4000)[1] = 0x9000 | P | W;
	EXPECT_GPA(0x9234, gva, WALK_WRITE);
}

TEST_F(walk, large_pages)
{
	four_levels(self, 0);
	table(self, 0x3000)[GVA >> 21 & 511] = 0x40000000 | P | W | U | PS;
	EXPECT_GPA(0x40000000 + (GVA & 0x1fffff), GVA, WALK_WRITE);
	EXPECT_EQ(0x200000, self->result.page_size);
	table(self, 0x2000)[GVA >> 30 & 511] = 0x80000000 | P | W | U | PS;
	EXPECT_GPA(0x80000000 + (GVA & 0x3fffffff), GVA, WALK_WRITE);
	EXPECT_EQ(0x40000000, self->result.page_size);
}

TEST_F(walk, not_present_at_every_level)
{
	EXPECT_FAULT(0, GVA, WALK_READ);
	four_levels(self, 0xabcde000 | P);
	table(self, 0x4000)[GVA >> 12 & 511] = 0;
	EXPECT_FAULT(WALK_WRITE, GVA, WALK_WRITE);
	EXPECT_FAULT(WALK_USER, GVA, WALK_USER);
	EXPECT_FAULT(WALK_USER | WALK_EXEC, GVA, WALK_USER | WALK_EXEC);
	table(self, 0x3000)[GVA >> 21 & 511] = 0;
	EXPECT_FAULT(0, GVA, WALK_READ);
	table(self, 0x2000)[GVA >> 30 & 511] = 0;
	EXPECT_FAULT(0, GVA, WALK_READ);
}

TEST_F(walk, write_protection)
{
	four_levels(self, 0xabcde000 | P | U);
	EXPECT_GPA(0xabcde678, GVA, WALK_READ);
	EXPECT_FAULT(PRESENT | WALK_WRITE, GVA, WALK_WRITE);
	EXPECT_FAULT(PRESENT | WALK_WRITE | WALK_USER, GVA, WALK_WRITE | WALK_USER);
	/* without WP a supervisor may */
	self->cpu.cr0 = CR0_PG;
	EXPECT_GPA(0xabcde678, GVA, WALK_WRITE);
	EXPECT_FAULT(PRESENT | WALK_WRITE | WALK_USER, GVA, WALK_WRITE | WALK_USER);
	/* and any level protects */
	self->cpu.cr0 |= CR0_WP;
	four_levels(self, 0xabcde000 | P | W | U);
	table(self, 0x2000)[GVA >> 30 & 511] = 0x3000 | P | U;
	EXPECT_FAULT(PRESENT | WALK_WRITE, GVA, WALK_WRITE);
}

TEST_F(walk, supervisor_pages)
{
	four_levels(self, 0xabcde000 | P | W);
	EXPECT_GPA(0xabcde678, GVA, WALK_WRITE);
	EXPECT_FAULT(PRESENT | WALK_USER, GVA, WALK_USER);
	four_levels(self, 0xabcde000 | P | W | U);
	table(self, 0x1000)[GVA >> 39 & 511] = 0x2000 | P | W;
	EXPECT_FAULT(PRESENT | WALK_USER, GVA, WALK_USER);
}

TEST_F(walk, no_execute)
{
	four_levels(self, 0xabcde000 | P | W | U | NX);
	EXPECT_GPA(0xabcde678, GVA, WALK_WRITE);
	EXPECT_FAULT(PRESENT | WALK_EXEC, GVA, WALK_EXEC);
	/* without NXE the bit is reserved */
	self->cpu.efer = LMA;
	EXPECT_FAULT(PRESENT | RSVD, GVA, WALK_READ);
}

TEST_F(walk, smep_and_smap)
{
	four_levels(self, 0xabcde000 | P | W | U);
	self->cpu.cr4 |= CR4_SMEP;
	EXPECT_FAULT(PRESENT | WALK_EXEC, GVA, WALK_EXEC);
	EXPECT_GPA(0xabcde678, GVA, WALK_EXEC | WALK_USER);
	self->cpu.cr4 = CR4_PAE | CR4_SMAP;
	EXPECT_FAULT(PRESENT, GVA, WALK_READ);
	EXPECT_FAULT(PRESENT | WALK_WRITE, GVA, WALK_WRITE);
	EXPECT_GPA(0xabcde678, GVA, WALK_WRITE | WALK_USER);
	self->cpu.rflags = AC;
	EXPECT_GPA(0xabcde678, GVA, WALK_WRITE);
}

TEST_F(walk, reserved_bits)
{
	four_levels(self, 0xabcde000 | P | W | U | 1ULL << 40);
	EXPECT_FAULT(PRESENT | RSVD, GVA, WALK_READ);
	EXPECT_FAULT(PRESENT | RSVD | WALK_USER | WALK_WRITE, GVA, WALK_USER | WALK_WRITE);
	four_levels(self, 0xabcde000 | P | W | U);
	/* PS in the PML4; low bits of a large page */
	table(self, 0x1000)[GVA >> 39 & 511] = 0x2000 | P | W | U | PS;
	EXPECT_FAULT(PRESENT | RSVD, GVA, WALK_READ);
	four_levels(self, 0);
	table(self, 0x3000)[GVA >> 21 & 511] = 0x40002000 | P | W | U | PS;
	EXPECT_FAULT(PRESENT | RSVD, GVA, WALK_READ);
}

TEST_F(walk, addresses_that_are_not_canonical)
{
	EXPECT_EQ(WALK_CANONICAL, WALK(0x0000800000000000, WALK_READ));
	EXPECT_EQ(WALK_CANONICAL, WALK(0xffff7fffffffffff, WALK_READ));
	EXPECT_EQ(WALK_CANONICAL, WALK(1ULL << 63, WALK_WRITE));
}

TEST_F(walk, a_table_where_no_memory_is)
{
	table(self, 0x1000)[GVA >> 39 & 511] = 0x200000 | P | W | U;
	EXPECT_EQ(WALK_NO_MEMORY, WALK(GVA, WALK_READ));
	EXPECT_EQ(0x200000 + 8 * (GVA >> 30 & 511), self->result.table_gpa);
	self->cpu.cr3 = 0xfffff000;
	EXPECT_EQ(WALK_NO_MEMORY, WALK(GVA, WALK_READ));
}

TEST_F(walk, accessed_and_dirty)
{
	four_levels(self, 0xabcde000 | P | W | U);
	EXPECT_GPA(0xabcde678, GVA, WALK_READ);
	EXPECT_EQ(A, table(self, 0x1000)[GVA >> 39 & 511] & (A | D));
	EXPECT_EQ(A, table(self, 0x4000)[GVA >> 12 & 511] & (A | D));
	EXPECT_GPA(0xabcde678, GVA, WALK_WRITE);
	EXPECT_EQ(A | D, table(self, 0x4000)[GVA >> 12 & 511] & (A | D));
	EXPECT_EQ(A, table(self, 0x3000)[GVA >> 21 & 511] & (A | D));
	/* an access that faults leaves no dirt */
	four_levels(self, 0xabcde000 | P | U);
	EXPECT_FAULT(PRESENT | WALK_WRITE, GVA, WALK_WRITE);
	EXPECT_EQ(0, table(self, 0x4000)[GVA >> 12 & 511] & D);
}

TEST_F(walk, pae)
{
	self->cpu.efer = 0;
	self->cpu.cr3 = 0x1020;
	table(self, 0x1020)[1] = 0x2000 | P;
	table(self, 0x2000)[3] = 0x3000 | P | W | U;
	table(self, 0x3000)[4] = 0x123456000 | P | W | U;
	EXPECT_GPA(0x123456789, 0x40604789, WALK_WRITE | WALK_USER);
	table(self, 0x2000)[3] = 0x40000000 | P | W | U | PS;
	EXPECT_GPA(0x40004789, 0x40604789, WALK_WRITE);
	EXPECT_EQ(0x200000, self->result.page_size);
	EXPECT_FAULT(0, 0x80000000, WALK_READ);
}

TEST_F(walk, two_levels)
{
	uint32_t *directory = (uint32_t *)(self->bytes + 0x1000);
	uint32_t *page_table = (uint32_t *)(self->bytes + 0x2000);

	self->cpu.efer = 0;
	self->cpu.cr4 = 0;
	directory[0x123] = 0x2000 | P | W | U;
	page_table[0x145] = 0x9000 | P | U;
	EXPECT_GPA(0x9678, 0x48d45678, WALK_READ);
	EXPECT_FAULT(PRESENT | WALK_WRITE, 0x48d45678, WALK_WRITE);
	/* PS counts with CR4.PSE only; PSE-36 has bits 39:32 in bits 20:13 */
	directory[0x123] = 0x00c00000 | 5 << 13 | P | W | U | PS;
	self->cpu.cr4 = CR4_PSE;
	EXPECT_GPA(0x500c00000 + (0x48d45678 & 0x3fffff), 0x48d45678, WALK_WRITE);
	EXPECT_EQ(0x400000, self->result.page_size);
}

TEST_HARNESS_MAIN
