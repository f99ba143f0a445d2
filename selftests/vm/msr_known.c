// SPDX-License-Identifier: GPL-2.0
/* Are the MSRs of the CPU's own machinery the guest's, without any exit to the program? */
#include "guest_fixture.h"

#define MSR_TSC			0x10
#define MSR_TSC_ADJUST		0x3b
#define MSR_DEBUGCTL		0x1d9
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176
#define MSR_MISC_ENABLE		0x1a0
#define MSR_PAT			0x277
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_FMASK		0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

#define EFER_SCE	0x1
#define EFER_LME	0x100
#define EFER_LMA	0x400

/* WRMSR of R8 to ECX and RDMSR back to R9; R10: 1 done, 2 the write faulted */
GUEST_CODE(write_and_read,
"	TRY write_fault\n"
"	mov %r8, %rax\n"
"	mov %r8, %rdx\n"
"	shr $32, %rdx\n"
"	wrmsr\n"
"	movq $0, RECOVER\n"
"	rdmsr\n"
"	shl $32, %rdx\n"
"	mov %eax, %eax\n"
"	or %rdx, %rax\n"
"	mov %rax, %r9\n"
"	mov $1, %r10d\n"
"	hlt\n"
"write_fault:\n"
"	mov $2, %r10d\n"
"	hlt\n");

static bool guest_writes(struct vcpu *cpu, uint32_t msr, uint64_t value, uint64_t *read_back)
{
	vcpu_rip_set(cpu, GUEST_CODE_AT);
	cpu->run->regs[POSADA_RCX] = msr;
	cpu->run->regs[POSADA_R8] = value;
	cpu->run->regs[POSADA_R10] = 0;
	vcpu_run_to(cpu, POSADA_EXIT_HLT);
	*read_back = cpu->run->regs[POSADA_R9];
	return cpu->run->regs[POSADA_R10] == 1;
}

TEST_F(guest, reads_what_it_wrote_and_so_does_state_get)
{
	static const struct {
		uint32_t msr;
		uint64_t value;
	} rows[] = {
		{ MSR_SYSENTER_CS, 0x18 },
		{ MSR_SYSENTER_ESP, 0xffff800000001000 },
		{ MSR_SYSENTER_EIP, 0x00007ffffffff000 },
		{ MSR_DEBUGCTL, 2 },			/* BTF */
		{ MSR_PAT, 0x0001040506070600 },
		{ MSR_STAR, 0x0033000812345678 },
		{ MSR_LSTAR, 0xffffffff80001000 },
		{ MSR_CSTAR, 0x00007fff12345678 },
		{ MSR_FMASK, 0x00047700 },
		{ MSR_FS_BASE, 0xffff888000001234 },
		{ MSR_GS_BASE, 0x0000123456789abc },
		{ MSR_KERNEL_GS_BASE, 0xffffc00000000007 },
	};
	uint64_t read_back;
	unsigned int i;

	vcpu_code(&self->cpu, write_and_read);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_TRUE(guest_writes(&self->cpu, rows[i].msr, rows[i].value, &read_back)) {
			TH_LOG("MSR %#x faulted", rows[i].msr);
		}
		EXPECT_EQ(rows[i].value, read_back) {
			TH_LOG("MSR %#x", rows[i].msr);
		}
		EXPECT_EQ(rows[i].value, vcpu_msr(&self->cpu, rows[i].msr)) {
			TH_LOG("MSR %#x by STATE_GET", rows[i].msr);
		}
	}
}

GUEST_CODE(only_read,
"	rdmsr\n"
"	shl $32, %rdx\n"
"	or %rdx, %rax\n"
"	hlt\n");

TEST_F(guest, sees_what_state_set_put_there)
{
	static const uint32_t msrs[] = {
		MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_LSTAR, MSR_CSTAR, MSR_FS_BASE,
		MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_STAR,
	};
	uint64_t value = 0x00005a5a12345678;
	unsigned int i;

	vcpu_code(&self->cpu, only_read);
	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		value += 0x100000001;
		vcpu_msr_set(&self->cpu, msrs[i], value);
		vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
		self->run->regs[POSADA_RCX] = msrs[i];
		vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
		EXPECT_EQ(value, self->run->regs[POSADA_RAX]) {
			TH_LOG("MSR %#x", msrs[i]);
		}
	}
}

TEST_F(guest, a_value_the_cpu_refuses_is_gp)
{
	static const struct {
		uint32_t msr;
		uint64_t value;
	} rows[] = {
		{ MSR_SYSENTER_ESP, 0x0001000000000000 },
		{ MSR_SYSENTER_EIP, 0x8000000000000000 },
		{ MSR_DEBUGCTL, 0x40 },			/* TR: no trace messages here */
		{ MSR_PAT, 0x0007040600070402 },	/* memory type 2 */
		{ MSR_PAT, 0x0807040600070406 },	/* reserved bit */
		{ MSR_LSTAR, 0x0000800000000000 },
		{ MSR_CSTAR, 0x0000800000000000 },
		{ MSR_FS_BASE, 0xfff0000000000000 },
		{ MSR_GS_BASE, 0x0000800000000000 },
		{ MSR_KERNEL_GS_BASE, 0xffff7fffffffffff },
		{ MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | 0x2 },
		{ MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | (1ULL << 32) },
		{ MSR_EFER, EFER_SCE },			/* LME while paging */
	};
	uint64_t before, read_back;
	unsigned int i;

	vcpu_code(&self->cpu, write_and_read);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		before = vcpu_msr(&self->cpu, rows[i].msr);
		EXPECT_FALSE(guest_writes(&self->cpu, rows[i].msr, rows[i].value, &read_back)) {
			TH_LOG("MSR %#x took %#llx", rows[i].msr, (unsigned long long)rows[i].value);
		}
		EXPECT_EQ(before, vcpu_msr(&self->cpu, rows[i].msr));
		EXPECT_EQ(i + 1, vm_log(&self->vm)->count);
		EXPECT_EQ(13, vm_event(&self->vm, i)->vector);
		EXPECT_EQ(0, vm_event(&self->vm, i)->error);
	}
}

TEST_F(guest, efer_lma_is_read_only)
{
	uint64_t read_back;

	vcpu_code(&self->cpu, write_and_read);
	ASSERT_TRUE(guest_writes(&self->cpu, MSR_EFER, EFER_LME | EFER_LMA, &read_back));
	EXPECT_EQ(EFER_LME | EFER_LMA, read_back);
	ASSERT_TRUE(guest_writes(&self->cpu, MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA, &read_back));
	EXPECT_EQ(EFER_SCE | EFER_LME | EFER_LMA, read_back);
}

/* The records would be the host's. */
TEST_F(guest, debugctl_takes_lbr_and_drops_it)
{
	uint64_t read_back;

	vcpu_code(&self->cpu, write_and_read);
	EXPECT_TRUE(guest_writes(&self->cpu, MSR_DEBUGCTL, 3, &read_back));
	EXPECT_EQ(2, read_back);
	EXPECT_EQ(2, vcpu_msr(&self->cpu, MSR_DEBUGCTL));
}

TEST_F(guest, tsc_aux_is_32_bits)
{
	struct posada_info info = device_info(self->vm.device);
	uint64_t read_back;

	if (!(info.features & POSADA_FEATURE_RDTSCP))
		SKIP(return, "this CPU has no RDTSCP for guests");
	vcpu_code(&self->cpu, write_and_read);
	EXPECT_TRUE(guest_writes(&self->cpu, MSR_TSC_AUX, 0xdeadbeef, &read_back));
	EXPECT_EQ(0xdeadbeef, read_back);
	EXPECT_FALSE(guest_writes(&self->cpu, MSR_TSC_AUX, 1ULL << 32, &read_back));
	EXPECT_EQ(0xdeadbeef, vcpu_msr(&self->cpu, MSR_TSC_AUX));
}

TEST_F(guest, tsc_goes_on_from_what_was_written)
{
	uint64_t read_back;

	vcpu_code(&self->cpu, write_and_read);
	ASSERT_TRUE(guest_writes(&self->cpu, MSR_TSC, 1ULL << 50, &read_back));
	EXPECT_LE(1ULL << 50, read_back);
	/* a day at 10 GHz; nobody's host is that slow */
	EXPECT_GT((1ULL << 50) + 864000000000000, read_back);
	EXPECT_LE(read_back, vcpu_msr(&self->cpu, MSR_TSC));
	vcpu_msr_set(&self->cpu, MSR_TSC, 5);
	EXPECT_GT(864000000000000, vcpu_msr(&self->cpu, MSR_TSC));
}

GUEST_CODE(tsc_twice,
"	rdtsc\n"
"	shl $32, %rdx\n"
"	or %rdx, %rax\n"
"	mov %rax, %r8\n"
"	out %al, $0x80\n"
"	rdtsc\n"
"	shl $32, %rdx\n"
"	or %rdx, %rax\n"
"	mov %rax, %r9\n"
"	hlt\n");

TEST_F(guest, rdtsc_never_goes_back)
{
	vcpu_code(&self->cpu, tsc_twice);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_LT(self->run->regs[POSADA_R8], self->run->regs[POSADA_R9]);
}

TEST_F(guest, misc_enable_can_be_read)
{
	uint64_t value, read_back;

	vcpu_code(&self->cpu, write_and_read);
	value = vcpu_msr(&self->cpu, MSR_MISC_ENABLE);
	ASSERT_TRUE(guest_writes(&self->cpu, MSR_MISC_ENABLE, value, &read_back));
	EXPECT_EQ(value, read_back);
}

GUEST_CODE(syscalls,
/* ring 0: set up, go to ring 3 by SYSRET; SYSCALL comes back */
"	mov $0xc0000081, %ecx\n"
"	xor %eax, %eax\n"
"	mov $0x00330008, %edx\n"
"	wrmsr\n"
"	mov $0xc0000082, %ecx\n"
"	lea syscalls_entry(%rip), %rax\n"
"	xor %edx, %edx\n"
"	wrmsr\n"
"	mov $0xc0000084, %ecx\n"
"	mov $0x200, %eax\n"
"	wrmsr\n"
"	lea syscalls_user(%rip), %rcx\n"
"	mov $0x202, %r11d\n"
"	sysretq\n"
"syscalls_user:\n"
"	mov %cs, %r12\n"
"	mov %ss, %r13\n"
"	syscall\n"
"syscalls_back:\n"
"	ud2\n"
"syscalls_entry:\n"
"	mov %cs, %r14\n"
"	pushf\n"
"	pop %r15\n"
"	hlt\n");
GUEST_LABEL(syscalls_back);

TEST_F(guest, syscall_and_sysret_need_no_exit)
{
	struct posada_stats stats;
	unsigned int i;
	uint64_t exits = 0;

	vcpu_code(&self->cpu, syscalls);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(GUEST_USER_CODE64, self->run->regs[POSADA_R12]);
	EXPECT_EQ(GUEST_USER_DATA, self->run->regs[POSADA_R13]);
	EXPECT_EQ(GUEST_CODE64, self->run->regs[POSADA_R14]);
	EXPECT_EQ(0, self->run->regs[POSADA_R15] & RFLAGS_IF);
	EXPECT_EQ(guest_address(syscalls, syscalls_back), self->run->regs[POSADA_RCX]);
	stats = vcpu_stats(&self->cpu);
	for (i = 0; i < POSADA_STATS_REASONS; i++)
		if (i != 1 && i != 12 && i != 48 && i != 52 && i != 32)
			exits += stats.exits[i];
	EXPECT_EQ(0, exits);
}

TEST_HARNESS_MAIN
