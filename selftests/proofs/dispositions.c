// SPDX-License-Identifier: GPL-2.0
/*
 * Emulate, ignore or terminate: is one and the same restricted instruction what the
 * trap policy says: done by the program, skipped with the row's value, or the end of the
 * VM with the row as the reason?  KVM is the reference for the first.
 */
#include "proof_fixture.h"

#define BEFORE 0x1122334455667788	/* RAX */
#define VALUE  0x5a5b5c5d6a6b6c6dULL	/* what a read gives */

/* RBX, RSI: RAX and RDX behind the instruction; R15: it was passed. */
#define BEHIND								\
"	mov %rax, %rbx\n"						\
"	mov %rdx, %rsi\n"						\
"	mov $0x77, %r15d\n"						\
	PROOF_END

GUEST_CODE(in_port,
"	movabs $" GUEST_STR(BEFORE) ", %rax\n"
"in_port_here:\n"
"	in $0x80, %al\n"
	BEHIND);
GUEST_LABEL(in_port_here);

GUEST_CODE(read_msr,
"	movabs $" GUEST_STR(BEFORE) ", %rax\n"
"	mov $0x1234, %ecx\n"
"read_msr_here:\n"
"	rdmsr\n"
	BEHIND);
GUEST_LABEL(read_msr_here);

GUEST_CODE(hypercall,
"	movabs $" GUEST_STR(BEFORE) ", %rax\n"
"hypercall_here:\n"
"	vmcall\n"
	BEHIND);
GUEST_LABEL(hypercall_here);

struct act {
	const unsigned char *code, *code_end, *here;
	uint32_t what, access, number;
	uint32_t exit;		/* of RUN, when it is the program's */
	uint32_t reason;	/* basic exit reason */
	uint64_t ignored;	/* what the row gives */
	uint64_t rax, rdx;	/* behind the instruction */
};

static const struct act acts[] = {
	{
		.code = in_port, .code_end = in_port_end, .here = in_port_here,
		.what = POSADA_TRAP_IO, .access = POSADA_TRAP_READ, .number = 0x80,
		.exit = POSADA_EXIT_IO, .reason = 30, .ignored = 0x6d,
		.rax = (BEFORE & ~0xffULL) | 0x6d, .rdx = 0,
	},
	{
		.code = read_msr, .code_end = read_msr_end, .here = read_msr_here,
		.what = POSADA_TRAP_MSR, .access = POSADA_TRAP_READ, .number = 0x1234,
		.exit = POSADA_EXIT_RDMSR, .reason = 31, .ignored = VALUE,
		.rax = VALUE & 0xffffffff, .rdx = VALUE >> 32,
	},
	{
		.code = hypercall, .code_end = hypercall_end, .here = hypercall_here,
		.what = POSADA_TRAP_VMCALL,
		.exit = POSADA_EXIT_HYPERCALL, .reason = 18, .ignored = VALUE,
		.rax = VALUE, .rdx = 0,
	},
};

static bool set_row(struct proof *p, const struct act *act, uint32_t disposition, uint64_t value)
{
	struct posada_trap row = {
		.what = act->what,
		.access = act->access,
		.first = act->number,
		.last = act->number,
		.disposition = disposition,
		.value = value,
	};

	vm_load(&p->vm, GUEST_CODE_AT, act->code, act->code_end);
	return proof_policy(p, &row, 1);
}

static void expect_behind(struct __test_metadata *_metadata, struct proof *p,
			  const struct act *act)
{
	EXPECT_EQ(PROOF_END_PORT, p->run->io.port);
	EXPECT_EQ(0x77, p->run->regs[POSADA_R15]);
	EXPECT_EQ(act->rax, p->run->regs[POSADA_RBX]);
	EXPECT_EQ(act->rdx, p->run->regs[POSADA_RSI]);
	EXPECT_EQ(0, vm_log(&p->vm)->count);
	EXPECT_EQ(2, proof_exits(p));	/* it, and the end */
}

/* What a device or a register of the program's would give. */
static void answer(struct proof *p, const struct act *act)
{
	uint64_t value = act->ignored;

	if (act->what == POSADA_TRAP_IO && p->cpu.data.bytes) {
		memcpy(p->cpu.data.bytes, &value, p->cpu.data.width);
	} else if (act->what == POSADA_TRAP_IO) {
		p->run->regs[POSADA_RAX] = (p->run->regs[POSADA_RAX] & ~0xffULL) | value;
	} else if (act->what == POSADA_TRAP_MSR) {
		p->run->regs[POSADA_RAX] = (uint32_t)value;
		p->run->regs[POSADA_RDX] = value >> 32;
	} else {
		p->run->regs[POSADA_RAX] = value;
	}
}

static void done_by_the_program(struct __test_metadata *_metadata, struct proof *p,
				const struct act *act)
{
	bool has_policy = set_row(p, act, POSADA_USER, 0);

	proof_run_to(p, act->exit);
	EXPECT_EQ(guest_address(act->code, act->here), p->run->rip);
	EXPECT_EQ(BEFORE, p->run->regs[POSADA_RAX]);
	answer(p, act);
	proof_run_on(p);
	expect_behind(_metadata, p, act);
	if (has_policy)
		EXPECT_EQ(1, proof_hits(p, 0));
}

static void skipped_with_a_value(struct __test_metadata *_metadata, struct proof *p,
				 const struct act *act)
{
	uint64_t before = proof_stats(p).exits[act->reason];

	if (!set_row(p, act, POSADA_IGNORE, act->ignored))
		SKIP(return, "%s has no trap policy", p->driver->name);
	proof_run(p);
	expect_behind(_metadata, p, act);
	EXPECT_EQ(1, proof_hits(p, 0));
	/* the end is an OUT */
	EXPECT_EQ(before + (act->reason == 30 ? 2 : 1), proof_stats(p).exits[act->reason]);
}

static void the_end(struct __test_metadata *_metadata, struct proof *p, const struct act *act)
{
	unsigned int i;

	if (!set_row(p, act, POSADA_TERMINATE, 0))
		SKIP(return, "%s has no trap policy", p->driver->name);
	for (i = 0; i < 2; i++) {
		proof_run_to(p, POSADA_EXIT_TERMINATED);
		EXPECT_EQ(guest_address(act->code, act->here), p->run->rip);
		EXPECT_EQ(act->what, p->run->trap.what);
		EXPECT_EQ(act->access, p->run->trap.access);
		EXPECT_EQ(act->number, p->run->trap.number);
		EXPECT_EQ(0, p->run->trap.row);
		EXPECT_EQ(BEFORE, p->run->regs[POSADA_RAX]);
	}
	EXPECT_EQ(1, proof_hits(p, 0));
	EXPECT_EQ(1, proof_exits(p));
}

TEST_F(proof, in_is_done_by_the_program)
{
	done_by_the_program(_metadata, &self->p, &acts[0]);
}

TEST_F(proof, in_is_skipped_with_a_value)
{
	skipped_with_a_value(_metadata, &self->p, &acts[0]);
}

TEST_F(proof, in_is_the_end)
{
	the_end(_metadata, &self->p, &acts[0]);
}

TEST_F(proof, rdmsr_is_done_by_the_program)
{
	done_by_the_program(_metadata, &self->p, &acts[1]);
}

TEST_F(proof, rdmsr_is_skipped_with_a_value)
{
	skipped_with_a_value(_metadata, &self->p, &acts[1]);
}

TEST_F(proof, rdmsr_is_the_end)
{
	the_end(_metadata, &self->p, &acts[1]);
}

TEST_F(proof, vmcall_is_done_by_the_program)
{
	if (!self->p.is_posada)
		SKIP(return, "KVM does not hand out VMCALL");
	done_by_the_program(_metadata, &self->p, &acts[2]);
}

TEST_F(proof, vmcall_is_skipped_with_a_value)
{
	skipped_with_a_value(_metadata, &self->p, &acts[2]);
}

TEST_F(proof, vmcall_is_the_end)
{
	the_end(_metadata, &self->p, &acts[2]);
}

TEST_HARNESS_MAIN
