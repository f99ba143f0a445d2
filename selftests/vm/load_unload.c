// SPDX-License-Identifier: GPL-2.0
/* Can the module be unloaded and loaded a hundred times, each time to run a guest? */
#include <fcntl.h>
#include <sys/syscall.h>

#include "test.h"

#define MODULE "/lib/modules/posada.ko"
#define TIMES 100

/* POSADA_KO and POSADA_ARGUMENTS: what run.sh loaded. */
static const char *setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value ? value : fallback;
}

static int load(int file)
{
	return syscall(SYS_finit_module, file, setting("POSADA_ARGUMENTS", ""), 0) ? -errno : 0;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "posada", O_NONBLOCK) ? -errno : 0;
}

GUEST_CODE(runs,
"	mov $0x55, %eax\n"
"	hlt\n");

static void run_a_guest(struct __test_metadata *_metadata)
{
	struct vcpu cpu;
	struct vm vm;

	vm_create(&vm);
	vcpu_create(&vm, &cpu, 0);
	boot_long(&cpu);
	vcpu_code(&cpu, runs);
	vcpu_run_to(&cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x55, cpu.run->regs[POSADA_RAX]);
	vcpu_close(&cpu);
	vm_close(&vm);
}

static void wait_for_the_device(void)
{
	while (access(POSADA_DEVICE, R_OK | W_OK))
		usleep(1000);
}

static int open_module(void)
{
	return open(setting("POSADA_KO", MODULE), O_RDONLY | O_CLOEXEC);
}

TEST(a_hundred_times)
{
	int file = open_module();
	unsigned int i;

	if (file < 0)
		SKIP(return, "%s: %s", setting("POSADA_KO", MODULE), strerror(errno));
	NEEDS_POSADA();
	for (i = 0; i < TIMES; i++) {
		ASSERT_EQ(0, unload());
		ASSERT_EQ(-1, access(POSADA_DEVICE, F_OK));
		ASSERT_EQ(0, load(file));
		wait_for_the_device();
		run_a_guest(_metadata);
	}
}

TEST(not_while_a_file_is_open)
{
	int file = open_module(), device;
	struct vcpu cpu;
	struct vm vm;

	if (file < 0)
		SKIP(return, "%s: %s", setting("POSADA_KO", MODULE), strerror(errno));
	NEEDS_POSADA();
	device = device_open();
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(device);
	/* and not while only a vCPU, or only its mapped run page, is left */
	vm_create(&vm);
	vcpu_create(&vm, &cpu, 0);
	vm_close(&vm);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(cpu.fd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	munmap(cpu.run, cpu.run_size);
	EXPECT_EQ(0, unload());
	EXPECT_EQ(0, load(file));
	wait_for_the_device();
}

TEST(not_twice)
{
	int file = open_module();

	if (file < 0)
		SKIP(return, "%s: %s", setting("POSADA_KO", MODULE), strerror(errno));
	NEEDS_POSADA();
	EXPECT_EQ(-EEXIST, load(file));
}

TEST_HARNESS_MAIN
