// SPDX-License-Identifier: GPL-2.0
/* Does the module forget a process that is killed while its guests run? */
#include <signal.h>
#include <sys/mman.h>

#include "test.h"
#include "runner.h"

#define REFERENCES "/sys/module/posada/refcnt"

static int references(void)
{
	FILE *file = fopen(REFERENCES, "r");
	int count = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &count) != 1)
		count = -1;
	fclose(file);
	return count;
}

/* Its DATA page is shared with the parent, to tell that it runs. */
GUEST_CODE(spins,
"	cli\n"
"	movl $1, (%rbx)\n"
"1:	jmp 1b\n");

GUEST_CODE(halts,
"	cli\n"
"	movl $1, (%rbx)\n"
"	hlt\n");

#define SHARED 0x400000

static void child(uint32_t *shared, unsigned int nr, const unsigned char *code,
		  const unsigned char *end)
{
	static struct vcpu cpu[4];
	struct runner runner[4];
	struct vm vm;
	unsigned int i;

	vm_create(&vm);
	vm_map(&vm, SHARED, shared, 0x1000, 0);
	for (i = 0; i < nr; i++) {
		vcpu_create(&vm, &cpu[i], i);
		boot_long(&cpu[i]);
		vm_load(&vm, GUEST_CODE_AT, code, end);
		cpu[i].run->flags = 0;
		cpu[i].run->regs[POSADA_RBX] = SHARED + 64 * i;
		runner_start(&runner[i], &cpu[i]);
	}
	for (;;)
		pause();
}

static void kill_a_child(struct __test_metadata *_metadata, unsigned int nr,
			 const unsigned char *code, const unsigned char *end)
{
	uint32_t *shared = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int before, status;
	unsigned int i;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, shared);
	before = references();
	ASSERT_LE(0, before);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		child(shared, nr, code, end);
	for (i = 0; i < nr; i++)
		wait_for_write(&shared[16 * i], 0);
	EXPECT_LT(before, references());
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	/* files of a dead process are closed a moment after it is reaped */
	while (references() != before)
		usleep(1000);
}

TEST(while_it_spins)
{
	NEEDS_POSADA();
	kill_a_child(_metadata, 1, spins, spins_end);
}

TEST(while_several_vcpus_spin)
{
	NEEDS_POSADA();
	kill_a_child(_metadata, 3, spins, spins_end);
}

TEST(while_it_sleeps_in_hlt)
{
	NEEDS_POSADA();
	kill_a_child(_metadata, 2, halts, halts_end);
}

TEST_HARNESS_MAIN
