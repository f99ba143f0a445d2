// SPDX-License-Identifier: GPL-2.0
/*
 * Do 32-bit callers get the same from the same structs?  INT 80h is the way in of
 * 32-bit programs; a 64-bit one may take it, too, with pointers below 4 GiB.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "guest_fixture.h"
#include "requests.h"

#define SYS32_IOCTL	54
#define SYS32_GETPID	20

static int call32(int number, int fd, uint32_t request, uint32_t argument)
{
	int ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "0"(number), "b"(fd), "c"(request), "d"(argument)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static sigjmp_buf fault;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(fault, 1);
}

static bool has_int80(void)
{
	struct sigaction action = { .sa_handler = on_fault }, before;
	bool has = false;

	sigaction(SIGSEGV, &action, &before);
	if (!sigsetjmp(fault, 1))
		has = call32(SYS32_GETPID, 0, 0, 0) == getpid();
	sigaction(SIGSEGV, &before, NULL);
	return has;
}

TEST_F(guest, every_request)
{
	const int files[FILE_KINDS] = { self->vm.device, self->vm.fd, self->cpu.fd };
	union request_argument *argument = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	const struct request *r;
	int ret;

	if (!has_int80())
		SKIP(return, "this kernel does not take 32-bit system calls");
	ASSERT_NE(MAP_FAILED, (void *)argument);
	for (r = requests; r < requests + nr_requests; r++) {
		if (!r->size)
			continue;
		memset(argument, 0, sizeof(*argument));
		r->fill(argument);
		argument->size = r->size;
		ret = call32(SYS32_IOCTL, files[r->kind], r->number, (uintptr_t)argument);
		EXPECT_LE(r->answer, ret) {
			TH_LOG("%s", r->name);
		}
		if (r->makes_file && ret >= 0)
			close(ret);
	}
}

TEST_F(guest, answers_are_the_same)
{
	struct posada_info *info = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct posada_info wide = device_info(self->vm.device);

	if (!has_int80())
		SKIP(return, "this kernel does not take 32-bit system calls");
	ASSERT_NE(MAP_FAILED, (void *)info);
	info->size = sizeof(*info);
	ASSERT_EQ(0, call32(SYS32_IOCTL, self->vm.device, POSADA_INFO, (uintptr_t)info));
	EXPECT_EQ(0, memcmp(info, &wide, sizeof(wide)));
	EXPECT_EQ(-ENOTTY, call32(SYS32_IOCTL, self->vm.fd, POSADA_INFO, (uintptr_t)info));
	EXPECT_EQ(-EFAULT, call32(SYS32_IOCTL, self->vm.device, POSADA_INFO, 0));
}

GUEST_CODE(runs,
"	mov $0x55, %eax\n"
"	hlt\n");

TEST_F(guest, run)
{
	int ret;

	if (!has_int80())
		SKIP(return, "this kernel does not take 32-bit system calls");
	vcpu_code(&self->cpu, runs);
	do {
		ret = call32(SYS32_IOCTL, self->cpu.fd, POSADA_RUN, 0);
	} while (ret == -EINTR);
	ASSERT_EQ(0, ret);
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	EXPECT_EQ(0x55, self->run->regs[POSADA_RAX]);
	EXPECT_EQ(-EINVAL, call32(SYS32_IOCTL, self->cpu.fd, POSADA_RUN, 1));
}

TEST_HARNESS_MAIN
