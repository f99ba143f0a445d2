// SPDX-License-Identifier: GPL-2.0
/* Does a fault bring in neighbours where that pays, and no more than asked for? */
#include <sys/mman.h>

#include "guest_fixture.h"

#define PAGE   0x1000UL
#define WINDOW 0x40000000UL
#define PAGES  2048UL
#define SIZE   (PAGES * PAGE)

/* Writes to RCX addresses, RDX apart, from RBX on */
GUEST_CODE(touches, "1:	mov %rbx, (%rbx)\n"
		    "	add %rdx, %rbx\n"
		    "	dec %rcx\n"
		    "	jnz 1b\n"
		    "	hlt\n");

static void touch(struct vcpu *cpu, uint64_t from, uint64_t count, uint64_t stride)
{
	vcpu_code(cpu, touches);
	vcpu_rip_set(cpu, GUEST_CODE_AT);
	cpu->run->regs[POSADA_RBX] = from;
	cpu->run->regs[POSADA_RCX] = count;
	cpu->run->regs[POSADA_RDX] = stride;
	vcpu_run_to(cpu, POSADA_EXIT_HLT);
}

struct cost {
	uint64_t faults;
	uint64_t mapped;
};

/* The faults and leaves of one walk; the guest's own pages are there before. */
static struct cost cost_of(struct vm *vm, struct vcpu *cpu, void *memory, uint32_t flags,
			   uint64_t from, uint64_t count, uint64_t stride)
{
	struct posada_stats before, after;

	/* present: after an absent page the next are taken to be absent too */
	memset(vm->ram + GUEST_DATA, 1, PAGE);
	touch(cpu, GUEST_DATA, 1, PAGE);
	vm_map(vm, WINDOW, memory, SIZE, flags);
	before = vcpu_stats(cpu);
	touch(cpu, WINDOW + from, count, stride);
	after = vcpu_stats(cpu);
	return (struct cost){ after.faults - before.faults, after.mapped - before.mapped };
}

static void *small_pages(bool present)
{
	uint8_t *memory = memory_get(SIZE);
	size_t i;

	madvise(memory, SIZE, MADV_NOHUGEPAGE);
	for (i = 0; present && i < SIZE; i += PAGE)
		memory[i] = 1;
	return memory;
}

static unsigned int present(void *memory)
{
	static unsigned char there[PAGES];
	unsigned int i, nr = 0;

	require(mincore(memory, SIZE, there) == 0);
	for (i = 0; i < PAGES; i++)
		nr += there[i] & 1;
	return nr;
}

TEST_F(guest, present_pages_come_many_at_a_time)
{
	struct cost cost = cost_of(&self->vm, &self->cpu, small_pages(true), 0, 0, PAGES, PAGE);

	EXPECT_EQ(PAGES, cost.mapped);
	EXPECT_GE(8, cost.faults);
}

/* A guest that jumps gets the pages around, not the more that one who walks gets. */
TEST_F(guest, a_guest_that_jumps_gets_the_pages_around)
{
	struct cost cost =
		cost_of(&self->vm, &self->cpu, small_pages(true), 0, 70 * PAGE, 7, 256 * PAGE);

	EXPECT_EQ(7, cost.faults);
	EXPECT_EQ(7 * 64, cost.mapped);
}

TEST_F(guest, absent_pages_come_a_few_at_a_time)
{
	void *memory = small_pages(false);
	struct cost cost = cost_of(&self->vm, &self->cpu, memory, 0, 0, 1024, PAGE);

	EXPECT_GE(1024 / 8, cost.faults);
	/* at most 15 that nobody touched */
	EXPECT_LE(1024, present(memory));
	EXPECT_GE(1024 + 15, present(memory));
}

TEST_F(guest, a_guest_that_jumps_brings_no_absent_page)
{
	void *memory = small_pages(false);
	struct cost cost = cost_of(&self->vm, &self->cpu, memory, 0, 0, PAGES / 2, 2 * PAGE);

	EXPECT_EQ(PAGES / 2, cost.faults);
	EXPECT_EQ(PAGES / 2, present(memory));
}

TEST_F(guest, without_around_present_pages_come_one_by_one)
{
	struct cost cost = cost_of(&self->vm, &self->cpu, small_pages(true),
				   POSADA_MEMORY_NO_AROUND, 0, 512, PAGE);

	EXPECT_EQ(512, cost.mapped);
	EXPECT_EQ(512, cost.faults);
}

TEST_F(guest, without_around_no_page_is_brought_ahead)
{
	void *memory = small_pages(false);
	struct cost cost =
		cost_of(&self->vm, &self->cpu, memory, POSADA_MEMORY_NO_AROUND, 0, 500, PAGE);

	EXPECT_EQ(500, cost.faults);
	EXPECT_EQ(500, present(memory));
}

/* The last page there is: what comes after it cannot be had, and need not. */
TEST_F(guest, ahead_of_the_end_of_a_mapping)
{
	uint8_t *memory = small_pages(false);
	struct cost cost;

	ASSERT_EQ(0, munmap(memory + 100 * PAGE, SIZE - 100 * PAGE));
	cost = cost_of(&self->vm, &self->cpu, memory, 0, 0, 100, PAGE);
	EXPECT_EQ(100, cost.mapped);
	EXPECT_GE(100, cost.faults);
}

TEST_HARNESS_MAIN
