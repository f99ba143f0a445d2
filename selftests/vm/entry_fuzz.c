// SPDX-License-Identifier: GPL-2.0
/*
 * Does the checker of VM entries say what the CPU says?  selftests/entry_fuzz asks
 * both about the same corrupted states; here it is loaded and read.
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "test.h"

#define MODULE	"/lib/modules/posada_entry_fuzz.ko"
#define REPORT	"/sys/kernel/debug/posada_entry_fuzz"
#define ENTRIES 20000
#define CONSENT "this_machine_is_for_tests=1"

FIXTURE(fuzz)
{
	int file;
	char arguments[200];
	unsigned int entries;
	unsigned int disagree;
};

FIXTURE_SETUP(fuzz)
{
	/* Only the test machine has it. */
	self->file = open(MODULE, O_RDONLY | O_CLOEXEC);
	if (self->file < 0)
		SKIP_NOW("%s: %s", MODULE, strerror(errno));
	NEEDS_POSADA();
}

FIXTURE_TEARDOWN(fuzz)
{
	close(self->file);
}

static int load(int file, const char *arguments)
{
	return syscall(SYS_finit_module, file, arguments, 0) ? -errno : 0;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "posada_entry_fuzz", O_NONBLOCK) ? -errno : 0;
}

/* What the machine says that it is, by way of the kernel's command line. */
static const char *machine(void)
{
	const char *name = getenv("machine");

	return name ? name : "";
}

/* Another run of run.sh, with other arguments, tries other states. */
static size_t seed(void)
{
	const char *arguments = getenv("POSADA_ARGUMENTS");

	return 1 + (arguments ? strlen(arguments) : 0);
}

static void read_report(FIXTURE_DATA(fuzz) * self)
{
	FILE *report = fopen(REPORT, "r");
	char line[512];

	if (!report)
		die("%s: %s", REPORT, strerror(errno));
	while (fgets(line, sizeof(line), report)) {
		printf("# %s", line);
		sscanf(line,
		       "seed %*u: %u entries, %*u agree, %*u as the CPU chooses, %*u explained by the emulator, %u disagree",
		       &self->entries, &self->disagree);
	}
	fclose(report);
	fflush(stdout);		/* the harness leaves by _exit() */
}

static int run(FIXTURE_DATA(fuzz) * self, unsigned int count, const char *more)
{
	int ret;

	snprintf(self->arguments, sizeof(self->arguments),
		 CONSENT " count=%u seed=%zu emulator=%s %s", count, seed(), machine(), more);
	ret = load(self->file, self->arguments);
	if (ret)
		return ret;
	read_report(self);
	return unload();
}

TEST_F(fuzz, twenty_thousand_corrupted_states)
{
	ASSERT_EQ(0, run(self, ENTRIES, ""));
	EXPECT_EQ(ENTRIES, self->entries);
	EXPECT_EQ(0, self->disagree);
}

/* The test of the test. */
TEST_F(fuzz, a_checker_that_forgets_a_rule_is_caught)
{
	ASSERT_EQ(0, run(self, 2000, "forget=RFLAGS"));
	EXPECT_EQ(2000, self->entries);
	EXPECT_LT(0, self->disagree);
}

TEST_F(fuzz, not_without_consent)
{
	EXPECT_EQ(-EPERM, load(self->file, ""));
	EXPECT_EQ(-EPERM, load(self->file, "this_machine_is_for_tests=0"));
}

TEST_F(fuzz, not_while_somebody_has_vmx_on)
{
	struct posada_info info;
	struct vm vm;

	vm_create(&vm);
	info = device_info(vm.device);
	if (info.way != POSADA_WAY_RESIDENT)
		SKIP(return, "VMX is on in windows only");
	EXPECT_EQ(-EBUSY, load(self->file, CONSENT));
	vm_close(&vm);
}

TEST_HARNESS_MAIN
