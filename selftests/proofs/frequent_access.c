// SPDX-License-Identifier: GPL-2.0
/*
 * Frequent access to privileged resources: do the instructions that a kernel executes all
 * the time run without an exit?  What an iteration takes is printed; in Bochs a tick is
 * an instruction.
 */
#include "proof_fixture.h"

#define N 100000

#define MSR_STAR  0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084

/* R12: how often.  R8: TSC before, R9: after.  RAX to RDX and RBX are free. */
#define START								\
"	rdtsc\n"							\
"	shl $32, %rdx\n"						\
"	or %rax, %rdx\n"						\
"	mov %rdx, %r8\n"
#define STOP								\
"	rdtsc\n"							\
"	shl $32, %rdx\n"						\
"	or %rax, %rdx\n"						\
"	mov %rdx, %r9\n"						\
	PROOF_END
#define LOOP(name, before, body)					\
	GUEST_CODE(name,						\
	START								\
	before								\
"1:\n"									\
	body								\
"	dec %r12d\n"							\
"	jnz 1b\n"							\
	STOP)

LOOP(nothing, "", "");
LOOP(cr3, "	mov %cr3, %rbx\n", "	mov %rbx, %cr3\n");
LOOP(cr3_read, "", "	mov %cr3, %rbx\n");
LOOP(invlpg, "", "	invlpg DATA\n");
LOOP(cr8, "	xor %ebx, %ebx\n", "	mov %rbx, %cr8\n");
LOOP(cr8_read, "", "	mov %cr8, %rbx\n");
LOOP(swapgs, "", "	swapgs\n");
LOOP(ts, "	mov %cr0, %rbx\n	or $8, %ebx\n", "	mov %rbx, %cr0\n	clts\n");
LOOP(tsc, "", "	rdtsc\n");
LOOP(fs_base, "	mov $0xc0000100, %ecx\n	xor %eax, %eax\n	xor %edx, %edx\n", "	wrmsr\n");
LOOP(kernel_gs_base, "	mov $0xc0000102, %ecx\n	xor %eax, %eax\n	xor %edx, %edx\n", "	wrmsr\n");
LOOP(sti, "", "	sti\n	cli\n");

/* In ring 3: SYSCALL overwrites RCX and R11. */
GUEST_CODE(system_call,
	TO_RING_3(system_call_user)
	START
"1:	syscall\n"
"	dec %r12d\n"
"	jnz 1b\n"
	STOP
"system_call_entry:\n"
"	sysretq\n");
GUEST_LABEL(system_call_entry);

/* Exits on KVM without its own interrupt controller: every one costs 3,000 ticks. */
static unsigned int rounds(const struct proof *p, bool kvm_exits)
{
	return kvm_exits && !p->is_posada ? 1000 : N;
}

static void measure(struct __test_metadata *_metadata, struct proof *p, const char *name,
		    unsigned int n)
{
	uint64_t ticks;

	p->run->regs[POSADA_R12] = n;
	proof_run(p);
	EXPECT_EQ(0, p->run->regs[POSADA_R12]);
	EXPECT_EQ(0, vm_log(&p->vm)->count);
	ticks = p->run->regs[POSADA_R9] - p->run->regs[POSADA_R8];
	printf("# %s %s: %llu.%02llu ticks an iteration, %llu exits in %u\n", p->driver->name, name,
	       (unsigned long long)ticks / n, (unsigned long long)(ticks % n * 100 / n),
	       (unsigned long long)proof_exits(p) - 1, n);
	fflush(stdout);
}

#define NO_EXIT(name, words)						\
TEST_F(proof, name##_has_no_exit)					\
{									\
	proof_code(&self->p, name);					\
	measure(_metadata, &self->p, words, N);				\
	EXPECT_EQ(1, proof_exits(&self->p));				\
}

NO_EXIT(nothing, "the loop alone")
NO_EXIT(cr3, "MOV to CR3")
NO_EXIT(cr3_read, "MOV from CR3")
NO_EXIT(invlpg, "INVLPG")
NO_EXIT(swapgs, "SWAPGS")
NO_EXIT(tsc, "RDTSC")
NO_EXIT(fs_base, "WRMSR FS_BASE")
NO_EXIT(kernel_gs_base, "WRMSR KERNEL_GS_BASE")
NO_EXIT(sti, "STI and CLI")

/*
 * And when the trap policy wants to see them, each is seen, once, and does what it does.
 * (Where the module lets the CPU execute it, an exit of another reason follows.)
 */
#define SEEN 1000

static void seen(struct __test_metadata *_metadata, struct proof *p, uint32_t what,
		 uint32_t access, uint32_t number, uint32_t reason, unsigned int each)
{
	const struct posada_trap row = {
		.what = what,
		.access = access,
		.first = number,
		.last = number,
		.disposition = POSADA_EMULATE,
	};
	struct posada_control before, after;
	uint64_t exits;

	if (!proof_policy(p, &row, 1))
		SKIP(return, "%s has no trap policy, or this CPU no such trap", p->driver->name);
	before = proof_state(p, POSADA_STATE_CONTROL).control;
	exits = proof_stats(p).exits[reason];
	p->run->regs[POSADA_R12] = SEEN;
	proof_run(p);
	after = proof_state(p, POSADA_STATE_CONTROL).control;
	EXPECT_EQ(0, p->run->regs[POSADA_R12]);
	EXPECT_EQ(exits + SEEN * each, proof_stats(p).exits[reason]);
	EXPECT_EQ(SEEN * each, proof_hits(p, 0));
	EXPECT_EQ(0, vm_log(&p->vm)->count);
	EXPECT_EQ(before.cr0, after.cr0);
	EXPECT_EQ(before.cr3, after.cr3);
	EXPECT_EQ(before.cr8, after.cr8);
}

#define IS_SEEN(name, what, access, number, reason, each)		\
TEST_F(proof, name##_is_seen_when_the_policy_says_so)			\
{									\
	proof_code(&self->p, name);					\
	seen(_metadata, &self->p, what, access, number, reason, each);	\
}

IS_SEEN(cr3, POSADA_TRAP_CR, POSADA_TRAP_WRITE, 3, 28, 1)
IS_SEEN(cr3_read, POSADA_TRAP_CR, POSADA_TRAP_READ, 3, 28, 1)
IS_SEEN(cr8, POSADA_TRAP_CR, POSADA_TRAP_WRITE, 8, 28, 1)
IS_SEEN(ts, POSADA_TRAP_CR, POSADA_TRAP_WRITE, 0, 28, 2)
IS_SEEN(invlpg, POSADA_TRAP_INVLPG, 0, 0, 14, 1)
IS_SEEN(fs_base, POSADA_TRAP_MSR, POSADA_TRAP_WRITE, 0xc0000100, 32, 1)
IS_SEEN(kernel_gs_base, POSADA_TRAP_MSR, POSADA_TRAP_WRITE, 0xc0000102, 32, 1)

TEST_F(proof, rdtsc_is_seen_when_the_policy_says_so)
{
	const struct posada_trap row = {
		.what = POSADA_TRAP_RDTSC,
		.disposition = POSADA_EMULATE,
	};

	if (!proof_policy(&self->p, &row, 1))
		SKIP(return, "%s has no trap policy", self->p.driver->name);
	proof_code(&self->p, tsc);
	self->run->regs[POSADA_R12] = SEEN;
	proof_run(&self->p);
	/* and the two around the loop */
	EXPECT_EQ(SEEN + 2, proof_hits(&self->p, 0));
	EXPECT_EQ(SEEN + 2, proof_stats(&self->p).exits[16]);
	EXPECT_LT(self->run->regs[POSADA_R8], self->run->regs[POSADA_R9]);
}

TEST_F(proof, ts_has_no_exit)
{
	proof_code(&self->p, ts);
	measure(_metadata, &self->p, "MOV to CR0 with TS, CLTS", rounds(&self->p, true));
	if (self->p.is_posada)
		EXPECT_EQ(1, proof_exits(&self->p));
}

/* KVM has no TPR shadow without its own interrupt controller: it exits each time. */
TEST_F(proof, cr8_has_no_exit)
{
	proof_code(&self->p, cr8);
	measure(_metadata, &self->p, "MOV to CR8", rounds(&self->p, true));
	if (self->p.is_posada)
		EXPECT_EQ(1, proof_exits(&self->p));
}

TEST_F(proof, cr8_read_has_no_exit)
{
	proof_code(&self->p, cr8_read);
	measure(_metadata, &self->p, "MOV from CR8", rounds(&self->p, true));
	if (self->p.is_posada)
		EXPECT_EQ(1, proof_exits(&self->p));
}

TEST_F(proof, syscall_has_no_exit)
{
	proof_msr_set(&self->p, MSR_STAR, (uint64_t)GUEST_USER_CODE32 << 48 |
		      (uint64_t)GUEST_CODE64 << 32);
	proof_msr_set(&self->p, MSR_LSTAR, guest_address(system_call, system_call_entry));
	proof_msr_set(&self->p, MSR_FMASK, 0x200);
	proof_code(&self->p, system_call);
	measure(_metadata, &self->p, "SYSCALL and SYSRET", N);
	EXPECT_EQ(1, proof_exits(&self->p));
}

TEST_HARNESS_MAIN
