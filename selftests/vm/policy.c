// SPDX-License-Identifier: GPL-2.0
/* Does each row of the trap policy do what it says, at its price and no other? */
#include <pthread.h>

#include "guest_fixture.h"
#include "traps.h"

#define TIMES		10
#define PORT_DONE	0x99
#define RFLAGS_CF	1

/*
 * Executes the 16 bytes at many_bytes R14 times, with RAX from DATA and RBX, RCX,
 * RDX as they were; R15: 1 done, 2 an exception.  The end is an OUT, because HLT and
 * VMCALL can be what the row is about.
 */
GUEST_CODE(many,
"	xor %r15d, %r15d\n"
"	movl $many_fault - many + CODE, RECOVER\n"
"	movl $0, RECOVER + 4\n"
"many_again:\n"
"	mov DATA, %rax\n"
"many_bytes:\n"
"	.fill 16, 1, 0x90\n"
"	dec %r14\n"
"	jnz many_again\n"
"	movq $0, RECOVER\n"
"	mov $1, %r15d\n"
"	out %al, $0x99\n"
"many_fault:\n"
"	mov $2, %r15d\n"
"	out %al, $0x99\n");
GUEST_LABEL(many_bytes);

struct instruction {
	const char *text;
	uint8_t length;
	uint8_t bytes[8];
	uint64_t rax;
	uint64_t rcx;
	struct posada_trap trap;	/* but for the disposition */
	uint16_t reason;		/* of the exit */
	bool optional;			/* not every CPU has it */
};

#define INSN(...) .length = sizeof((uint8_t[]){ __VA_ARGS__ }), .bytes = { __VA_ARGS__ }
#define IS(kind, ...) .trap = TRAP(kind, NATIVE, ##__VA_ARGS__)

/* What the CPU does by itself when it may. */
static const struct instruction by_cpu[] = {
	{ "pause", INSN(0xf3, 0x90), IS(PAUSE), .reason = 40 },
	{ "rdtsc", INSN(0x0f, 0x31), IS(RDTSC), .reason = 16 },
	{ "rdtscp", INSN(0x0f, 0x01, 0xf9), IS(RDTSC), .reason = 51, .optional = true },
	{ "rdrand %ecx", INSN(0x0f, 0xc7, 0xf1), IS(RDRAND), .reason = 57, .optional = true },
	{ "rdseed %ecx", INSN(0x0f, 0xc7, 0xf9), IS(RDSEED), .reason = 61, .optional = true },
	{ "invlpg (%rbx)", INSN(0x0f, 0x01, 0x3b), IS(INVLPG), .reason = 14 },
	{ "mov %cr3, %rax", INSN(0x0f, 0x20, 0xd8), IS(CR, TRAP_R, TRAP_AT(3)), .reason = 28 },
	{ "mov %rax, %cr3", INSN(0x0f, 0x22, 0xd8), .rax = GUEST_PML4,
	  IS(CR, TRAP_W, TRAP_AT(3)), .reason = 28 },
	{ "mov %cr8, %rax", INSN(0x44, 0x0f, 0x20, 0xc0), IS(CR, TRAP_R, TRAP_AT(8)),
	  .reason = 28 },
	{ "mov %rax, %cr8", INSN(0x44, 0x0f, 0x22, 0xc0), .rax = 5, IS(CR, TRAP_W, TRAP_AT(8)),
	  .reason = 28 },
	{ "mov %dr1, %rax", INSN(0x0f, 0x21, 0xc8), IS(DR, TRAP_R, TRAP_AT(1)), .reason = 29 },
	{ "mov %rax, %dr2", INSN(0x0f, 0x23, 0xd0), .rax = 0x1234, IS(DR, TRAP_W, TRAP_AT(2)),
	  .reason = 29 },
	{ "sgdt (%rbx)", INSN(0x0f, 0x01, 0x03), IS(TABLES), .reason = 46 },
	{ "sidt (%rbx)", INSN(0x0f, 0x01, 0x0b), IS(TABLES), .reason = 46 },
	{ "lgdt (%rdx)", INSN(0x0f, 0x01, 0x12), IS(TABLES), .reason = 46 },
	{ "sldt %ecx", INSN(0x0f, 0x00, 0xc1), IS(TABLES), .reason = 47 },
	{ "str %ecx", INSN(0x0f, 0x00, 0xc9), IS(TABLES), .reason = 47 },
	{ "rdmsr FS_BASE", INSN(0x0f, 0x32), .rcx = 0xc0000100,
	  IS(MSR, TRAP_R, TRAP_AT(0xc0000100)), .reason = 31 },
	{ "wrmsr KERNEL_GS_BASE", INSN(0x0f, 0x30), .rcx = 0xc0000102, .rax = 0x5000,
	  IS(MSR, TRAP_W, TRAP_AT(0xc0000102)), .reason = 32 },
	{ "rdmsr KERNEL_GS_BASE", INSN(0x0f, 0x32), .rcx = 0xc0000102,
	  IS(MSR, TRAP_R, TRAP_AT(0xc0000102)), .reason = 31 },
	{ "rdmsr TSC", INSN(0x0f, 0x32), .rcx = 0x10, IS(MSR, TRAP_R, TRAP_AT(0x10)),
	  .reason = 31 },
	{ "rdmsr EFER", INSN(0x0f, 0x32), .rcx = 0xc0000080,
	  IS(MSR, TRAP_R, TRAP_AT(0xc0000080)), .reason = 31 },
};

/* What always makes an exit, or never runs natively by default. */
static const struct instruction by_module[] = {
	{ "cpuid", INSN(0x0f, 0xa2), .rax = 0, IS(CPUID, .last = 0xffffffff), .reason = 10 },
	{ "rdmsr MISC_ENABLE", INSN(0x0f, 0x32), .rcx = 0x1a0, IS(MSR, TRAP_R, TRAP_AT(0x1a0)),
	  .reason = 31 },
	{ "wrmsr MISC_ENABLE", INSN(0x0f, 0x30), .rcx = 0x1a0, .rax = 1,
	  IS(MSR, TRAP_W, TRAP_AT(0x1a0)), .reason = 32 },
	{ "wbinvd", INSN(0x0f, 0x09), IS(WBINVD), .reason = 54 },
};

static void prepare(struct vcpu *cpu, const struct instruction *i, unsigned int times)
{
	uint8_t *data = cpu->vm->ram + GUEST_DATA;
	struct posada_state state;

	vcpu_code(cpu, many);
	memcpy(cpu->vm->ram + guest_address(many, many_bytes), i->bytes, i->length);
	memcpy(data, &i->rax, 8);
	/* a GDTR for LGDT: the guest's own */
	memcpy(data + 0x200, (uint8_t[10]){ 0x57, 0, GUEST_GDT & 0xff, GUEST_GDT >> 8 }, 10);
	state = vcpu_state(cpu, POSADA_STATE_REGS);
	state.regs.rip = GUEST_CODE_AT;
	state.regs.rflags = RFLAGS_FIXED;
	state.regs.gpr[POSADA_RBX] = GUEST_DATA + 0x100;
	state.regs.gpr[POSADA_RCX] = i->rcx;
	state.regs.gpr[POSADA_RDX] = i->trap.what == POSADA_TRAP_TABLES ? GUEST_DATA + 0x200 : 0;
	state.regs.gpr[POSADA_R14] = times;
	vcpu_state_set(cpu, &state, POSADA_STATE_REGS);
	vm_log(cpu->vm)->count = 0;
}

/* To the OUT at the end.  Return: R15. */
static uint64_t finish(struct vcpu *cpu)
{
	vcpu_run_to(cpu, POSADA_EXIT_IO);
	if (cpu->run->io.port != PORT_DONE)
		return 0x1000 | cpu->run->io.port;
	return cpu->run->regs[POSADA_R15];
}

static uint64_t exits(struct vcpu *cpu, unsigned int reason)
{
	return vcpu_stats(cpu).exits[reason];
}

/* The CPU cannot trap it, or does not have it. */
static bool absent(struct vm *vm, struct vcpu *cpu, const struct instruction *i)
{
	struct posada_trap trap = i->trap;

	trap.disposition = POSADA_EMULATE;
	if (!i->optional)
		return false;
	if (__policy_set(vm, &trap, 1, NULL) == -EOPNOTSUPP)
		return true;
	policy_set(vm, NULL, 0);
	prepare(cpu, i, 1);
	return finish(cpu) == 2;
}

#define FOR_EACH(i, table) for (i = table; i < table + ARRAY_SIZE(table); i++)

TEST_F(guest, native_makes_no_exit)
{
	struct posada_trap trap;
	const struct instruction *i;
	uint64_t before;

	FOR_EACH(i, by_cpu) {
		if (absent(&self->vm, &self->cpu, i)) {
			printf("# SKIP %s: this CPU cannot\n", i->text);
			continue;
		}
		trap = i->trap;
		policy_set(&self->vm, &trap, 1);
		prepare(&self->cpu, i, TIMES);
		before = exits(&self->cpu, i->reason);
		EXPECT_EQ(1, finish(&self->cpu)) {
			TH_LOG("%s", i->text);
		}
		/* The first MOV DR of a stay brings the registers. */
		EXPECT_LE(exits(&self->cpu, i->reason) - before, i->reason == 29 ? 1 : 0) {
			TH_LOG("%s", i->text);
		}
		EXPECT_EQ(0, policy_hits(&self->vm, 0));
	}
}

/* Counted, done, and the guest sees no difference. */
TEST_F(guest, emulate_counts_each_and_does_it)
{
	uint64_t native[16], rflags;
	const struct instruction *i;
	struct posada_state state;
	struct posada_trap trap;
	uint64_t before;
	int r;

	FOR_EACH(i, by_cpu) {
		if (absent(&self->vm, &self->cpu, i))
			continue;
		trap = i->trap;
		policy_set(&self->vm, &trap, 1);
		prepare(&self->cpu, i, TIMES);
		finish(&self->cpu);
		memcpy(native, self->run->regs, sizeof(native));
		rflags = self->run->rflags;

		trap.disposition = POSADA_EMULATE;
		policy_set(&self->vm, &trap, 1);
		prepare(&self->cpu, i, TIMES);
		before = exits(&self->cpu, i->reason);
		EXPECT_EQ(1, finish(&self->cpu)) {
			TH_LOG("%s", i->text);
		}
		EXPECT_EQ(TIMES, policy_hits(&self->vm, 0)) {
			TH_LOG("%s", i->text);
		}
		EXPECT_LE(TIMES, exits(&self->cpu, i->reason) - before);
		EXPECT_EQ(0, vm_log(&self->vm)->count);
		EXPECT_EQ(rflags, self->run->rflags);
		/* time goes on, and chance is chance */
		for (r = 0; r < 16; r++) {
			bool differs = r == POSADA_RSP || i->trap.what == POSADA_TRAP_RDTSC ||
				       i->trap.first == 0x10 || i->trap.what == POSADA_TRAP_RDRAND ||
				       i->trap.what == POSADA_TRAP_RDSEED;

			if (!differs)
				EXPECT_EQ(native[r], self->run->regs[r]) {
					TH_LOG("%s: register %d", i->text, r);
				}
		}
		state = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
		EXPECT_EQ(0, state.events.pending_debug);
	}
}

TEST_F(guest, emulate_by_the_module_counts_each)
{
	const struct instruction *i;
	struct posada_trap trap;

	FOR_EACH(i, by_module) {
		trap = i->trap;
		trap.disposition = POSADA_EMULATE;
		policy_set(&self->vm, &trap, 1);
		prepare(&self->cpu, i, TIMES);
		EXPECT_EQ(1, finish(&self->cpu)) {
			TH_LOG("%s", i->text);
		}
		EXPECT_EQ(TIMES, policy_hits(&self->vm, 0)) {
			TH_LOG("%s", i->text);
		}
	}
}

static const struct {
	struct instruction i;
	uint64_t value;
	uint64_t rax, rdx, rcx;		/* after */
} ignored[] = {
	{ { "in $0x80, %al", INSN(0xe4, 0x80), .rax = 0x1111111111111111,
	    IS(IO, TRAP_R, TRAP_AT(0x80)) }, 0xa5b6c7d8, 0x11111111111111d8, 0, 0 },
	{ { "in $0x80, %ax", INSN(0x66, 0xe5, 0x80), .rax = 0x1111111111111111,
	    IS(IO, TRAP_R, TRAP_AT(0x80)) }, 0xa5b6c7d8, 0x111111111111c7d8, 0, 0 },
	{ { "in $0x80, %eax", INSN(0xe5, 0x80), .rax = 0x1111111111111111,
	    IS(IO, TRAP_R, TRAP_AT(0x80)) }, 0xa5b6c7d8, 0xa5b6c7d8, 0, 0 },
	{ { "out %al, $0x80", INSN(0xe6, 0x80), .rax = 7, IS(IO, TRAP_W, TRAP_AT(0x80)) },
	  0, 7, 0, 0 },
	{ { "rdmsr 1234h", INSN(0x0f, 0x32), .rcx = 0x1234, IS(MSR, TRAP_R, TRAP_AT(0x1234)) },
	  0x1122334455667788, 0x55667788, 0x11223344, 0x1234 },
	{ { "rdmsr PAT", INSN(0x0f, 0x32), .rcx = 0x277, IS(MSR, TRAP_R, TRAP_AT(0x277)) },
	  0x42, 0x42, 0, 0x277 },
	{ { "wrmsr 1234h", INSN(0x0f, 0x30), .rcx = 0x1234, .rax = 9,
	    IS(MSR, TRAP_W, TRAP_AT(0x1234)) }, 0, 9, 0, 0x1234 },
	{ { "vmcall", INSN(0x0f, 0x01, 0xc1), .rax = 3, IS(VMCALL) }, 0xfeed, 0xfeed, 0, 0 },
	{ { "hlt", INSN(0xf4), .rax = 3, IS(HLT) }, 0, 3, 0, 0 },
	{ { "cpuid", INSN(0x0f, 0xa2), .rax = 0, IS(CPUID, TRAP_AT(0)) }, 0, 0, 0, 0 },
	{ { "rdtsc", INSN(0x0f, 0x31), IS(RDTSC) }, 0x500000006, 6, 5, 0 },
	{ { "rdpmc", INSN(0x0f, 0x33), IS(RDPMC) }, 0x700000008, 8, 7, 0 },
	{ { "mov %cr3, %rax", INSN(0x0f, 0x20, 0xd8), IS(CR, TRAP_R, TRAP_AT(3)) },
	  0xabc000, 0xabc000, 0, 0 },
	{ { "mov %rax, %cr3", INSN(0x0f, 0x22, 0xd8), .rax = 0xdead000,
	    IS(CR, TRAP_W, TRAP_AT(3)) }, 0, 0xdead000, 0, 0 },
	{ { "mov %dr3, %rax", INSN(0x0f, 0x21, 0xd8), IS(DR, TRAP_R, TRAP_AT(3)) },
	  0x77, 0x77, 0, 0 },
	{ { "invlpg (%rbx)", INSN(0x0f, 0x01, 0x3b), IS(INVLPG) }, 0, 0, 0, 0 },
	{ { "pause", INSN(0xf3, 0x90), IS(PAUSE) }, 0, 0, 0, 0 },
	{ { "monitor", INSN(0x0f, 0x01, 0xc8), IS(MONITOR) }, 0, 0, 0, 0 },
	{ { "mwait", INSN(0x0f, 0x01, 0xc9), IS(MWAIT) }, 0, 0, 0, 0 },
	{ { "wbinvd", INSN(0x0f, 0x09), IS(WBINVD) }, 0, 0, 0, 0 },
	{ { "int3", INSN(0xcc), IS(EXCEPTION, TRAP_AT(3)) }, 0, 0, 0, 0 },
};

TEST_F(guest, ignore_skips_and_gives_the_value)
{
	struct posada_trap trap;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(ignored); n++) {
		trap = ignored[n].i.trap;
		trap.disposition = POSADA_IGNORE;
		trap.value = ignored[n].value;
		policy_set(&self->vm, &trap, 1);
		prepare(&self->cpu, &ignored[n].i, 1);
		EXPECT_EQ(1, finish(&self->cpu)) {
			TH_LOG("%s", ignored[n].i.text);
		}
		EXPECT_EQ(ignored[n].rax, self->run->regs[POSADA_RAX]) {
			TH_LOG("%s", ignored[n].i.text);
		}
		EXPECT_EQ(ignored[n].rdx, self->run->regs[POSADA_RDX]) {
			TH_LOG("%s", ignored[n].i.text);
		}
		EXPECT_EQ(ignored[n].rcx, self->run->regs[POSADA_RCX]) {
			TH_LOG("%s", ignored[n].i.text);
		}
		EXPECT_EQ(1, policy_hits(&self->vm, 0));
		EXPECT_EQ(0, vm_log(&self->vm)->count);
	}
}

TEST_F(guest, an_ignored_write_of_cr3_leaves_it)
{
	const struct instruction i = { "mov %rax, %cr3", INSN(0x0f, 0x22, 0xd8), .rax = 0xdead000 };

	policy_set_one(&self->vm, TRAP(CR, IGNORE, TRAP_W, TRAP_AT(3)));
	prepare(&self->cpu, &i, 1);
	EXPECT_EQ(1, finish(&self->cpu));
	EXPECT_EQ(GUEST_PML4, vcpu_state(&self->cpu, POSADA_STATE_CONTROL).control.cr3);
}

GUEST_CODE(randoms,
"	xor %eax, %eax\n"
"	dec %rax\n"
"	mov %rax, %rcx\n"
"	mov %rax, %rdx\n"
"	rdrand %ecx\n"
"	pushf\n"
"	rdrand %rdx\n"
"	pop %rbx\n"
"	out %al, $0x99\n");

TEST_F(guest, an_ignored_rdrand_has_its_width_and_its_flags)
{
	const struct posada_trap trap = TRAP(RDRAND, IGNORE, .value = 0x1122334455667788);

	if (__policy_set(&self->vm, &trap, 1, NULL) == -EOPNOTSUPP)
		SKIP(return, "this CPU has no exit for RDRAND");
	vcpu_code(&self->cpu, randoms);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(0x55667788, self->run->regs[POSADA_RCX]);
	EXPECT_EQ(0x1122334455667788, self->run->regs[POSADA_RDX]);
	EXPECT_EQ(RFLAGS_CF, self->run->regs[POSADA_RBX] & 0x8d5);
}

GUEST_CODE(random16,
"	xor %eax, %eax\n"
"	dec %rax\n"
"	rdrand %ax\n"
"	out %al, $0x99\n");

TEST_F(guest, an_ignored_rdrand_of_16_bits)
{
	struct posada_trap trap = TRAP(RDRAND, USER);

	if (__policy_set(&self->vm, &trap, 1, NULL) == -EOPNOTSUPP)
		SKIP(return, "this CPU has no exit for RDRAND");
	vcpu_code(&self->cpu, random16);
	vcpu_run_to(&self->cpu, POSADA_EXIT_TRAP);
	if (self->run->trap.information & 3 << 11)
		SKIP(return, "this CPU tells a wrong operand size (an emulator does)");
	trap.disposition = POSADA_IGNORE;
	trap.value = 0x1122334455667788;
	policy_set(&self->vm, &trap, 1);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(0xffffffffffff7788, self->run->regs[POSADA_RAX]);
}

static void expect_fault(struct __test_metadata *_metadata, struct vcpu *cpu,
			 const struct instruction *i, uint8_t vector)
{
	struct posada_trap trap = i->trap;

	trap.disposition = POSADA_FAULT;
	trap.value = vector;
	policy_set(cpu->vm, &trap, 1);
	prepare(cpu, i, 1);
	EXPECT_EQ(2, finish(cpu)) {
		TH_LOG("%s", i->text);
	}
	EXPECT_EQ(1, vm_log(cpu->vm)->count);
	EXPECT_EQ(vector, vm_event(cpu->vm, 0)->vector) {
		TH_LOG("%s", i->text);
	}
	EXPECT_EQ(0, vm_event(cpu->vm, 0)->error);
	EXPECT_EQ(guest_address(many, many_bytes), vm_event(cpu->vm, 0)->rip) {
		TH_LOG("%s", i->text);
	}
	EXPECT_EQ(0, vm_event(cpu->vm, 0)->rflags & RFLAGS_TF);
	EXPECT_EQ(1, policy_hits(cpu->vm, 0));
}

TEST_F(guest, fault_raises_ud_or_gp)
{
	const struct instruction *i;
	unsigned int n;

	FOR_EACH(i, by_cpu) {
		if (absent(&self->vm, &self->cpu, i))
			continue;
		expect_fault(_metadata, &self->cpu, i, 6);
		expect_fault(_metadata, &self->cpu, i, 13);
	}
	FOR_EACH(i, by_module)
		expect_fault(_metadata, &self->cpu, i, 13);
	for (n = 0; n < ARRAY_SIZE(ignored); n++)
		if (ignored[n].i.trap.what != POSADA_TRAP_EXCEPTION)
			expect_fault(_metadata, &self->cpu, &ignored[n].i, 6);
}

/* The program sees each, and lets the CPU or the module go on. */
static void expect_user(struct __test_metadata *_metadata, struct vcpu *cpu,
			const struct instruction *i)
{
	struct posada_trap trap = i->trap;
	int n;

	if (absent(cpu->vm, cpu, i) || i->trap.what == POSADA_TRAP_MSR)
		return;
	trap.disposition = POSADA_USER;
	policy_set(cpu->vm, &trap, 1);
	prepare(cpu, i, 3);
	for (n = 0; n < 3; n++) {
		vcpu_run_to(cpu, POSADA_EXIT_TRAP);
		EXPECT_EQ(i->trap.what, cpu->run->trap.what);
		EXPECT_EQ(i->trap.access, cpu->run->trap.access) {
			TH_LOG("%s", i->text);
		}
		EXPECT_EQ(i->trap.first, cpu->run->trap.number) {
			TH_LOG("%s", i->text);
		}
		EXPECT_EQ(0, cpu->run->trap.row);
		EXPECT_EQ(i->reason, cpu->run->hw_reason);
		EXPECT_EQ(i->length, cpu->run->insn_len);
		EXPECT_EQ(guest_address(many, many_bytes), cpu->run->rip);
		if (i->trap.access == POSADA_TRAP_WRITE)
			EXPECT_EQ(i->rax, cpu->run->trap.value);
		cpu->run->apply = POSADA_APPLY_STEP;
	}
	EXPECT_EQ(1, finish(cpu)) {
		TH_LOG("%s", i->text);
	}
	EXPECT_EQ(3, policy_hits(cpu->vm, 0)) {
		TH_LOG("%s", i->text);
	}
}

TEST_F(guest, user_returns_and_step_goes_past)
{
	const struct instruction *i;

	FOR_EACH(i, by_cpu)
		expect_user(_metadata, &self->cpu, i);
	/* A step that the module took over must not be left for the next time round. */
	FOR_EACH(i, by_module)
		expect_user(_metadata, &self->cpu, i);
}

/* To the trap of RDTSC; a kick breaks off the step that follows. */
static void break_a_step_off(struct vcpu *cpu)
{
	const struct instruction *i = &by_cpu[1];
	struct posada_trap trap = i->trap;

	trap.disposition = POSADA_USER;
	policy_set(cpu->vm, &trap, 1);
	prepare(cpu, i, 1);
	vcpu_run_to(cpu, POSADA_EXIT_TRAP);
	vcpu_kick(cpu);
	cpu->run->apply = POSADA_APPLY_STEP;
	vcpu_run_to(cpu, POSADA_EXIT_KICK);
}

TEST_F(guest, a_step_that_was_broken_off_is_taken_by_the_next_run)
{
	break_a_step_off(&self->cpu);
	EXPECT_EQ(guest_address(many, many_bytes), self->run->rip);
	EXPECT_EQ(0, self->run->rflags & RFLAGS_TF);
	EXPECT_EQ(1, finish(&self->cpu));
	EXPECT_EQ(1, policy_hits(&self->vm, 0));
}

/* Of what stands at RIP in the state that is set, the program has seen nothing yet. */
TEST_F(guest, no_step_is_left_for_another_state)
{
	struct posada_state state;

	break_a_step_off(&self->cpu);
	state = vcpu_state(&self->cpu, POSADA_STATE_REGS);
	EXPECT_EQ(0, state.regs.rflags & RFLAGS_TF);
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_REGS);
	vcpu_run_to(&self->cpu, POSADA_EXIT_TRAP);
	EXPECT_EQ(guest_address(many, many_bytes), self->run->rip);
	EXPECT_EQ(2, policy_hits(&self->vm, 0));
}

/* An entry that fails was no step: the program does not see our TF. */
TEST_F(guest, a_step_that_cannot_enter_leaves_no_trace)
{
	const uint64_t bad = RFLAGS_FIXED | 1 << 17;	/* VM in IA-32e mode (SDM 3C 27.3.1.4) */

	vcpu_code(&self->cpu, many);
	vcpu_rflags_set(&self->cpu, bad);
	self->run->apply = POSADA_APPLY_STEP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_FAILED);
	EXPECT_EQ(bad, self->run->rflags);
	EXPECT_EQ(bad, vcpu_state(&self->cpu, POSADA_STATE_REGS).regs.rflags);
}

GUEST_CODE(sleeps,
"	nop\n"
"	out %al, $0x99\n");

/* Nothing was reported that could be stepped past: what wakes the vCPU comes first. */
TEST_F(guest, a_step_of_a_vcpu_that_sleeps_is_none)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_REGS |
							   POSADA_STATE_EVENTS);

	vcpu_code(&self->cpu, sleeps);
	state.regs.rflags = RFLAGS_FIXED | RFLAGS_IF;
	state.events.activity = POSADA_HALTED;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_REGS | POSADA_STATE_EVENTS);
	vcpu_interrupt(&self->cpu, 0x41);
	self->run->apply = POSADA_APPLY_STEP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(GUEST_CODE_AT, vm_event(&self->vm, 0)->rip);
}

TEST_F(guest, user_of_ports_msrs_hypercalls_and_hlt_has_its_own_reason)
{
	static const struct {
		struct instruction i;
		uint32_t reason;
	} rows[] = {
		{ { "in", INSN(0xe4, 0x80), IS(IO, TRAP_R, TRAP_AT(0x80)) }, POSADA_EXIT_IO },
		{ { "rdmsr FS_BASE", INSN(0x0f, 0x32), .rcx = 0xc0000100,
		    IS(MSR, TRAP_R, TRAP_AT(0xc0000100)) }, POSADA_EXIT_RDMSR },
		{ { "wrmsr FS_BASE", INSN(0x0f, 0x30), .rcx = 0xc0000100,
		    IS(MSR, TRAP_W, TRAP_AT(0xc0000100)) }, POSADA_EXIT_WRMSR },
		{ { "vmcall", INSN(0x0f, 0x01, 0xc1), IS(VMCALL) }, POSADA_EXIT_HYPERCALL },
		{ { "hlt", INSN(0xf4), IS(HLT) }, POSADA_EXIT_HLT },
	};
	struct posada_trap trap;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(rows); n++) {
		trap = rows[n].i.trap;
		trap.disposition = POSADA_USER;
		policy_set(&self->vm, &trap, 1);
		prepare(&self->cpu, &rows[n].i, 1);
		vcpu_run_to(&self->cpu, rows[n].reason);
		EXPECT_EQ(guest_address(many, many_bytes), self->run->rip);
		self->run->apply = POSADA_APPLY_SKIP;
		EXPECT_EQ(1, finish(&self->cpu)) {
			TH_LOG("%s", rows[n].i.text);
		}
	}
}

TEST_F(guest, terminate_ends_the_vm_for_good)
{
	const struct instruction *i = &by_cpu[1];
	struct posada_state state;
	struct posada_trap trap = i->trap;
	struct vcpu other;
	int n;

	vcpu_create(&self->vm, &other, 1);
	boot_long(&other);
	trap.disposition = POSADA_TERMINATE;
	policy_set(&self->vm, &trap, 1);
	prepare(&self->cpu, i, 1);
	for (n = 0; n < 3; n++) {
		memset(self->run->raw, 0xff, sizeof(self->run->raw));
		vcpu_run_to(&self->cpu, POSADA_EXIT_TERMINATED);
		EXPECT_EQ(POSADA_TRAP_RDTSC, self->run->trap.what);
		EXPECT_EQ(0, self->run->trap.row);
		EXPECT_EQ(guest_address(many, many_bytes), self->run->rip);
	}
	EXPECT_EQ(1, policy_hits(&self->vm, 0));
	/* the other vCPU, which has not even run */
	vcpu_run_to(&other, POSADA_EXIT_TERMINATED);
	EXPECT_EQ(POSADA_TRAP_RDTSC, other.run->trap.what);
	/* the state can be read, and a reset revives */
	state = vcpu_state(&self->cpu, POSADA_STATE_REGS | POSADA_STATE_EVENTS);
	EXPECT_EQ(guest_address(many, many_bytes), state.regs.rip);
	EXPECT_EQ(POSADA_SHUTDOWN, state.events.activity);
	state.events.activity = POSADA_ACTIVE;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_EVENTS);
	policy_set(&self->vm, NULL, 0);
	EXPECT_EQ(1, finish(&self->cpu));
	vcpu_close(&other);
}

/* Also of a vCPU that has not run since, and so has not said that it is dead. */
TEST_F(guest, a_reset_revives_one_that_has_not_heard_of_its_end)
{
	struct posada_trap trap = by_cpu[1].trap;
	struct posada_state state;
	struct vcpu other;

	vcpu_create(&self->vm, &other, 1);
	boot_long(&other);
	trap.disposition = POSADA_TERMINATE;
	policy_set(&self->vm, &trap, 1);
	prepare(&self->cpu, &by_cpu[1], 1);
	vcpu_run_to(&self->cpu, POSADA_EXIT_TERMINATED);
	policy_set(&self->vm, NULL, 0);
	state = vcpu_state(&other, POSADA_STATE_EVENTS);
	vcpu_state_set(&other, &state, POSADA_STATE_EVENTS);
	prepare(&other, &by_cpu[1], 1);
	EXPECT_EQ(1, finish(&other));
	vcpu_close(&other);
}

/* Every change of a control register, also of bits that the module owns, LMSW and CLTS. */
GUEST_CODE(control,
"	mov $5, %r14d\n"
"1:	mov %cr0, %rax\n"
"	xor $8, %rax\n"			/* TS */
"	mov %rax, %cr0\n"
"	mov %cr0, %rbx\n"
"	cmp %rax, %rbx\n"
"	jne 9f\n"
"	mov %cr4, %rax\n"
"	xor $4, %rax\n"			/* TSD */
"	mov %rax, %cr4\n"
"	mov %cr4, %rbx\n"
"	cmp %rax, %rbx\n"
"	jne 9f\n"
"	dec %r14\n"
"	jnz 1b\n"
"	clts\n"
"	smsw %eax\n"
"	or $8, %eax\n"
"	lmsw %ax\n"
"	smsw %ebx\n"
"	cmp %eax, %ebx\n"
"	jne 9f\n"
"	clts\n"
"	mov %cr0, %rax\n"
"	bts $30, %rax\n"		/* CD, the module's own */
"	mov %rax, %cr0\n"
"	mov %cr0, %rbx\n"
"	cmp %rax, %rbx\n"
"	jne 9f\n"
"	mov $1, %r15d\n"
"9:	out %al, $0x99\n");

TEST_F(guest, every_change_of_cr0_and_cr4_is_seen)
{
	const struct posada_trap traps[] = {
		TRAP(CR, EMULATE, TRAP_W, TRAP_AT(0)),
		TRAP(CR, EMULATE, TRAP_W, TRAP_AT(4)),
	};

	policy_set(&self->vm, traps, 2);
	vcpu_code(&self->cpu, control);
	EXPECT_EQ(1, finish(&self->cpu));
	EXPECT_EQ(0, vm_log(&self->vm)->count);
	/* TS is set after five: CLTS, LMSW, CLTS, MOV */
	EXPECT_EQ(5 + 4, policy_hits(&self->vm, 0));
	EXPECT_EQ(5, policy_hits(&self->vm, 1));
}

GUEST_CODE(bad_cr4,
"	mov %cr4, %rax\n"
"	bts $30, %rax\n"
"	TRY bad_cr4_fault\n"
"	mov %cr4, %rax\n"
"	bts $30, %rax\n"
"bad_cr4_at:\n"
"	mov %rax, %cr4\n"
"	out %al, $0x98\n"
"bad_cr4_fault:\n"
"	mov %cr4, %rbx\n"
"	out %al, $0x99\n");
GUEST_LABEL(bad_cr4_at);

/* What the CPU refuses past the trap is the guest's own fault, with no trace of it. */
TEST_F(guest, a_stepped_instruction_can_fault)
{
	policy_set_one(&self->vm, TRAP(CR, EMULATE, TRAP_W, TRAP_AT(4)));
	vcpu_code(&self->cpu, bad_cr4);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(0x99, self->run->io.port);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(13, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(bad_cr4, bad_cr4_at), vm_event(&self->vm, 0)->rip);
	EXPECT_EQ(0, vm_event(&self->vm, 0)->rflags & RFLAGS_TF);
	EXPECT_EQ(1, policy_hits(&self->vm, 0));
}

GUEST_CODE(stepping,
"	rdtsc\n"
"stepping_1:\n"
"	invlpg DATA\n"
"stepping_2:\n"
"	hlt\n");
GUEST_LABEL(stepping_1);
GUEST_LABEL(stepping_2);

/* The guest steps itself, over instructions that are stepped past their traps. */
TEST_F(guest, the_guests_own_single_step_is_kept)
{
	const struct posada_trap traps[] = { TRAP(RDTSC, EMULATE), TRAP(INVLPG, EMULATE) };

	policy_set(&self->vm, traps, 2);
	vcpu_code(&self->cpu, stepping);
	/* Once without TF, so that no first touch of a page comes between. */
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	policy_set(&self->vm, traps, 2);
	vcpu_rip_set(&self->cpu, GUEST_CODE_AT);
	vcpu_rflags_set(&self->cpu, RFLAGS_TF);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(2, vm_log(&self->vm)->count);
	EXPECT_EQ(1, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(stepping, stepping_1), vm_event(&self->vm, 0)->rip);
	EXPECT_EQ(guest_address(stepping, stepping_2), vm_event(&self->vm, 1)->rip);
	EXPECT_EQ(RFLAGS_TF, vm_event(&self->vm, 1)->rflags & RFLAGS_TF);
	EXPECT_EQ(1, policy_hits(&self->vm, 0));
	EXPECT_EQ(1, policy_hits(&self->vm, 1));
}

GUEST_CODE(shadow,
"	cli\n"
"	mov %ss, %ecx\n"
"	sti\n"
"	invlpg DATA\n"			/* in the shadow of STI */
"shadow_after_sti:\n"
"	nop\n"
"	cli\n"
"	out %al, $0x99\n"
"	sti\n"
"	nop\n"
"	mov %ecx, %ss\n"
"	rdtsc\n"			/* in that of MOV SS */
"shadow_after_mov_ss:\n"
"	nop\n"
"	out %al, $0x99\n");
GUEST_LABEL(shadow_after_sti);
GUEST_LABEL(shadow_after_mov_ss);

/* An interrupt waits for the end of the shadow, not longer, and is not lost. */
TEST_F(guest, shadows_are_those_of_the_stepped_instruction)
{
	const struct posada_trap traps[] = { TRAP(RDTSC, EMULATE), TRAP(INVLPG, EMULATE) };

	policy_set(&self->vm, traps, 2);
	vcpu_code(&self->cpu, shadow);
	vcpu_interrupt(&self->cpu, 0x41);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(0x41, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(guest_address(shadow, shadow_after_sti), vm_event(&self->vm, 0)->rip);
	EXPECT_EQ(0, vm_event(&self->vm, 0)->rflags & RFLAGS_TF);
	self->run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(1, policy_hits(&self->vm, 0));
	EXPECT_EQ(1, policy_hits(&self->vm, 1));
}

GUEST_CODE(faults,
"	movl $faults_2 - faults + CODE, RECOVER\n"
"	ud2\n"
"faults_2:\n"
"	movl $faults_3 - faults + CODE, RECOVER\n"
"	mov $0x40000000, %eax\n"
"faults_pf:\n"
"	mov (%rax), %rbx\n"
"faults_3:\n"
"	int3\n"
"faults_4:\n"
"	out %al, $0x99\n");
GUEST_LABEL(faults_pf);
GUEST_LABEL(faults_4);

/* Intercepted, counted, and delivered as if nothing had been. */
TEST_F(guest, exceptions_are_delivered_as_they_were)
{
	const struct posada_trap traps[] = {
		TRAP(EXCEPTION, EMULATE, TRAP_AT(14)),
		TRAP(EXCEPTION, EMULATE, .first = 3, .last = 13),
	};
	const struct posada_trap wrong = TRAP(EXCEPTION, EMULATE, .first = 1, .last = 3);

	EXPECT_EQ(-EINVAL, __policy_set(&self->vm, &wrong, 1, NULL));	/* the NMI */
	policy_set(&self->vm, traps, 2);
	vcpu_code(&self->cpu, faults);
	/* so that the address is in no page table */
	memset(self->vm.ram + GUEST_PDPT + 8, 0, 8);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	ASSERT_EQ(3, vm_log(&self->vm)->count);
	EXPECT_EQ(6, vm_event(&self->vm, 0)->vector);
	EXPECT_EQ(14, vm_event(&self->vm, 1)->vector);
	EXPECT_EQ(0, vm_event(&self->vm, 1)->error);
	EXPECT_EQ(0x40000000, vm_event(&self->vm, 1)->cr2);
	EXPECT_EQ(guest_address(faults, faults_pf), vm_event(&self->vm, 1)->rip);
	EXPECT_EQ(3, vm_event(&self->vm, 2)->vector);
	EXPECT_EQ(guest_address(faults, faults_4), vm_event(&self->vm, 2)->rip);
	EXPECT_EQ(1, policy_hits(&self->vm, 0));
	EXPECT_EQ(2, policy_hits(&self->vm, 1));
}

/* The program sees the fault before the guest, and passes it on. */
TEST_F(guest, a_page_fault_to_the_program)
{
	policy_set_one(&self->vm, TRAP(EXCEPTION, USER, TRAP_AT(14)));
	vcpu_code(&self->cpu, faults);
	memset(self->vm.ram + GUEST_PDPT + 8, 0, 8);
	vcpu_run_to(&self->cpu, POSADA_EXIT_TRAP);
	EXPECT_EQ(POSADA_TRAP_EXCEPTION, self->run->trap.what);
	EXPECT_EQ(14, self->run->trap.number);
	EXPECT_EQ(0, self->run->trap.error_code);
	EXPECT_EQ(0x40000000, self->run->trap.value);
	EXPECT_EQ(0, self->run->insn_len);
	EXPECT_NE(0x40000000, vcpu_state(&self->cpu, POSADA_STATE_CONTROL).control.cr2);
	vcpu_exception_error(&self->cpu, 14, 0, self->run->trap.value);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	ASSERT_EQ(3, vm_log(&self->vm)->count);
	EXPECT_EQ(0x40000000, vm_event(&self->vm, 1)->cr2);
}

GUEST_CODE(native_hlt,
"	sti\n"
"1:	hlt\n"
"	cmpl $0, COUNT\n"	/* any exit may end a HLT in some emulators */
"	je 1b\n"
"	out %al, $0x99\n");

static void *interrupt_soon(void *cpu)
{
	usleep(20000);
	vcpu_interrupt(cpu, 0x41);
	return NULL;
}

TEST_F(guest, a_native_hlt_makes_no_exit_and_still_wakes)
{
	pthread_t thread;

	policy_set_one(&self->vm, TRAP(HLT, NATIVE));
	vcpu_code(&self->cpu, native_hlt);
	self->run->flags = POSADA_RUN_EXIT_HLT;
	ASSERT_EQ(0, pthread_create(&thread, NULL, interrupt_soon, &self->cpu));
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	pthread_join(thread, NULL);
	EXPECT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(0, exits(&self->cpu, 12));
}

GUEST_CODE(outs,
"	mov $3, %ecx\n"
"	mov $DATA, %edi\n"
"	mov $0x80, %edx\n"
"	rep insb\n"
"	out %al, $0x99\n");

TEST_F(guest, an_ignored_string_form_is_the_programs_with_the_value)
{
	policy_set_one(&self->vm, TRAP(IO, IGNORE, TRAP_RW, TRAP_AT(0x80), .value = 0x5a));
	vcpu_code(&self->cpu, outs);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(POSADA_IO_IN | POSADA_IO_STRING | POSADA_IO_REP | POSADA_IO_IGNORED,
		  self->run->io.flags);
	EXPECT_EQ(0x5a, self->run->io.value);
}

GUEST_CODE(spin_rdtsc,
"1:	rdtsc\n"
"	incq DATA\n"
"	jmp 1b\n");

static void *spin(void *cpu)
{
	__vcpu_run_on(cpu);
	return NULL;
}

/* While it runs: each table is in force when SET returns, and none crashes. */
TEST_F(guest, the_rows_change_under_a_running_vcpu)
{
	volatile uint64_t *turns = (uint64_t *)(self->vm.ram + GUEST_DATA);
	uint64_t before;
	pthread_t thread;
	int i;

	vcpu_code(&self->cpu, spin_rdtsc);
	ASSERT_EQ(0, pthread_create(&thread, NULL, spin, &self->cpu));
	for (i = 0; i < 40; i++) {
		policy_set_one(&self->vm, TRAP(RDTSC, EMULATE));
		before = *turns;
		while (*turns < before + 20)
			sched_yield();
		EXPECT_LT(10, policy_hits(&self->vm, 0));
		policy_set_one(&self->vm, TRAP(RDTSC, NATIVE));
		before = exits(&self->cpu, 16);
		usleep(1000);
		EXPECT_EQ(before, exits(&self->cpu, 16));
	}
	policy_set_one(&self->vm, TRAP(RDTSC, TERMINATE));
	pthread_join(thread, NULL);
	EXPECT_EQ(POSADA_EXIT_TERMINATED, self->run->reason);
}

static const struct {
	const char *words;		/* part of the reason given */
	struct posada_trap trap;
} refused[] = {
	{ "no such kind", { .what = POSADA_TRAP_KINDS } },
	{ "no such disposition", { .what = POSADA_TRAP_HLT, .disposition = 6 } },
	{ "not for setting", { .what = POSADA_TRAP_HLT, .flags = 1 } },
	{ "not for setting", { .what = POSADA_TRAP_HLT, .hits = 1 } },
	{ "no direction", TRAP(HLT, USER, TRAP_R) },
	{ "read, write or both", TRAP(IO, USER) },
	{ "read, write or both", TRAP(IO, USER, .access = 4) },
	{ "ends before", TRAP(IO, USER, TRAP_R, .first = 2, .last = 1) },
	{ "too far", TRAP(IO, USER, TRAP_R, TRAP_AT(0x10000)) },
	{ "no numbers", TRAP(HLT, USER, TRAP_AT(1)) },
	{ "always exits", TRAP(CPUID, NATIVE) },
	{ "always exits", TRAP(XSETBV, NATIVE) },
	{ "always exits", TRAP(VMCALL, NATIVE) },
	{ "own ports", TRAP(IO, NATIVE, TRAP_R, TRAP_AT(0x80)) },
	{ "no devices", TRAP(IO, EMULATE, TRAP_R, TRAP_AT(0x80)) },
	{ "no hypercalls", TRAP(VMCALL, EMULATE) },
	{ "register of the machine", TRAP(MSR, NATIVE, TRAP_R, TRAP_AT(0x1a0)) },
	{ "register of the machine", TRAP(MSR, NATIVE, TRAP_R, .last = 0xffffffff) },
	{ "register of the machine", TRAP(MSR, NATIVE, TRAP_W, TRAP_AT(0xc0000080)) },
	{ "does not know", TRAP(MSR, EMULATE, TRAP_R, TRAP_AT(0x1234)) },
	{ "does not know", TRAP(MSR, EMULATE, TRAP_RW, .first = 0xc0000080, .last = 0xc0000085) },
	{ "one a row", TRAP(CR, USER, TRAP_W, .first = 0, .last = 3) },
	{ "one a row", TRAP(CR, USER, TRAP_W, TRAP_AT(2)) },
	{ "never exits", TRAP(CR, USER, TRAP_RW, TRAP_AT(0)) },
	{ "never exits", TRAP(CR, USER, TRAP_R, TRAP_AT(4)) },
	{ "is the NMI", TRAP(EXCEPTION, USER, TRAP_AT(2)) },
	{ "the host's", TRAP(EXCEPTION, USER, TRAP_AT(18)) },
	{ "without end", TRAP(EXCEPTION, NATIVE, TRAP_AT(1)) },
	{ "without end", TRAP(EXCEPTION, NATIVE, TRAP_AT(17)) },
	{ "would come again", TRAP(EXCEPTION, IGNORE, TRAP_AT(14)) },
	{ "another", TRAP(EXCEPTION, FAULT, TRAP_AT(14), .value = 6) },
	{ "6 (#UD) or 13", TRAP(HLT, FAULT) },
	{ "6 (#UD) or 13", TRAP(HLT, FAULT, .value = 14) },
	{ "only ignore and fault", TRAP(HLT, USER, .value = 1) },
	{ "zeroes", TRAP(CPUID, IGNORE, .value = 1) },
	{ "32 bits", TRAP(IO, IGNORE, TRAP_R, .value = 1ULL << 32) },
	{ "own counters", TRAP(RDPMC, NATIVE) },
	{ "no performance counters", TRAP(RDPMC, EMULATE) },
	{ "dirty cache lines", TRAP(WBINVD, NATIVE) },
	{ "does not emulate MONITOR", TRAP(MONITOR, EMULATE) },
	{ "does not emulate MWAIT", TRAP(MWAIT, EMULATE) },
	{ "store to memory", TRAP(TABLES, IGNORE) },
};

TEST_F(guest, what_makes_no_sense_is_refused_in_words)
{
	struct posada_trap traps[3] = { TRAP(HLT, USER), TRAP(PAUSE, EMULATE) };
	struct posada_trap all[POLICY_ROOM];
	struct posada_policy policy;
	unsigned int i;

	policy_set_one(&self->vm, TRAP(RDTSC, EMULATE));
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		traps[2] = refused[i].trap;
		EXPECT_EQ(-EINVAL, __policy_set(&self->vm, traps, 3, &policy)) {
			TH_LOG("row %u: %s", i, refused[i].words);
		}
		EXPECT_EQ(2, policy.bad);
		EXPECT_NE(NULL, strstr(policy.why, refused[i].words)) {
			TH_LOG("row %u: wanted '%s', got '%s'", i, refused[i].words, policy.why);
		}
	}
	/* and nothing changed */
	policy_get(&self->vm, all);
	EXPECT_EQ(POSADA_TRAP_RDTSC, all[0].what);
}

TEST_F(guest, get_tells_the_rows_in_order_and_the_built_in_ones_behind)
{
	struct posada_trap traps[POLICY_ROOM], set[2] = {
		TRAP(IO, IGNORE, TRAP_R, TRAP_AT(0x80), .value = 7),
		TRAP(PAUSE, EMULATE),
	};
	struct posada_policy little = { .size = sizeof(little), .nr = 1,
					.traps = (uintptr_t)traps };
	unsigned int nr, i, kinds = 0;

	nr = policy_get(&self->vm, traps);
	EXPECT_LT(POSADA_TRAP_KINDS, nr);
	EXPECT_EQ(POSADA_TRAP_BUILT_IN, traps[0].flags);
	policy_set(&self->vm, set, 2);
	EXPECT_EQ(nr + 2, policy_get(&self->vm, traps));
	EXPECT_EQ(0, memcmp(&set[0], &traps[0], sizeof(set[0])));
	EXPECT_EQ(0, memcmp(&set[1], &traps[1], sizeof(set[1])));
	for (i = 2; i < nr + 2; i++) {
		EXPECT_EQ(POSADA_TRAP_BUILT_IN, traps[i].flags);
		kinds |= 1U << traps[i].what;
	}
	EXPECT_EQ((1U << POSADA_TRAP_KINDS) - 1, kinds);
	EXPECT_EQ(-ENOSPC, posada_ioctl(self->vm.fd, POSADA_POLICY_GET, &little));
	EXPECT_EQ(nr + 2, little.nr);
}

/* The rows of the module can be set as well: what GET says, SET takes. */
TEST_F(guest, what_get_says_set_takes)
{
	struct posada_trap traps[POLICY_ROOM];
	unsigned int nr = policy_get(&self->vm, traps), i, n = 0;
	struct posada_policy policy;

	for (i = 0; i < nr; i++) {
		traps[i].flags = 0;
		/* but for those that stand for several registers or the NMI */
		if (traps[i].what != POSADA_TRAP_CR && traps[i].what != POSADA_TRAP_EXCEPTION)
			traps[n++] = traps[i];
	}
	EXPECT_EQ(0, __policy_set(&self->vm, traps, n, &policy)) {
		TH_LOG("row %u: %s", policy.bad, policy.why);
	}
}

TEST_F(guest, the_first_row_that_matches_decides)
{
	const struct posada_trap traps[] = {
		TRAP(MSR, IGNORE, TRAP_R, TRAP_AT(0x1234), .value = 1),
		TRAP(MSR, IGNORE, TRAP_R, .first = 0x1200, .last = 0x12ff, .value = 2),
		TRAP(MSR, FAULT, TRAP_RW, .last = 0xffffffff, .value = 13),
	};
	static const struct {
		uint32_t index;
		uint64_t r15, value;
	} rows[] = { { 0x1234, 1, 1 }, { 0x1235, 1, 2 }, { 0x1300, 2, 0 }, { 0x10, 2, 0 } };
	struct instruction i = { "rdmsr", INSN(0x0f, 0x32) };
	unsigned int n;

	policy_set(&self->vm, traps, 3);
	for (n = 0; n < ARRAY_SIZE(rows); n++) {
		i.rcx = rows[n].index;
		prepare(&self->cpu, &i, 1);
		EXPECT_EQ(rows[n].r15, finish(&self->cpu));
		EXPECT_EQ(rows[n].value, self->run->regs[POSADA_RAX]);
	}
	EXPECT_EQ(1, policy_hits(&self->vm, 0));
	EXPECT_EQ(1, policy_hits(&self->vm, 1));
	EXPECT_EQ(2, policy_hits(&self->vm, 2));
}

TEST_HARNESS_MAIN
