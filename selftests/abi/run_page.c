// SPDX-License-Identifier: GPL-2.0
/* Is the run page read once, checked, and nothing applied when it is refused? */
#include <pthread.h>

#include "guest_fixture.h"

GUEST_CODE(two_outs,
"	out %al, $0x80\n"
"	out %al, $0x81\n"
"	hlt\n");

TEST_F(guest, unknown_bits_are_einval_and_apply_nothing)
{
	uint32_t *fields[] = {
		&self->run->apply, &self->run->flags, &self->run->offer, &self->run->reserved0,
	};
	static const struct {
		unsigned int field;
		uint32_t bits;
	} rows[] = {
		{ 0, 1U << 3 }, { 0, 1U << 31 },
		{ 1, 1U << 1 }, { 1, 1U << 31 },
		{ 2, 1U << 8 }, { 2, 1U << 30 },
		{ 3, 1 },
	};
	uint64_t entries;
	unsigned int i;

	vcpu_code(&self->cpu, two_outs);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	entries = vcpu_stats(&self->cpu).entries;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t before;

		self->run->apply = POSADA_APPLY_SKIP;
		before = *fields[rows[i].field];
		*fields[rows[i].field] |= rows[i].bits;
		EXPECT_EQ(-EINVAL, __vcpu_run_on(&self->cpu)) {
			TH_LOG("field %u bits %#x", rows[i].field, rows[i].bits);
		}
		*fields[rows[i].field] = before;
		EXPECT_EQ(POSADA_APPLY_SKIP, self->run->apply);
		EXPECT_EQ(GUEST_CODE_AT, vcpu_rip(&self->cpu));
	}
	EXPECT_EQ(entries, vcpu_stats(&self->cpu).entries);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(0x81, self->run->io.port);
}

static void apply_oddly(struct __test_metadata *_metadata, struct vm *vm, uint32_t apply,
			uint64_t value)
{
	struct vcpu cpu;
	int ret;

	vcpu_create(vm, &cpu, 1);
	boot_long(&cpu);
	vcpu_code(&cpu, two_outs);
	vcpu_run_to(&cpu, POSADA_EXIT_IO);
	cpu.run->rip = value;
	cpu.run->rflags = value;
	cpu.run->apply = apply;
	ret = __vcpu_run_on(&cpu);
	EXPECT_TRUE(ret == 0 || ret == -EINVAL) {
		TH_LOG("apply %u of %#llx: %d", apply, (unsigned long long)value, ret);
	}
	(void)vcpu_state(&cpu, POSADA_STATE_REGS);
	vcpu_close(&cpu);
}

/* RFLAGS and RIP may be anything: whoever judges them, the module survives. */
TEST_F(guest, odd_values_of_rip_and_rflags)
{
	static const uint64_t values[] = {
		0, ~0ULL, 0x0000800000000000, 0x8000000000000000, 0xffffffff, 0x20002, 8,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		apply_oddly(_metadata, &self->vm, POSADA_APPLY_RIP, values[i]);
		apply_oddly(_metadata, &self->vm, POSADA_APPLY_SKIP | POSADA_APPLY_RFLAGS,
			    values[i]);
	}
}

/*
 * Another thread scribbles over the whole page all the time, and kicks now and
 * then so that a guest that was sent anywhere, or to sleep, comes back.
 */
static volatile int stop;

static void *scribble(void *argument)
{
	struct vcpu *cpu = argument;
	volatile uint32_t *word = (volatile uint32_t *)cpu->run;
	uint32_t random = 1;

	while (!stop) {
		random = random * 1664525 + 1013904223;
		word[(random >> 8) % (sizeof(struct posada_run) / 4)] = random;
		if (random >> 22 == 0)
			vcpu_kick(cpu);
	}
	return NULL;
}

TEST_F_TIMEOUT(guest, a_page_that_changes_all_the_time, 120)
{
	struct posada_state none = { .size = sizeof(none) };
	pthread_t thread;
	unsigned int i;
	int ret;

	vcpu_code(&self->cpu, two_outs);
	ASSERT_EQ(0, pthread_create(&thread, NULL, scribble, &self->cpu));
	for (i = 0; i < 300; i++) {
		ret = __vcpu_run_on(&self->cpu);
		ASSERT_TRUE(ret == 0 || ret == -EINVAL) {
			TH_LOG("RUN returned %d", ret);
		}
	}
	stop = 1;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	/* nothing is left behind of it */
	memset(self->run, 0, sizeof(*self->run));
	self->run->flags = POSADA_RUN_EXIT_HLT;
	boot_long(&self->cpu);
	vcpu_code(&self->cpu, two_outs);
	vcpu_state_set(&self->cpu, &none, POSADA_STATE_EVENTS);
	vcpu_kick(&self->cpu);
	vcpu_run_to(&self->cpu, POSADA_EXIT_KICK);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	EXPECT_EQ(0x80, self->run->io.port);
}

/* A task with an FS or GS selector would come back without it. */
TEST_F(guest, gs_selector_is_eopnotsupp)
{
	uint32_t selector = 0x2b, zero = 0;
	int ret;

	vcpu_code(&self->cpu, two_outs);
	asm volatile("mov %0, %%gs" : : "r"(selector));
	ret = __vcpu_run_on(&self->cpu);
	asm volatile("mov %0, %%gs" : : "r"(zero));
	EXPECT_EQ(-EOPNOTSUPP, ret);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
}

TEST_HARNESS_MAIN
