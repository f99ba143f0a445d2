// SPDX-License-Identifier: GPL-2.0
/*
 * Are this process's registers as before, after a guest has scribbled on all of
 * its own?
 */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/io.h>
#include <sys/syscall.h>

#include "guest_fixture.h"

/* A guest that writes something odd to whatever is not in memory. */
GUEST_CODE(scribbles,
"	cmp $0, %r15\n"
"	je 1f\n"
"	mov %cr4, %rax\n"
"	or $0x40000, %rax\n"
"	mov %rax, %cr4\n"
"	xor %ecx, %ecx\n"
"	xor %edx, %edx\n"
"	mov $7, %eax\n"
"	xsetbv\n"
"	vpcmpeqb %xmm0, %xmm0, %xmm0\n"
"	vinsertf128 $1, %xmm0, %ymm0, %ymm0\n"
"	vmovaps %ymm0, %ymm1\n"
"	vmovaps %ymm0, %ymm7\n"
"	vmovaps %ymm0, %ymm8\n"
"	vmovaps %ymm0, %ymm15\n"
"1:	mov $0x0badf00ddeadbeef, %rax\n"
"	movq %rax, %xmm2\n"
"	movq %rax, %xmm9\n"
"	finit\n"
"	fldpi\n"
"	fldpi\n"
"	fldcw 2f(%rip)\n"
"	ldmxcsr 3f(%rip)\n"
	/* debug registers: armed, at addresses of this process too */
"	mov %r14, %dr0\n"
"	mov %r14, %dr1\n"
"	mov %r14, %dr2\n"
"	mov %r14, %dr3\n"
"	mov $0x11110099, %eax\n"
"	mov %rax, %dr7\n"
	/* SYSCALL */
"	mov $0xc0000081, %ecx\n"
"	mov $0x13572468, %eax\n"
"	mov $0x42421111, %edx\n"
"	wrmsr\n"
"	inc %ecx\n"
"	mov $0x00007abc, %edx\n"
"	wrmsr\n"
"	inc %ecx\n"
"	wrmsr\n"
"	inc %ecx\n"
"	mov $0x00257fd5, %eax\n"
"	xor %edx, %edx\n"
"	wrmsr\n"
	/* FS, GS, KERNEL_GS base */
"	mov $0xc0000100, %ecx\n"
"	mov $0x00001234, %eax\n"
"	mov $0x00007abc, %edx\n"
"	wrmsr\n"
"	inc %ecx\n"
"	wrmsr\n"
"	inc %ecx\n"
"	wrmsr\n"
	/* SYSENTER, PAT */
"	mov $0x174, %ecx\n"
"	mov $0x1238, %eax\n"
"	xor %edx, %edx\n"
"	wrmsr\n"
"	inc %ecx\n"
"	wrmsr\n"
"	inc %ecx\n"
"	wrmsr\n"
"	mov $0x277, %ecx\n"
"	xor %eax, %eax\n"
"	xor %edx, %edx\n"
"	wrmsr\n"
"	mov $0x5a5a5a5a, %eax\n"
"	mov %rax, %cr2\n"
	/* tables and segments */
"	lgdt 4f(%rip)\n"
"	mov $0, %eax\n"
"	mov %eax, %ds\n"
"	mov %eax, %es\n"
"	mov %eax, %fs\n"
"	mov %eax, %gs\n"
"	mov %eax, %ss\n"
"	push $0x40cd7\n"
"	popf\n"
"	mov $-1, %rax\n"
"	mov %rax, %rbx\n"
"	mov %rax, %rcx\n"
"	mov %rax, %rdx\n"
"	mov %rax, %rsi\n"
"	mov %rax, %rdi\n"
"	mov %rax, %rbp\n"
"	mov %rax, %r8\n"
"	mov %rax, %r9\n"
"	mov %rax, %r10\n"
"	mov %rax, %r11\n"
"	mov %rax, %r12\n"
"	mov %rax, %r13\n"
"	mov %rax, %r14\n"
"	mov %rax, %r15\n"
"	hlt\n"
"2:	.word 0x0040\n"
"3:	.long 0x7f80\n"
"4:	.word 0x57\n"
"	.quad " GUEST_STR(GUEST_GDT) "\n");

static volatile uint32_t watched[4];

static void prepare(struct vcpu *cpu)
{
	bool avx = (device_info(cpu->vm->device).xcr0 & 7) == 7;
	struct posada_state state = vcpu_state(cpu, POSADA_STATE_REGS);

	vcpu_code(cpu, scribbles);
	memset(&state.regs, 0, sizeof(state.regs));
	state.regs.rip = GUEST_CODE_AT;
	state.regs.rflags = RFLAGS_FIXED;
	state.regs.gpr[POSADA_RSP] = GUEST_STACK;
	state.regs.gpr[POSADA_R14] = (uintptr_t)&watched[0];
	state.regs.gpr[POSADA_R15] = avx;
	vcpu_state_set(cpu, &state, POSADA_STATE_REGS);
}

/* The RUN, with nothing but the system call between before and after. */
#define RUN_SYSCALL							\
	"1:	syscall\n"						\
	"	cmp $-4, %%eax\n"		/* EINTR */		\
	"	jne 2f\n"						\
	"	mov $16, %%eax\n"		/* SYS_ioctl */		\
	"	jmp 1b\n"						\
	"2:\n\t"

static inline long raw_run(int fd)
{
	long ret;

	asm volatile(RUN_SYSCALL : "=a"(ret)
		     : "0"(SYS_ioctl), "D"(fd), "S"(POSADA_RUN), "d"(0)
		     : "rcx", "r11", "memory");
	return ret;
}

TEST_F(guest, general_registers)
{
	uint64_t after[6];
	long ret;

	prepare(&self->cpu);
	asm volatile("mov %[after], %%r8\n\t"
		     "push %%rbp\n\t"
		     "mov $0x1111, %%rbx\n\t"
		     "mov $0x2222, %%rbp\n\t"
		     "mov $0x3333, %%r12\n\t"
		     "mov $0x4444, %%r13\n\t"
		     "mov $0x5555, %%r14\n\t"
		     "mov $0x6666, %%r15\n\t"
		     RUN_SYSCALL
		     "mov %%rbx, 0(%%r8)\n\t"
		     "mov %%rbp, 8(%%r8)\n\t"
		     "mov %%r12, 16(%%r8)\n\t"
		     "mov %%r13, 24(%%r8)\n\t"
		     "mov %%r14, 32(%%r8)\n\t"
		     "mov %%r15, 40(%%r8)\n\t"
		     "pop %%rbp"
		     : "=a"(ret)
		     : "0"(SYS_ioctl), "D"(self->cpu.fd), "S"(POSADA_RUN), "d"(0),
		       [after] "r"(after)
		     : "rbx", "rcx", "r8", "r11", "r12", "r13", "r14", "r15", "memory");
	EXPECT_EQ(0, ret);
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	EXPECT_EQ(0x1111, after[0]);
	EXPECT_EQ(0x2222, after[1]);
	EXPECT_EQ(0x3333, after[2]);
	EXPECT_EQ(0x4444, after[3]);
	EXPECT_EQ(0x5555, after[4]);
	EXPECT_EQ(0x6666, after[5]);
}

TEST_F(guest, x87_sse_and_mxcsr)
{
	static const uint64_t mark[2] = { 0x1122334455667788, 0x99aabbccddeeff00 };
	uint64_t xmm[4][2];
	uint32_t mxcsr = 0x3f80, mxcsr_after;
	uint16_t fcw = 0x0b7f, fcw_after;
	double e;
	long ret;

	prepare(&self->cpu);
	asm volatile("fninit\n\tfldcw %[fcw]\n\tfldl2e\n\tldmxcsr %[mxcsr]\n\t"
		     "movups %[mark], %%xmm0\n\tmovups %[mark], %%xmm2\n\t"
		     "movups %[mark], %%xmm9\n\tmovups %[mark], %%xmm15\n\t"
		     RUN_SYSCALL
		     "movups %%xmm0, 0(%[xmm])\n\tmovups %%xmm2, 16(%[xmm])\n\t"
		     "movups %%xmm9, 32(%[xmm])\n\tmovups %%xmm15, 48(%[xmm])\n\t"
		     "stmxcsr %[mxcsr_after]\n\tfnstcw %[fcw_after]\n\tfstpl %[e]\n\tfninit"
		     : "=a"(ret), [mxcsr_after] "=m"(mxcsr_after), [fcw_after] "=m"(fcw_after),
		       [e] "=m"(e)
		     : "0"(SYS_ioctl), "D"(self->cpu.fd), "S"(POSADA_RUN), "d"(0),
		       [fcw] "m"(fcw), [mxcsr] "m"(mxcsr), [mark] "m"(mark), [xmm] "b"(xmm)
		     : "rcx", "r11", "memory", "xmm0", "xmm2", "xmm9", "xmm15");
	mxcsr = 0x1f80;
	asm volatile("ldmxcsr %0" : : "m"(mxcsr));
	EXPECT_EQ(0, ret);
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	EXPECT_EQ(0x3f80, mxcsr_after);
	EXPECT_EQ(0x0b7f, fcw_after);
	EXPECT_TRUE(e > 1.44269 && e < 1.44270);
	EXPECT_EQ(0, memcmp(mark, xmm[0], 16));
	EXPECT_EQ(0, memcmp(mark, xmm[1], 16));
	EXPECT_EQ(0, memcmp(mark, xmm[2], 16));
	EXPECT_EQ(0, memcmp(mark, xmm[3], 16));
}

TEST_F(guest, upper_halves_of_ymm)
{
	static const uint64_t mark[4] = { 1, 2, 3, 4 };
	uint64_t ymm[3][4];
	long ret;

	if ((device_info(self->vm.device).xcr0 & 7) != 7)
		SKIP(return, "this CPU has no AVX for guests");
	prepare(&self->cpu);
	asm volatile("vmovups %[mark], %%ymm0\n\tvmovups %[mark], %%ymm8\n\t"
		     "vmovups %[mark], %%ymm15\n\t"
		     RUN_SYSCALL
		     "vmovups %%ymm0, 0(%[ymm])\n\tvmovups %%ymm8, 32(%[ymm])\n\t"
		     "vmovups %%ymm15, 64(%[ymm])\n\tvzeroupper"
		     : "=a"(ret)
		     : "0"(SYS_ioctl), "D"(self->cpu.fd), "S"(POSADA_RUN), "d"(0),
		       [mark] "m"(mark), [ymm] "b"(ymm)
		     : "rcx", "r11", "memory", "xmm0", "xmm8", "xmm15");
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, memcmp(mark, ymm[0], 32));
	EXPECT_EQ(0, memcmp(mark, ymm[1], 32));
	EXPECT_EQ(0, memcmp(mark, ymm[2], 32));
}

TEST_F(guest, fs_and_gs_base)
{
	uint64_t fs, gs, fs_after, gs_after;

	prepare(&self->cpu);
	ASSERT_EQ(0, syscall(SYS_arch_prctl, ARCH_SET_GS, 0x123456789000));
	ASSERT_EQ(0, syscall(SYS_arch_prctl, ARCH_GET_FS, &fs));
	ASSERT_EQ(0, syscall(SYS_arch_prctl, ARCH_GET_GS, &gs));
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(0, syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_after));
	ASSERT_EQ(0, syscall(SYS_arch_prctl, ARCH_GET_GS, &gs_after));
	EXPECT_EQ(fs, fs_after);
	EXPECT_EQ(gs, gs_after);
	EXPECT_EQ(0x123456789000, gs_after);
	/* and what the CPU has is what the kernel says: read through GS */
	ASSERT_EQ(0, syscall(SYS_arch_prctl, ARCH_SET_GS, &fs));
	prepare(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	asm volatile("mov %%gs:0, %0" : "=r"(gs_after));
	EXPECT_EQ(fs, gs_after);
}

TEST_F(guest, data_segment_selectors)
{
	uint32_t ds = 0x2b, ds_after, es_after;
	long ret;

	prepare(&self->cpu);
	asm volatile("mov %[ds], %%ds\n\tmov %[ds], %%es\n\t"
		     RUN_SYSCALL
		     "mov %%ds, %[ds_after]\n\tmov %%es, %[es_after]\n\t"
		     "mov %[zero], %%ds\n\tmov %[zero], %%es"
		     : "=a"(ret), [ds_after] "=&b"(ds_after), [es_after] "=&r"(es_after)
		     : "0"(SYS_ioctl), "D"(self->cpu.fd), "S"(POSADA_RUN), "d"(0), [ds] "r"(ds),
		       [zero] "r"(0)
		     : "rcx", "r11", "memory");
	EXPECT_EQ(0, ret);
	EXPECT_EQ(POSADA_EXIT_HLT, self->run->reason);
	EXPECT_EQ(0x2b, ds_after);
	EXPECT_EQ(0x2b, es_after);
}

/* An LDT, and a segment register that points into it (FS and GS RUN refuses). */
TEST_F(guest, local_descriptor_table)
{
	struct user_desc desc = {
		.entry_number = 2,
		.limit = 0xfffff,
		.seg_32bit = 1,
		.limit_in_pages = 1,
		.useable = 1,
	};
	uint32_t selector = 2 << 3 | 7, limit = 0;
	uint8_t ok = 0;

	if (syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)))
		SKIP(return, "modify_ldt: %s", strerror(errno));
	prepare(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	asm volatile("lsl %2, %0\n\tsetz %1" : "=r"(limit), "=q"(ok) : "r"(selector));
	EXPECT_EQ(1, ok);
	EXPECT_EQ(UINT32_MAX, limit);
}

struct table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* A VM exit leaves both limits at FFFFh: whoever can SGDT could read beyond. */
TEST_F(guest, descriptor_table_limits)
{
	struct table gdt, idt, gdt_after, idt_after;
	uint32_t eax = 7, ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (ecx & 4)
		SKIP(return, "UMIP hides the descriptor tables of this CPU");
	prepare(&self->cpu);
	asm volatile("sgdt %0\n\tsidt %1" : "=m"(gdt), "=m"(idt));
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	asm volatile("sgdt %0\n\tsidt %1" : "=m"(gdt_after), "=m"(idt_after));
	EXPECT_EQ(gdt.limit, gdt_after.limit);
	EXPECT_EQ(idt.limit, idt_after.limit);
	EXPECT_GT(0xffff, gdt_after.limit);
}

static sigjmp_buf fault;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(fault, 1);
}

/* The limit of the TSS, and with it the I/O bitmap. */
TEST_F(guest, io_permissions)
{
	struct sigaction action = { .sa_handler = on_fault };

	if (ioperm(0x80, 1, 1))
		SKIP(return, "ioperm: %s", strerror(errno));
	ASSERT_EQ(0, sigaction(SIGSEGV, &action, NULL));
	prepare(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	if (sigsetjmp(fault, 1))
		ASSERT_TRUE(!"port 80h is allowed");
	outb(0, 0x80);
	if (!sigsetjmp(fault, 1)) {
		(void)inb(0x81);
		ASSERT_TRUE(!"port 81h is not allowed");
	}
}

static int breakpoint_on(volatile void *address)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)address,
		.bp_len = HW_BREAKPOINT_LEN_4,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

TEST_F(guest, debug_registers)
{
	uint64_t count;
	unsigned int i;
	int fd[4];

	for (i = 0; i < 4; i++) {
		fd[i] = breakpoint_on(&watched[i]);
		if (fd[i] < 0)
			SKIP(return, "perf_event_open of a breakpoint: %s", strerror(errno));
	}
	watched[0] = 1;
	ASSERT_EQ(sizeof(count), read(fd[0], &count, sizeof(count)));
	if (count != 1)
		SKIP(return, "hardware breakpoints do not count on this machine");
	prepare(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	for (i = 0; i < 4; i++) {
		watched[i] = 2;
		ASSERT_EQ(sizeof(count), read(fd[i], &count, sizeof(count)));
		EXPECT_EQ(i ? 1 : 2, count);
		close(fd[i]);
	}
}

/* The guest's own breakpoints do not fire here. */
TEST_F(guest, no_breakpoint_of_the_guest_fires_in_the_host)
{
	prepare(&self->cpu);
	self->run->regs[POSADA_R14] = (uintptr_t)&watched[0];
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	watched[0] = 3;
	watched[0] = 4;
	EXPECT_EQ(4, watched[0]);
}

TEST_F(guest, system_calls)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		prepare(&self->cpu);
		vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
		ASSERT_EQ(getpid(), syscall(SYS_getpid));
	}
}

TEST_F(guest, flags)
{
	uint64_t flags;
	long ret;

	prepare(&self->cpu);
	ret = raw_run(self->cpu.fd);
	asm volatile("pushf\n\tpop %0" : "=r"(flags));
	EXPECT_EQ(0, ret);
	/* DF, NT, AC, RF, VM and IOPL are all clear */
	EXPECT_EQ(0, flags & 0x77400);
}

TEST_F(guest, rdtscp_tells_this_cpu)
{
	uint32_t eax, edx, aux, after;

	if (!(device_info(self->vm.device).features & POSADA_FEATURE_RDTSCP))
		SKIP(return, "this CPU has no RDTSCP for guests");
	prepare(&self->cpu);
	vcpu_msr_set(&self->cpu, 0xc0000103, 0xabcdef);
	asm volatile("rdtscp" : "=a"(eax), "=d"(edx), "=c"(aux));
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	asm volatile("rdtscp" : "=a"(eax), "=d"(edx), "=c"(after));
	/* it may have moved, but there are not 0xabcdef CPUs */
	EXPECT_NE(0xabcdef, after);
	EXPECT_NE(0xabcdef, aux);
}

TEST_HARNESS_MAIN
