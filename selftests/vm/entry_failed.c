// SPDX-License-Identifier: GPL-2.0
/* Is a state that only the CPU can refuse reported at RUN, and can it be repaired? */
#include "guest_fixture.h"

GUEST_CODE(runs,
"	mov $0x77, %eax\n"
"	hlt\n");

#define RFLAGS_VM 0x20000

/* SDM 3C 27.3.1.4: RFLAGS.VM must be 0 in IA-32e mode */
static void bad_rflags(struct posada_state *state)
{
	state->regs.rflags = RFLAGS_FIXED | RFLAGS_VM;
}

/* SDM 3C 27.3.1.2: CS must be a code segment */
static void bad_cs_type(struct posada_state *state)
{
	state->segments.cs.access = (state->segments.cs.access & ~0xfU) | 0x0;
}

/* SDM 3C 27.3.1.2: not D and L both, in IA-32e mode */
static void bad_cs_d_and_l(struct posada_state *state)
{
	state->segments.cs.access |= 0x4000 | 0x2000;
}

FIXTURE(failed) {
	struct vm vm;
	struct vcpu cpu;
};

FIXTURE_VARIANT(failed) {
	void (*spoil)(struct posada_state *state);
};

FIXTURE_VARIANT_ADD(failed, rflags_vm) { .spoil = bad_rflags };
FIXTURE_VARIANT_ADD(failed, cs_type) { .spoil = bad_cs_type };
FIXTURE_VARIANT_ADD(failed, cs_d_and_l) { .spoil = bad_cs_d_and_l };

FIXTURE_SETUP(failed)
{
	NEEDS_POSADA();
	vm_create(&self->vm);
	vcpu_create(&self->vm, &self->cpu, 0);
	boot_long(&self->cpu);
	vcpu_code(&self->cpu, runs);
}

FIXTURE_TEARDOWN(failed)
{
	vcpu_close(&self->cpu);
	vm_close(&self->vm);
}

static const uint32_t groups = POSADA_STATE_REGS | POSADA_STATE_SEGMENTS;

TEST_F(failed, is_an_exit_that_leaves_the_state_as_it_was_set)
{
	struct posada_state good = vcpu_state(&self->cpu, groups), bad = good, now;
	unsigned int i;

	variant->spoil(&bad);
	vcpu_state_set(&self->cpu, &bad, groups);
	for (i = 0; i < 2; i++) {
		vcpu_run_to(&self->cpu, POSADA_EXIT_FAILED);
		EXPECT_EQ(33, self->cpu.run->hw_reason);
		EXPECT_EQ(0, self->cpu.run->failed.instruction_error);
		EXPECT_LT(0, self->cpu.run->failed.nr_rules);
	}
	now = vcpu_state(&self->cpu, groups);
	EXPECT_EQ(0, memcmp(&bad.regs, &now.regs, sizeof(now.regs)));
	EXPECT_EQ(0, memcmp(&bad.segments, &now.segments, sizeof(now.segments)));
}

TEST_F(failed, runs_once_repaired)
{
	struct posada_state good = vcpu_state(&self->cpu, groups), bad = good;

	variant->spoil(&bad);
	vcpu_state_set(&self->cpu, &bad, groups);
	vcpu_run_to(&self->cpu, POSADA_EXIT_FAILED);
	vcpu_state_set(&self->cpu, &good, groups);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x77, self->cpu.run->regs[POSADA_RAX]);
}

/* An event that was to be delivered by the entry that failed is not lost. */
TEST_F(failed, keeps_the_event_of_the_entry)
{
	struct posada_state good = vcpu_state(&self->cpu, groups), bad = good;

	variant->spoil(&bad);
	vcpu_state_set(&self->cpu, &bad, groups);
	vcpu_nmi(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_FAILED);
	vcpu_state_set(&self->cpu, &good, groups);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	ASSERT_EQ(1, vm_log(&self->vm)->count);
	EXPECT_EQ(2, vm_event(&self->vm, 0)->vector);
}

TEST_HARNESS_MAIN
