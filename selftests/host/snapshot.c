// SPDX-License-Identifier: GPL-2.0
/* Does a snapshot hand over all of a vCPU, and an instruction that is half done? */
#include <errno.h>
#include <stdlib.h>
#include <kselftest_harness.h>

#include "snapshot.h"
#include "state_msrs.h"

/* A driver whose vCPU is a few variables. */
static struct {
	uint32_t groups;
	uint32_t nr_cpuid;
	bool table_first;
	int error;
} fake;

static int state_get(struct driver_vcpu *vcpu, struct posada_state *state, uint32_t groups)
{
	struct posada_msr *msrs = (void *)(uintptr_t)state->msrs;

	(void)vcpu;
	fake.groups = groups;
	for (uint32_t i = 0; i < state->nr_msrs; i++)
		msrs[i].value = msrs[i].index * 3ULL;
	memset((void *)(uintptr_t)state->xsave, 0x5a, state->xsave_size);
	state->regs.rip = 0x1000;
	return fake.error;
}

static int state_set(struct driver_vcpu *vcpu, struct posada_state *state, uint32_t groups)
{
	const struct posada_msr *msrs = (void *)(uintptr_t)state->msrs;
	const uint8_t *xsave = (void *)(uintptr_t)state->xsave;

	(void)vcpu;
	fake.groups = groups;
	fake.table_first = fake.nr_cpuid;
	for (uint32_t i = 0; i < state->nr_msrs; i++)
		if (msrs[i].value != msrs[i].index * 3ULL)
			return -EINVAL;
	return state->regs.rip == 0x1000 && xsave[state->xsave_size - 1] == 0x5a ? 0 : -EINVAL;
}

static int cpuid_get(struct driver_vcpu *vcpu, struct posada_cpuid_entry *entries, uint32_t *nr)
{
	(void)vcpu;
	if (*nr < 2)
		return -ENOSPC;
	entries[0] = (struct posada_cpuid_entry){ .leaf = 0, .eax = 1 };
	entries[1] = (struct posada_cpuid_entry){ .leaf = 1, .eax = 0x306c3 };
	*nr = 2;
	return 0;
}

static int cpuid_set(struct driver_vcpu *vcpu, const struct posada_cpuid_entry *entries,
		     uint32_t nr)
{
	(void)vcpu;
	fake.nr_cpuid = nr;
	return entries[1].eax == 0x306c3 ? 0 : -EINVAL;
}

static const struct driver driver = {
	.state_get = state_get,
	.state_set = state_set,
	.cpuid_get = cpuid_get,
	.cpuid_set = cpuid_set,
};

FIXTURE(snapshot) {
	struct snapshot s;
	struct posada_run from_run, to_run;
	struct driver_vcpu from, to;
};

FIXTURE_SETUP(snapshot)
{
	const struct posada_info info = { .xsave_size = 832, .max_cpuid = 128,
					  .features = POSADA_FEATURE_RDTSCP };

	memset(&fake, 0, sizeof(fake));
	memset(&self->from_run, 0, sizeof(self->from_run));
	memset(&self->to_run, 0, sizeof(self->to_run));
	self->from = (struct driver_vcpu){ .driver = &driver, .run = &self->from_run };
	self->to = (struct driver_vcpu){ .driver = &driver, .run = &self->to_run };
	ASSERT_EQ(0, snapshot_init(&self->s, &info));
}

FIXTURE_TEARDOWN(snapshot)
{
	snapshot_destroy(&self->s);
}

TEST_F(snapshot, has_everything)
{
	ASSERT_EQ(0, snapshot_get(&self->s, &self->from));
	EXPECT_EQ(0xff, fake.groups);
	ASSERT_EQ(0, snapshot_set(&self->s, &self->to));
	EXPECT_EQ(0xff, fake.groups);
	EXPECT_EQ(2, fake.nr_cpuid);
	EXPECT_TRUE(fake.table_first);
}

TEST_F(snapshot, an_instruction_that_was_done_is_skipped_there)
{
	self->from_run.reason = POSADA_EXIT_IO;
	self->from_run.rip = 0x2000;
	self->from_run.insn_len = 2;
	self->from_run.apply = POSADA_APPLY_SKIP;
	self->from_run.flags = POSADA_RUN_EXIT_HLT;
	ASSERT_EQ(0, snapshot_get(&self->s, &self->from));
	ASSERT_EQ(0, snapshot_set(&self->s, &self->to));
	EXPECT_EQ(POSADA_APPLY_RIP, self->to_run.apply);
	EXPECT_EQ(0x2002, self->to_run.rip);
	EXPECT_EQ(POSADA_RUN_EXIT_HLT, self->to_run.flags);
	EXPECT_EQ(POSADA_EXIT_NONE, self->to_run.reason);
	EXPECT_EQ(0, self->to_run.insn_len);
	/* and the old one can still go on, if it has to */
	EXPECT_EQ(POSADA_APPLY_SKIP, self->from_run.apply);
	EXPECT_EQ(0x2000, self->from_run.rip);
}

TEST_F(snapshot, an_rip_of_its_own_stays)
{
	self->from_run.rip = 0x3000;
	self->from_run.insn_len = 2;
	self->from_run.rflags = 0x46;
	self->from_run.apply = POSADA_APPLY_RIP | POSADA_APPLY_SKIP | POSADA_APPLY_RFLAGS;
	ASSERT_EQ(0, snapshot_get(&self->s, &self->from));
	ASSERT_EQ(0, snapshot_set(&self->s, &self->to));
	EXPECT_EQ(POSADA_APPLY_RIP | POSADA_APPLY_RFLAGS, self->to_run.apply);
	EXPECT_EQ(0x3000, self->to_run.rip);
	EXPECT_EQ(0x46, self->to_run.rflags);
}

TEST_F(snapshot, one_that_was_not_done_is_done_again)
{
	self->from_run.reason = POSADA_EXIT_IO;
	self->from_run.rip = 0x2000;
	self->from_run.insn_len = 2;
	ASSERT_EQ(0, snapshot_get(&self->s, &self->from));
	ASSERT_EQ(0, snapshot_set(&self->s, &self->to));
	EXPECT_EQ(0, self->to_run.apply);
	EXPECT_EQ(POSADA_EXIT_NONE, self->to_run.reason);
}

TEST_F(snapshot, errors_are_passed_on)
{
	struct driver none = driver;

	fake.error = -EIO;
	EXPECT_EQ(-EIO, snapshot_get(&self->s, &self->from));
	none.cpuid_get = NULL;
	self->from.driver = &none;
	EXPECT_EQ(-EOPNOTSUPP, snapshot_get(&self->s, &self->from));
}

TEST_HARNESS_MAIN
