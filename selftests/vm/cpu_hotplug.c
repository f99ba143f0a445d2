// SPDX-License-Identifier: GPL-2.0
/* Do guests go on when the CPU they run on goes away, and on one that comes? */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "guest_fixture.h"
#include "runner.h"

#define CPU	1
#define TIMES	10

static int write_online(const char *value)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", CPU);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -1;
	ret = write(fd, value, strlen(value)) < 0 ? -1 : 0;
	close(fd);
	return ret;
}

static void allow(pid_t tid, int only)
{
	cpu_set_t set;
	int cpu;

	CPU_ZERO(&set);
	for (cpu = 0; cpu <= CPU; cpu++)
		if (only < 0 || cpu == only)
			CPU_SET(cpu, &set);
	require(sched_setaffinity(tid, sizeof(set), &set) == 0);
}

/* R8 and XMM1 count in step until DATA is not 0; DATA + 64 tells how far. */
GUEST_CODE(counts,
"	pxor %xmm1, %xmm1\n"
"	mov $1, %eax\n"
"	movq %rax, %xmm2\n"
"1:	inc %r8\n"
"	paddq %xmm2, %xmm1\n"
"	mov %r8d, DATA + 64\n"
"	cmpl $0, DATA\n"
"	je 1b\n"
"	movq %xmm1, %r9\n"
"	hlt\n");

/*
 * The running thread is on the CPU when that goes offline, with its VMCS active
 * there; the kernel moves it, and the VMCS has to follow.  Then the CPU comes
 * back, in VMX operation, and the thread returns to it.
 */
TEST_F_TIMEOUT(guest, a_running_guest_outlives_its_cpu, 180)
{
	uint32_t *stop = (uint32_t *)(self->vm.ram + GUEST_DATA);
	volatile uint32_t *counter = stop + 16;
	struct runner runner;
	unsigned int i;

	if (write_online("1"))
		SKIP(return, "there is no CPU that can go offline");
	vcpu_code(&self->cpu, counts);
	runner_start(&runner, &self->cpu);
	for (i = 0; i < TIMES; i++) {
		allow(runner.tid, CPU);
		wait_for_write(counter, *counter);
		allow(runner.tid, -1);
		ASSERT_EQ(0, write_online("0"));
		wait_for_write(counter, *counter);
		ASSERT_EQ(0, write_online("1"));
		wait_for_write(counter, *counter);
	}
	__atomic_store_n(stop, 1, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, runner_join(&runner));
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	EXPECT_EQ(self->run->regs[POSADA_R8], self->run->regs[POSADA_R9]);
}

/* A vCPU that is not running has its VMCS active on the CPU that goes away. */
TEST_F_TIMEOUT(guest, an_idle_vcpu_is_not_lost_with_its_cpu, 60)
{
	uint64_t rip;

	if (write_online("1"))
		SKIP(return, "there is no CPU that can go offline");
	vcpu_code(&self->cpu, counts);
	*(uint32_t *)(self->vm.ram + GUEST_DATA) = 1;
	allow(0, CPU);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	rip = self->run->rip;
	allow(0, -1);
	ASSERT_EQ(0, write_online("0"));
	EXPECT_EQ(rip, vcpu_state(&self->cpu, POSADA_STATE_REGS).regs.rip);
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(rip, self->run->rip);
	ASSERT_EQ(0, write_online("1"));
}

TEST_HARNESS_MAIN
