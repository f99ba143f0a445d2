// SPDX-License-Identifier: GPL-2.0
/* Does the guest follow whatever the process does to the memory behind it? */
#include <sys/mman.h>

#include "guest_fixture.h"
#include "runner.h"

#define WINDOW 0x400000
#define SIZE 0x4000

/* Reads (RBX) to R8 and tells; over and over */
GUEST_CODE(reads,
"1:	mov (%rbx), %r8\n"
"	out %al, $0x80\n"
"	jmp 1b\n");

/* Adds 1 to (RBX) and tells */
GUEST_CODE(writes,
"1:	addq $1, (%rbx)\n"
"	out %al, $0x80\n"
"	jmp 1b\n");

static void next(struct vcpu *cpu)
{
	vcpu_run_to(cpu, POSADA_EXIT_IO);
	cpu->run->apply = POSADA_APPLY_SKIP;
}

static uint64_t guest_reads(struct vcpu *cpu)
{
	next(cpu);
	return cpu->run->regs[POSADA_R8];
}

static uint64_t *window(struct vm *vm, struct vcpu *cpu)
{
	uint64_t *memory = memory_get(SIZE);

	memory[0] = 0x1111;
	vm_map(vm, WINDOW, memory, SIZE, 0);
	cpu->run->regs[POSADA_RBX] = WINDOW;
	return memory;
}

TEST_F(guest, host_writes_are_seen_at_once)
{
	uint64_t *memory = window(&self->vm, &self->cpu);

	vcpu_code(&self->cpu, reads);
	EXPECT_EQ(0x1111, guest_reads(&self->cpu));
	memory[0] = 0x2222;
	EXPECT_EQ(0x2222, guest_reads(&self->cpu));
}

TEST_F(guest, discarded_memory_reads_zero)
{
	uint64_t *memory = window(&self->vm, &self->cpu);

	vcpu_code(&self->cpu, reads);
	EXPECT_EQ(0x1111, guest_reads(&self->cpu));
	ASSERT_EQ(0, madvise(memory, SIZE, MADV_DONTNEED));
	EXPECT_EQ(0, guest_reads(&self->cpu));
	memory[0] = 0x3333;
	EXPECT_EQ(0x3333, guest_reads(&self->cpu));
}

TEST_F(guest, guest_writes_go_to_the_new_page)
{
	uint64_t *memory = window(&self->vm, &self->cpu);

	vcpu_code(&self->cpu, writes);
	next(&self->cpu);
	EXPECT_EQ(0x1112, memory[0]);
	ASSERT_EQ(0, madvise(memory, SIZE, MADV_DONTNEED));
	next(&self->cpu);
	EXPECT_EQ(1, memory[0]);
}

TEST_F(guest, replaced_memory_is_the_new_memory)
{
	uint64_t *memory = window(&self->vm, &self->cpu), *again;

	vcpu_code(&self->cpu, reads);
	EXPECT_EQ(0x1111, guest_reads(&self->cpu));
	ASSERT_EQ(0, munmap(memory, SIZE));
	again = mmap(memory, SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ASSERT_EQ(memory, again);
	again[0] = 0x4444;
	EXPECT_EQ(0x4444, guest_reads(&self->cpu));
}

TEST_F(guest, a_file_mapped_over_it_is_seen)
{
	uint64_t *memory = window(&self->vm, &self->cpu), word = 0x5555;
	int fd = memfd_create("posada", 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, SIZE));
	ASSERT_EQ(sizeof(word), pwrite(fd, &word, sizeof(word), 0));
	vcpu_code(&self->cpu, reads);
	EXPECT_EQ(0x1111, guest_reads(&self->cpu));
	ASSERT_EQ(memory, mmap(memory, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0));
	EXPECT_EQ(0x5555, guest_reads(&self->cpu));
	word = 0x6666;
	ASSERT_EQ(sizeof(word), pwrite(fd, &word, sizeof(word), 0));
	EXPECT_EQ(0x6666, guest_reads(&self->cpu));
}

TEST_F(guest, guest_writes_reach_the_file)
{
	uint64_t word = 0x10, *memory;
	int fd = memfd_create("posada", 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, SIZE));
	ASSERT_EQ(sizeof(word), pwrite(fd, &word, sizeof(word), 0));
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)memory);
	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	self->run->regs[POSADA_RBX] = WINDOW;
	vcpu_code(&self->cpu, writes);
	next(&self->cpu);
	ASSERT_EQ(sizeof(word), pread(fd, &word, sizeof(word), 0));
	EXPECT_EQ(0x11, word);
	/* a hole punched into the file is a hole for the guest */
	ASSERT_EQ(0, madvise(memory, SIZE, MADV_REMOVE));
	next(&self->cpu);
	ASSERT_EQ(sizeof(word), pread(fd, &word, sizeof(word), 0));
	EXPECT_EQ(1, word);
}

/* Without memory behind it, RUN says so, and goes on when there is some again. */
TEST_F(guest, no_memory_behind_it_is_an_exit)
{
	uint64_t *memory = window(&self->vm, &self->cpu);

	vcpu_code(&self->cpu, reads);
	EXPECT_EQ(0x1111, guest_reads(&self->cpu));
	ASSERT_EQ(0, munmap(memory, SIZE));
	vcpu_run_to(&self->cpu, POSADA_EXIT_MEMORY);
	EXPECT_EQ(WINDOW, self->run->mmio.gpa);
	EXPECT_EQ(EFAULT, self->run->mmio.error);
	EXPECT_EQ(POSADA_ACCESS_READ, self->run->mmio.flags &
		  (POSADA_ACCESS_READ | POSADA_ACCESS_WRITE | POSADA_ACCESS_EXEC));
	ASSERT_EQ(memory, mmap(memory, SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	EXPECT_EQ(0, guest_reads(&self->cpu));
}

TEST_F(guest, write_protected_memory_cannot_be_written)
{
	uint64_t *memory = window(&self->vm, &self->cpu);

	vcpu_code(&self->cpu, writes);
	next(&self->cpu);
	ASSERT_EQ(0, mprotect(memory, SIZE, PROT_READ));
	vcpu_run_to(&self->cpu, POSADA_EXIT_MEMORY);
	EXPECT_EQ(EFAULT, self->run->mmio.error);
	EXPECT_EQ(POSADA_ACCESS_WRITE, self->run->mmio.flags & POSADA_ACCESS_WRITE);
	EXPECT_EQ(0x1112, memory[0]);
	ASSERT_EQ(0, mprotect(memory, SIZE, PROT_READ | PROT_WRITE));
	next(&self->cpu);
	EXPECT_EQ(0x1113, memory[0]);
}

TEST_F(guest, write_protected_memory_can_be_read)
{
	uint64_t *memory = window(&self->vm, &self->cpu);

	ASSERT_EQ(0, mprotect(memory, SIZE, PROT_READ));
	vcpu_code(&self->cpu, reads);
	EXPECT_EQ(0x1111, guest_reads(&self->cpu));
}

/* fork() makes every page copy-on-write: the guest keeps writing the parent's. */
TEST_F(guest, fork_copies_on_write)
{
	uint64_t *memory = window(&self->vm, &self->cpu);
	int to_child[2], status;
	pid_t pid;
	char c;

	vcpu_code(&self->cpu, writes);
	next(&self->cpu);
	ASSERT_EQ(0x1112, memory[0]);
	ASSERT_EQ(0, pipe(to_child));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* until the parent's guest has written */
		if (read(to_child[0], &c, 1) != 1)
			_exit(2);
		_exit(memory[0] == 0x1112 ? 0 : 1);
	}
	next(&self->cpu);
	next(&self->cpu);
	EXPECT_EQ(0x1114, memory[0]);
	ASSERT_EQ(1, write(to_child[1], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0x1114, memory[0]);
}

/* Memory that the guest read first is the zero page; writing must leave that alone. */
TEST_F(guest, write_after_read_of_untouched_memory)
{
	uint64_t *memory = memory_get(SIZE), *other = memory_get(SIZE);

	vm_map(&self->vm, WINDOW, memory, SIZE, 0);
	self->run->regs[POSADA_RBX] = WINDOW;
	vcpu_code(&self->cpu, reads);
	EXPECT_EQ(0, guest_reads(&self->cpu));
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	self->run->apply = 0;
	vcpu_code(&self->cpu, writes);
	next(&self->cpu);
	EXPECT_EQ(1, memory[0]);
	EXPECT_EQ(0, other[0]);
}

/* All that while the guest runs at full speed. */
GUEST_CODE(copies,
"1:	mov (%rbx), %rax\n"
"	mov %rax, DATA\n"
"	incl DATA + 64\n"
"	cmpl $0, DATA + 128\n"
"	je 1b\n"
"	hlt\n");

TEST_F_TIMEOUT(guest, a_running_guest_follows, 120)
{
	volatile uint32_t *data = (uint32_t *)(self->vm.ram + GUEST_DATA);
	uint64_t *memory = window(&self->vm, &self->cpu);
	struct runner runner;
	unsigned int i;

	vcpu_code(&self->cpu, copies);
	vcpu_rflags_set(&self->cpu, RFLAGS_IF);
	runner_start(&runner, &self->cpu);
	for (i = 1; i <= 100; i++) {
		ASSERT_EQ(0, madvise(memory, SIZE, MADV_DONTNEED));
		*(volatile uint64_t *)memory = i;
		/* a stale mapping would never show this number */
		while (data[0] != i)
			relax();
	}
	data[32] = 1;
	ASSERT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
}

TEST_HARNESS_MAIN
