// SPDX-License-Identifier: GPL-2.0
/* Is the guest-physical layout changed as asked, all of it or nothing? */
#include <sys/mman.h>

#include "guest_fixture.h"
#include "runner.h"

#define AT 0x400000
#define PAGE 0x1000

GUEST_CODE(reads,
"	mov (%rbx), %r8\n"
"	hlt\n");

/* What the guest finds at an address: a word, or NOTHING. */
#define NOTHING 0xdeadULL

static uint64_t guest_finds(struct vcpu *cpu, uint64_t gpa)
{
	vcpu_code(cpu, reads);
	vcpu_rip_set(cpu, GUEST_CODE_AT);
	cpu->run->regs[POSADA_RBX] = gpa;
	require(__vcpu_run_on(cpu) == 0);
	if (cpu->run->reason == POSADA_EXIT_MMIO && cpu->run->mmio.gpa == gpa)
		return NOTHING;
	require(cpu->run->reason == POSADA_EXIT_HLT);
	return cpu->run->regs[POSADA_R8];
}

/* Pages that hold 1, 2, 3, ... */
static uint64_t *numbered_pages(unsigned int nr)
{
	uint64_t *memory = memory_get(nr * PAGE);
	unsigned int i;

	for (i = 0; i < nr; i++)
		memory[i * PAGE / 8] = i + 1;
	return memory;
}

static struct posada_memory_op map_op(uint64_t gpa, void *memory, uint64_t length)
{
	return (struct posada_memory_op){
		.op = POSADA_MEMORY_MAP,
		.gpa = gpa,
		.length = length,
		.hva = (uintptr_t)memory,
	};
}

static struct posada_memory_op unmap_op(uint64_t gpa, uint64_t length)
{
	return (struct posada_memory_op){
		.op = POSADA_MEMORY_UNMAP,
		.gpa = gpa,
		.length = length,
	};
}

TEST_F(guest, mapped_is_there_and_unmapped_is_not)
{
	uint64_t *memory = numbered_pages(4);

	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT));
	vm_map(&self->vm, AT, memory, 4 * PAGE, 0);
	EXPECT_EQ(1, guest_finds(&self->cpu, AT));
	EXPECT_EQ(4, guest_finds(&self->cpu, AT + 3 * PAGE));
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT + 4 * PAGE));
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT - PAGE));
	vm_unmap(&self->vm, AT, 4 * PAGE);
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT));
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT + 3 * PAGE));
}

TEST_F(guest, part_of_a_range_can_be_unmapped)
{
	uint64_t *memory = numbered_pages(5);
	unsigned int i;

	vm_map(&self->vm, AT, memory, 5 * PAGE, 0);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(i + 1, guest_finds(&self->cpu, AT + i * PAGE));
	vm_unmap(&self->vm, AT + 2 * PAGE, PAGE);
	EXPECT_EQ(2, guest_finds(&self->cpu, AT + PAGE));
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT + 2 * PAGE));
	EXPECT_EQ(4, guest_finds(&self->cpu, AT + 3 * PAGE));
	vm_unmap(&self->vm, AT, PAGE);
	vm_unmap(&self->vm, AT + 4 * PAGE, PAGE);
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT));
	EXPECT_EQ(2, guest_finds(&self->cpu, AT + PAGE));
	EXPECT_EQ(4, guest_finds(&self->cpu, AT + 3 * PAGE));
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT + 4 * PAGE));
}

TEST_F(guest, one_unmap_may_cover_several_ranges_and_the_gaps)
{
	uint64_t *memory = numbered_pages(3);

	vm_map(&self->vm, AT, memory, PAGE, 0);
	vm_map(&self->vm, AT + 4 * PAGE, memory + PAGE / 8, PAGE, 0);
	vm_map(&self->vm, AT + 8 * PAGE, memory + 2 * PAGE / 8, PAGE, 0);
	vm_unmap(&self->vm, AT - PAGE, 9 * PAGE);
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT));
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT + 4 * PAGE));
	EXPECT_EQ(3, guest_finds(&self->cpu, AT + 8 * PAGE));
}

TEST_F(guest, unmapping_nothing_is_enoent)
{
	uint64_t *memory = numbered_pages(1);

	EXPECT_EQ(-ENOENT, __vm_unmap(&self->vm, AT, PAGE));
	vm_map(&self->vm, AT, memory, PAGE, 0);
	vm_unmap(&self->vm, AT, PAGE);
	EXPECT_EQ(-ENOENT, __vm_unmap(&self->vm, AT, PAGE));
	EXPECT_EQ(-ENOENT, __vm_unmap(&self->vm, AT + PAGE, 16 * PAGE));
}

TEST_F(guest, mapping_over_something_is_eexist)
{
	uint64_t *memory = numbered_pages(4);

	vm_map(&self->vm, AT + PAGE, memory, 2 * PAGE, 0);
	EXPECT_EQ(-EEXIST, __vm_map(&self->vm, AT + PAGE, memory, 2 * PAGE, 0));
	EXPECT_EQ(-EEXIST, __vm_map(&self->vm, AT, memory, 2 * PAGE, 0));
	EXPECT_EQ(-EEXIST, __vm_map(&self->vm, AT + 2 * PAGE, memory, 2 * PAGE, 0));
	EXPECT_EQ(-EEXIST, __vm_map(&self->vm, AT, memory, 4 * PAGE, 0));
	vm_map(&self->vm, AT, memory, PAGE, 0);
	vm_map(&self->vm, AT + 3 * PAGE, memory, PAGE, 0);
}

/* One op of four cannot be done: the layout is as before, and bad_op says which. */
TEST_F(guest, all_or_nothing)
{
	uint64_t *memory = numbered_pages(4);
	struct posada_memory_op ops[] = {
		unmap_op(AT, PAGE),
		map_op(AT + 16 * PAGE, memory + 2 * PAGE / 8, PAGE),
		map_op(AT + PAGE, memory, PAGE),	/* is mapped */
		map_op(AT + 32 * PAGE, memory, PAGE),
	};
	uint32_t bad = 0;

	vm_map(&self->vm, AT, memory, 2 * PAGE, 0);
	ASSERT_EQ(1, guest_finds(&self->cpu, AT));
	EXPECT_EQ(-EEXIST, __vm_memory(&self->vm, ops, ARRAY_SIZE(ops), &bad));
	EXPECT_EQ(2, bad);
	EXPECT_EQ(1, guest_finds(&self->cpu, AT));
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT + 16 * PAGE));
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT + 32 * PAGE));
	ops[2].gpa = AT + 17 * PAGE;
	EXPECT_EQ(0, __vm_memory(&self->vm, ops, ARRAY_SIZE(ops), &bad));
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT));
	EXPECT_EQ(2, guest_finds(&self->cpu, AT + PAGE));
	EXPECT_EQ(3, guest_finds(&self->cpu, AT + 16 * PAGE));
	EXPECT_EQ(1, guest_finds(&self->cpu, AT + 17 * PAGE));
	EXPECT_EQ(1, guest_finds(&self->cpu, AT + 32 * PAGE));
}

/* Operations apply in order: the second may use what the first made free. */
TEST_F(guest, replaced_in_one_call)
{
	uint64_t *memory = numbered_pages(2);
	struct posada_memory_op ops[] = {
		unmap_op(AT, PAGE),
		map_op(AT, memory + PAGE / 8, PAGE),
	};

	vm_map(&self->vm, AT, memory, PAGE, 0);
	ASSERT_EQ(1, guest_finds(&self->cpu, AT));
	ASSERT_EQ(0, __vm_memory(&self->vm, ops, ARRAY_SIZE(ops), NULL));
	EXPECT_EQ(2, guest_finds(&self->cpu, AT));
}

TEST_F(guest, the_same_memory_at_two_places)
{
	uint64_t *memory = numbered_pages(1);

	vm_map(&self->vm, AT, memory, PAGE, 0);
	vm_map(&self->vm, 0xc0000000, memory, PAGE, 0);
	EXPECT_EQ(1, guest_finds(&self->cpu, AT));
	EXPECT_EQ(1, guest_finds(&self->cpu, 0xc0000000));
	vm_unmap(&self->vm, AT, PAGE);
	EXPECT_EQ(NOTHING, guest_finds(&self->cpu, AT));
	EXPECT_EQ(1, guest_finds(&self->cpu, 0xc0000000));
	ASSERT_EQ(0, madvise(memory, PAGE, MADV_DONTNEED));
	EXPECT_EQ(0, guest_finds(&self->cpu, 0xc0000000));
}

/* The last page below the limit of guest-physical addresses. */
GUEST_CODE(reads_far,
"	mov $0x8000000000, %rax\n"
"	mov (%rax), %r8\n"
"	hlt\n");

TEST_F(guest, the_last_guest_physical_page)
{
	uint64_t last = (1ULL << device_info(self->vm.device).gpa_bits) - PAGE;
	uint64_t *tables = (uint64_t *)(self->vm.ram + 0xd0000);
	uint64_t *memory = numbered_pages(1);

	/* linear 512 GiB to the last page */
	((uint64_t *)(self->vm.ram + GUEST_PML4))[1] = 0xd0000 | 7;
	tables[0] = 0xd1000 | 7;
	tables[512] = 0xd2000 | 7;
	tables[1024] = last | 7;
	vcpu_code(&self->cpu, reads_far);
	vm_map(&self->vm, last, memory, PAGE, 0);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(1, self->run->regs[POSADA_R8]);
}

TEST_F(guest, as_many_ranges_as_info_tells)
{
	uint32_t max = device_info(self->vm.device).max_ranges;
	uint64_t *memory = numbered_pages(1);
	unsigned int i;

	/* one is the RAM; every second page, so that none can be merged */
	for (i = 1; i < max; i++)
		ASSERT_EQ(0, __vm_map(&self->vm, AT + i * 2 * PAGE, memory, PAGE, 0));
	EXPECT_EQ(-ENOSPC, __vm_map(&self->vm, AT + i * 2 * PAGE, memory, PAGE, 0));
	/* a hole in a range makes two of it */
	EXPECT_EQ(-ENOSPC, __vm_unmap(&self->vm, 0x100000, PAGE));
	EXPECT_EQ(1, guest_finds(&self->cpu, AT + 2 * PAGE));
	vm_unmap(&self->vm, AT + 2 * PAGE, PAGE);
	vm_map(&self->vm, AT + i * 2 * PAGE, memory, PAGE, 0);
}

/* The guest reads the window all the time: never a torn change, never a stale page. */
GUEST_CODE(watches,
"1:	mov (%rbx), %rax\n"
"	mov %rax, DATA\n"
"	cmpl $0, DATA + 128\n"
"	je 1b\n"
"	hlt\n");

TEST_F_TIMEOUT(guest, changes_while_the_guest_runs, 120)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	uint64_t *memory = numbered_pages(2);
	struct posada_memory_op ops[] = { unmap_op(AT, PAGE), map_op(AT, memory, PAGE) };
	struct runner runner;
	unsigned int i;

	vm_map(&self->vm, AT, memory, PAGE, 0);
	vcpu_code(&self->cpu, watches);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	self->run->regs[POSADA_RBX] = AT;
	runner_start(&runner, &self->cpu);
	for (i = 0; i < 200; i++) {
		ops[1].hva = (uintptr_t)memory + (i & 1) * PAGE;
		ASSERT_EQ(0, __vm_memory(&self->vm, ops, ARRAY_SIZE(ops), NULL));
		while (data[0] != (i & 1) + 1)
			relax();
	}
	data[32] = 1;
	ASSERT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
}

TEST_HARNESS_MAIN
