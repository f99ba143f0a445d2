// SPDX-License-Identifier: GPL-2.0
/* Is what the host maps by a large page one leaf for the guest, and right whatever the host does to it? */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "guest_fixture.h"
#include "runner.h"

#define PAGE   0x1000UL
#define HUGE   0x200000UL
#define GIGA   0x40000000UL
#define WINDOW 0x40000000UL
#define SIZE   (2 * HUGE)
#define PAGES  (SIZE / PAGE)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MAP_HUGE_1GB
#define MAP_HUGE_1GB (30 << 26)
#endif

/* To each page from RBX to RCX its address */
GUEST_CODE(writes, "1:	mov %rbx, (%rbx)\n"
		   "	add $0x1000, %rbx\n"
		   "	cmp %rcx, %rbx\n"
		   "	jb 1b\n"
		   "	hlt\n");

/* R8: in how many it is no longer */
GUEST_CODE(checks, "	xor %r8d, %r8d\n"
		   "1:	cmp %rbx, (%rbx)\n"
		   "	je 2f\n"
		   "	inc %r8d\n"
		   "2:	add $0x1000, %rbx\n"
		   "	cmp %rcx, %rbx\n"
		   "	jb 1b\n"
		   "	hlt\n");

/* 1 more in each */
GUEST_CODE(adds, "1:	incq (%rbx)\n"
		 "	add $0x1000, %rbx\n"
		 "	cmp %rcx, %rbx\n"
		 "	jb 1b\n"
		 "	hlt\n");

#define run_over(cpu, code, from, to)                  \
	({                                             \
		vcpu_code(cpu, code);                  \
		vcpu_rip_set(cpu, GUEST_CODE_AT);      \
		(cpu)->run->apply = 0;                 \
		(cpu)->run->regs[POSADA_RBX] = (from); \
		(cpu)->run->regs[POSADA_RCX] = (to);   \
		vcpu_run_to(cpu, POSADA_EXIT_HLT);     \
		(cpu)->run->regs[POSADA_R8];           \
	})
#define run_all(cpu, code) run_over(cpu, code, WINDOW, WINDOW + SIZE)

/* What the guest needs for itself is mapped: from here on leaves are counted. */
static uint64_t mapped(struct vcpu *cpu)
{
	return vcpu_stats(cpu).mapped;
}

static uint8_t *aligned(size_t size, size_t to)
{
	uint8_t *p = memory_get(size + to);

	return p + (-(uintptr_t)p & (to - 1));
}

/* How many KiB from @memory on are huge; the mapping has that range alone. */
static unsigned long huge_kib(const void *memory)
{
	unsigned long start, end, kib, sum = 0;
	FILE *smaps = fopen("/proc/self/smaps", "re");
	bool ours = false;
	char line[512];

	require(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			ours = start <= (uintptr_t)memory && (uintptr_t)memory < end;
		else if (ours && (sscanf(line, "AnonHugePages: %lu", &kib) == 1 ||
				  sscanf(line, "ShmemPmdMapped: %lu", &kib) == 1))
			sum += kib;
	}
	fclose(smaps);
	return sum;
}

/* SIZE bytes in huge pages, or NULL. */
static uint8_t *huge_memory(void)
{
	uint8_t *memory = aligned(SIZE, HUGE);
	size_t i;

	if (madvise(memory, SIZE, MADV_HUGEPAGE))
		return NULL;
	for (i = 0; i < SIZE; i += HUGE)
		memory[i + 8] = 1;
	return huge_kib(memory) >= SIZE / 1024 ? memory : NULL;
}

#define NEEDS_HUGE(memory)                                                 \
	do {                                                               \
		if (!(memory))                                             \
			SKIP(return, "the host has no huge page to give"); \
	} while (0)

static void set_number(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			errno = 0;
		close(fd);
	}
}

static uint64_t word(const uint8_t *memory, size_t page)
{
	return *(const volatile uint64_t *)(memory + page * PAGE);
}

/* A VM that has run, so that its own pages are in place. */
static void ready(struct vcpu *cpu)
{
	run_over(cpu, writes, GUEST_DATA, GUEST_DATA + PAGE);
}

TEST_F(guest, a_huge_page_is_one_leaf)
{
	uint8_t *memory = huge_memory();
	uint64_t before;

	NEEDS_HUGE(memory);
	ready(&self->cpu);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	before = mapped(&self->cpu);
	run_all(&self->cpu, writes);
	EXPECT_EQ(2, mapped(&self->cpu) - before);
	EXPECT_EQ(0, run_all(&self->cpu, checks));
	EXPECT_EQ(2, mapped(&self->cpu) - before);
	EXPECT_EQ(WINDOW, word(memory, 0));
	EXPECT_EQ(WINDOW + SIZE - PAGE, word(memory, PAGES - 1));
}

/* Guest and host address differ below the size of the page. */
TEST_F(guest, a_shifted_huge_page_is_small_leaves)
{
	uint8_t *memory = huge_memory();
	uint64_t before;

	NEEDS_HUGE(memory);
	ready(&self->cpu);
	vm_map(&self->vm, WINDOW + PAGE, memory, SIZE, 0);
	before = mapped(&self->cpu);
	run_over(&self->cpu, writes, WINDOW + PAGE, WINDOW + PAGE + SIZE);
	EXPECT_EQ(PAGES, mapped(&self->cpu) - before);
	EXPECT_EQ(WINDOW + PAGE, word(memory, 0));
	EXPECT_EQ(WINDOW + SIZE, word(memory, PAGES - 1));
}

TEST_F(guest, a_part_of_a_huge_page_is_small_leaves)
{
	uint8_t *memory = huge_memory();
	uint64_t before;

	NEEDS_HUGE(memory);
	ready(&self->cpu);
	vm_map(&self->vm, WINDOW, memory, SIZE - PAGE, 0);
	before = mapped(&self->cpu);
	run_over(&self->cpu, writes, WINDOW, WINDOW + SIZE - PAGE);
	EXPECT_EQ(1 + 511, mapped(&self->cpu) - before);
	vcpu_code(&self->cpu, writes);
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	self->run->regs[POSADA_RBX] = WINDOW + SIZE - PAGE;
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	EXPECT_EQ(WINDOW + SIZE - PAGE, self->run->mmio.gpa);
}

/* Half of it is unmapped for the guest: the rest stays, and no more. */
TEST_F(guest, unmapping_a_part_takes_that_part)
{
	uint8_t *memory = huge_memory();

	NEEDS_HUGE(memory);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	run_all(&self->cpu, writes);
	vm_unmap(&self->vm, WINDOW + HUGE / 2, HUGE / 2);
	EXPECT_EQ(0, run_over(&self->cpu, checks, WINDOW, WINDOW + HUGE / 2));
	EXPECT_EQ(0, run_over(&self->cpu, checks, WINDOW + HUGE, WINDOW + SIZE));
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	self->run->regs[POSADA_RBX] = WINDOW + HUGE / 2;
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
}

TEST_F(guest, a_discarded_page_inside_reads_zero)
{
	uint8_t *memory = huge_memory();

	NEEDS_HUGE(memory);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	run_all(&self->cpu, writes);
	ASSERT_EQ(0, madvise(memory + 5 * PAGE, PAGE, MADV_DONTNEED));
	EXPECT_EQ(1, run_all(&self->cpu, checks));
	run_all(&self->cpu, adds);
	EXPECT_EQ(1, word(memory, 5));
	EXPECT_EQ(WINDOW + 4 * PAGE + 1, word(memory, 4));
}

TEST_F(guest, a_write_protected_page_inside_cannot_be_written)
{
	uint8_t *memory = huge_memory();

	NEEDS_HUGE(memory);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	run_all(&self->cpu, writes);
	ASSERT_EQ(0, mprotect(memory + 7 * PAGE, PAGE, PROT_READ));
	vcpu_code(&self->cpu, adds);
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	self->run->regs[POSADA_RBX] = WINDOW;
	vcpu_run_to(&self->cpu, POSADA_EXIT_MEMORY);
	EXPECT_EQ(WINDOW + 7 * PAGE, self->run->mmio.gpa);
	EXPECT_EQ(WINDOW + 6 * PAGE + 1, word(memory, 6));
	EXPECT_EQ(WINDOW + 7 * PAGE, word(memory, 7));
	ASSERT_EQ(0, mprotect(memory + 7 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(WINDOW + 7 * PAGE + 1, word(memory, 7));
	EXPECT_EQ(WINDOW + SIZE - PAGE + 1, word(memory, PAGES - 1));
}

TEST_F(guest, an_unmapped_page_inside_is_an_exit)
{
	uint8_t *memory = huge_memory();

	NEEDS_HUGE(memory);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	run_all(&self->cpu, writes);
	ASSERT_EQ(0, munmap(memory + 9 * PAGE, PAGE));
	vcpu_code(&self->cpu, checks);
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	self->run->regs[POSADA_RBX] = WINDOW;
	vcpu_run_to(&self->cpu, POSADA_EXIT_MEMORY);
	EXPECT_EQ(WINDOW + 9 * PAGE, self->run->mmio.gpa);
	ASSERT_EQ(memory + 9 * PAGE,
		  mmap(memory + 9 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	EXPECT_EQ(1, run_all(&self->cpu, checks));
}

TEST_F(guest, a_fork_copies_on_write)
{
	uint8_t *memory = huge_memory();
	int to_child[2], status;
	pid_t pid;
	char c;

	NEEDS_HUGE(memory);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	run_all(&self->cpu, writes);
	ASSERT_EQ(0, pipe(to_child));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		unsigned int i, bad = 0;

		/* until the parent's guest has written */
		if (read(to_child[0], &c, 1) != 1)
			_exit(2);
		for (i = 0; i < PAGES; i++)
			bad += word(memory, i) != WINDOW + i * PAGE;
		_exit(bad != 0);
	}
	run_all(&self->cpu, adds);
	ASSERT_EQ(1, write(to_child[1], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(WINDOW + 1, word(memory, 0));
	EXPECT_EQ(WINDOW + SIZE - PAGE + 1, word(memory, PAGES - 1));
}

/* Small pages, then the same made huge: the leaves merge when the guest comes by. */
TEST_F(guest, collapsed_pages_become_one_leaf)
{
	uint8_t *memory = aligned(SIZE, HUGE);
	uint64_t before;
	size_t i;

	madvise(memory, SIZE, MADV_NOHUGEPAGE);
	for (i = 0; i < SIZE; i += PAGE)
		memory[i + 8] = 1;
	ready(&self->cpu);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	before = mapped(&self->cpu);
	run_all(&self->cpu, writes);
	EXPECT_EQ(PAGES, mapped(&self->cpu) - before);
	madvise(memory, SIZE, MADV_HUGEPAGE);
	if (madvise(memory, SIZE, MADV_COLLAPSE))
		SKIP(return, "MADV_COLLAPSE: %s", strerror(errno));
	before = mapped(&self->cpu);
	EXPECT_EQ(0, run_all(&self->cpu, checks));
	EXPECT_EQ(2, mapped(&self->cpu) - before);
	run_all(&self->cpu, adds);
	EXPECT_EQ(2, mapped(&self->cpu) - before);
	EXPECT_EQ(WINDOW + 3 * PAGE + 1, word(memory, 3));
}

TEST_F(guest, hugetlbfs)
{
	uint64_t before;
	uint8_t *memory;

	set_number("/proc/sys/vm/nr_hugepages", "2");
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
		      -1, 0);
	if (memory == MAP_FAILED)
		SKIP(goto out_give_back, "no pages in hugetlbfs");
	ready(&self->cpu);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	before = mapped(&self->cpu);
	run_all(&self->cpu, writes);
	EXPECT_EQ(2, mapped(&self->cpu) - before);
	EXPECT_EQ(0, run_all(&self->cpu, checks));
	EXPECT_EQ(WINDOW + 77 * PAGE, word(memory, 77));
	/* gone from under the guest: the pages are given back, and an access says so */
	ASSERT_EQ(0, munmap(memory + HUGE, HUGE));
	EXPECT_EQ(0, run_over(&self->cpu, checks, WINDOW, WINDOW + HUGE));
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	self->run->regs[POSADA_RBX] = WINDOW + HUGE;
	vcpu_run_to(&self->cpu, POSADA_EXIT_MEMORY);
	munmap(memory, HUGE);
out_give_back:
	set_number("/proc/sys/vm/nr_hugepages", "0");
}

TEST_F(guest, hugetlbfs_of_1_gib)
{
	const char *number = "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages";
	uint64_t before;
	uint8_t *memory;

	set_number(number, "1");
	memory = mmap(NULL, GIGA, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_1GB, -1, 0);
	if (memory == MAP_FAILED)
		SKIP(return, "no page of 1 GiB");
	if (!(device_info(self->vm.device).features & POSADA_FEATURE_EPT_1G))
		SKIP(return, "the CPU has no leaves of 1 GiB");
	ready(&self->cpu);
	vm_map(&self->vm, WINDOW, memory, GIGA, 0);
	before = mapped(&self->cpu);
	run_over(&self->cpu, writes, WINDOW, WINDOW + GIGA);
	EXPECT_EQ(1, mapped(&self->cpu) - before);
	EXPECT_EQ(WINDOW + GIGA - PAGE, word(memory, GIGA / PAGE - 1));
	vm_unmap(&self->vm, WINDOW + HUGE, PAGE);
	EXPECT_EQ(0, run_over(&self->cpu, checks, WINDOW, WINDOW + HUGE));
	munmap(memory, GIGA);
	set_number(number, "0");
}

TEST_F(guest, shared_memory_in_huge_pages)
{
	uint8_t *at = aligned(SIZE, HUGE), *memory;
	int fd = memfd_create("posada", MFD_CLOEXEC);
	uint64_t before;
	size_t i;

	set_number("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise");
	ASSERT_EQ(0, ftruncate(fd, SIZE));
	memory = mmap(at, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	ASSERT_EQ(at, memory);
	madvise(memory, SIZE, MADV_HUGEPAGE);
	for (i = 0; i < SIZE; i += HUGE)
		memory[i + 8] = 1;
	if (huge_kib(memory) < SIZE / 1024)
		SKIP(return, "no huge pages for shared memory");
	ready(&self->cpu);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	before = mapped(&self->cpu);
	run_all(&self->cpu, writes);
	EXPECT_EQ(2, mapped(&self->cpu) - before);
	/* a hole of one page in the file */
	ASSERT_EQ(0, madvise(memory + 3 * PAGE, PAGE, MADV_REMOVE));
	EXPECT_EQ(1, run_all(&self->cpu, checks));
	close(fd);
}

/* Where a CPU must not execute from large pages it gets small ones for that. */
TEST_F(guest, code_in_a_huge_page_runs)
{
	uint8_t *memory = huge_memory();
	unsigned int i;

	NEEDS_HUGE(memory);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	run_all(&self->cpu, writes);
	memcpy(memory + 3 * PAGE, adds, adds_end - adds);
	memcpy(memory + HUGE, checks, checks_end - checks);
	for (i = 1; i <= 3; i++) {
		vcpu_rip_set(&self->cpu, WINDOW + 3 * PAGE);
		self->run->regs[POSADA_RBX] = WINDOW + 4 * PAGE;
		self->run->regs[POSADA_RCX] = WINDOW + HUGE;
		vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
		EXPECT_EQ(WINDOW + 4 * PAGE + i, word(memory, 4));
		EXPECT_EQ(WINDOW + HUGE - PAGE + i, word(memory, 511));
		vcpu_rip_set(&self->cpu, WINDOW + HUGE);
		self->run->regs[POSADA_RBX] = WINDOW + HUGE + PAGE;
		self->run->regs[POSADA_RCX] = WINDOW + SIZE;
		vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
		EXPECT_EQ(0, self->run->regs[POSADA_R8]);
	}
}

/*
 * Round and round: R9 must be in each page but the fifth, and one more goes there.
 * R8 counts where it was not.
 */
GUEST_CODE(rounds, "	xor %r8d, %r8d\n"
		   "	xor %r9d, %r9d\n"
		   "1:	mov $0x40000000, %ebx\n"
		   "	mov $512, %ecx\n"
		   "2:	mov (%rbx), %rax\n"
		   "	cmp %r9, %rax\n"
		   "	je 3f\n"
		   "	cmp $512 - 5, %ecx\n"
		   "	je 3f\n"
		   "	inc %r8d\n"
		   "3:	lea 1(%r9), %rax\n"
		   "	mov %rax, (%rbx)\n"
		   "	add $0x1000, %rbx\n"
		   "	dec %ecx\n"
		   "	jnz 2b\n"
		   "	inc %r9\n"
		   "	incl DATA\n"
		   "	cmpl $0, DATA + 128\n"
		   "	je 1b\n"
		   "	hlt\n");

TEST_F_TIMEOUT(guest, a_running_guest_loses_no_write, 200)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	uint8_t *memory = huge_memory();
	struct runner runner;
	unsigned int i;
	uint32_t was;

	NEEDS_HUGE(memory);
	memset(memory, 0, SIZE);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	vcpu_code(&self->cpu, rounds);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	runner_start(&runner, &self->cpu);
	wait_for_write(data, 0);
	for (i = 0; i < 60; i++) {
		/* split, made of small pages, made huge again */
		ASSERT_EQ(0, madvise(memory + 5 * PAGE, PAGE, MADV_DONTNEED));
		if (i % 3)
			ASSERT_EQ(0, mprotect(memory + 9 * PAGE, PAGE,
					      PROT_READ | (i % 3 == 1 ? PROT_WRITE : 0)));
		ASSERT_EQ(0, mprotect(memory, SIZE, PROT_READ | PROT_WRITE));
		was = data[0];
		wait_for_write(data, was);
		madvise(memory, HUGE, MADV_COLLAPSE);
		was = data[0];
		wait_for_write(data, was);
	}
	data[32] = 1;
	ASSERT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	EXPECT_EQ(0, self->run->regs[POSADA_R8]);
	EXPECT_EQ(self->run->regs[POSADA_R9], word(memory, 100));
}

TEST_HARNESS_MAIN
