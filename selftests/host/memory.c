// SPDX-License-Identifier: GPL-2.0
/* Does guest memory let no address out of its ranges, whatever the guest asks? */
#include <kselftest_harness.h>

#include "memory.h"

FIXTURE(ram) {
	struct guest_memory mem;
	uint8_t *low;		/* 0x1000..0x3000 */
	uint8_t *next;		/* 0x3000..0x4000, a neighbour */
	uint8_t *top;		/* the last page there is */
};

FIXTURE_SETUP(ram)
{
	self->low = calloc(1, 0x2000);
	self->next = calloc(1, 0x1000);
	self->top = calloc(1, 0x1000);
	ASSERT_EQ(0, guest_memory_add(&self->mem, 0x3000, 0x1000, self->next));
	ASSERT_EQ(0, guest_memory_add(&self->mem, 0x1000, 0x2000, self->low));
	ASSERT_EQ(0, guest_memory_add(&self->mem, ~0xfffULL - 0x1000, 0x1000, self->top));
}

FIXTURE_TEARDOWN(ram)
{
	free(self->low);
	free(self->next);
	free(self->top);
}

TEST_F(ram, ranges_are_refused_that_cannot_be)
{
	uint8_t byte;

	EXPECT_EQ(-EINVAL, guest_memory_add(&self->mem, 0x10000, 0, &byte));
	EXPECT_EQ(-EINVAL, guest_memory_add(&self->mem, ~0ULL, 2, &byte));
	EXPECT_EQ(-EEXIST, guest_memory_add(&self->mem, 0x1000, 1, &byte));
	EXPECT_EQ(-EEXIST, guest_memory_add(&self->mem, 0, 0x1001, &byte));
	EXPECT_EQ(-EEXIST, guest_memory_add(&self->mem, 0x3fff, 1, &byte));
	EXPECT_EQ(-EEXIST, guest_memory_add(&self->mem, 0, 0x10000, &byte));
	EXPECT_EQ(0, guest_memory_add(&self->mem, 0x4000, 1, &byte));
	EXPECT_EQ(0, guest_memory_add(&self->mem, 0, 0x1000, self->low));
}

TEST_F(ram, as_many_as_there_is_room_for)
{
	struct guest_memory mem = { 0 };
	unsigned int i;

	for (i = 0; i < GUEST_MEMORY_RANGES; i++)
		ASSERT_EQ(0, guest_memory_add(&mem, i * 0x2000, 0x1000, self->low));
	EXPECT_EQ(-ENOSPC, guest_memory_add(&mem, i * 0x2000, 0x1000, self->low));
	EXPECT_EQ(GUEST_MEMORY_RANGES * 0x1000ULL, guest_memory_total(&mem));
}

TEST_F(ram, one_piece_lies_in_one_range)
{
	EXPECT_EQ(self->low, guest_memory_at(&self->mem, 0x1000, 0x2000));
	EXPECT_EQ(self->low + 0x1fff, guest_memory_at(&self->mem, 0x2fff, 1));
	EXPECT_EQ(self->next, guest_memory_at(&self->mem, 0x3000, 1));
	EXPECT_EQ(NULL, guest_memory_at(&self->mem, 0x2fff, 2));
	EXPECT_EQ(NULL, guest_memory_at(&self->mem, 0xfff, 1));
	EXPECT_EQ(NULL, guest_memory_at(&self->mem, 0x4000, 1));
	EXPECT_EQ(NULL, guest_memory_at(&self->mem, 0x1000, ~0ULL));
	EXPECT_EQ(NULL, guest_memory_at(&self->mem, ~0ULL, 1));
	EXPECT_EQ(NULL, guest_memory_at(&self->mem, ~0ULL, ~0ULL));
}

TEST_F(ram, copies_cross_to_the_neighbour)
{
	static const char text[] = "across the border";
	char back[sizeof(text)] = "";

	EXPECT_EQ(0, guest_memory_write(&self->mem, 0x2ff8, text, sizeof(text)));
	EXPECT_EQ(0, memcmp(self->low + 0x1ff8, text, 8));
	EXPECT_EQ(0, memcmp(self->next, text + 8, sizeof(text) - 8));
	EXPECT_EQ(0, guest_memory_read(&self->mem, 0x2ff8, back, sizeof(back)));
	EXPECT_STREQ(text, back);
	EXPECT_EQ(0, guest_memory_fill(&self->mem, 0x2fff, 0x77, 2));
	EXPECT_EQ(0x77, self->low[0x1fff]);
	EXPECT_EQ(0x77, self->next[0]);
	EXPECT_TRUE(guest_memory_contains(&self->mem, 0x1000, 0x3000));
}

TEST_F(ram, what_leaves_the_ranges_is_refused_as_a_whole)
{
	uint8_t buffer[32];

	memset(buffer, 0x55, sizeof(buffer));
	EXPECT_EQ(-EFAULT, guest_memory_write(&self->mem, 0x3ff0, buffer, 17));
	EXPECT_EQ(0, self->next[0xff0]);
	EXPECT_EQ(-EFAULT, guest_memory_write(&self->mem, 0xff8, buffer, 16));
	EXPECT_EQ(0, self->low[0]);
	EXPECT_EQ(-EFAULT, guest_memory_read(&self->mem, 0x3ff0, buffer, 17));
	EXPECT_EQ(0x55, buffer[0]);
	EXPECT_EQ(-EFAULT, guest_memory_fill(&self->mem, 0x3ff0, 0xff, 17));
	EXPECT_EQ(-EFAULT, guest_memory_fill(&self->mem, 0x1000, 0xff, ~0ULL));
	EXPECT_EQ(0, self->low[0]);
	EXPECT_EQ(-EFAULT, guest_memory_read(&self->mem, ~0xfffULL - 1, buffer, 4));
	EXPECT_EQ(0, guest_memory_read(&self->mem, ~0xfffULL - 4, buffer, 4));
	EXPECT_EQ(-EFAULT, guest_memory_read(&self->mem, ~0ULL - 1, buffer, 4));
	EXPECT_FALSE(guest_memory_contains(&self->mem, 0x1000, 0x3001));
	EXPECT_FALSE(guest_memory_contains(&self->mem, 0x1000, ~0ULL));
	EXPECT_TRUE(guest_memory_contains(&self->mem, 0x10000, 0));
}

TEST_F(ram, exchange)
{
	uint64_t word = 0x1122334455667788;

	memcpy(self->low + 8, &word, 8);
	EXPECT_EQ(-EAGAIN, guest_memory_exchange(&self->mem, 0x1008, 8, 1, 2));
	EXPECT_EQ(0, guest_memory_exchange(&self->mem, 0x1008, 8, word, 5));
	memcpy(&word, self->low + 8, 8);
	EXPECT_EQ(5, word);
	EXPECT_EQ(0, guest_memory_exchange(&self->mem, 0x1008, 4, 5, 6));
	EXPECT_EQ(-EINVAL, guest_memory_exchange(&self->mem, 0x100a, 8, 0, 1));
	EXPECT_EQ(-EINVAL, guest_memory_exchange(&self->mem, 0x1008, 2, 6, 7));
	EXPECT_EQ(-EFAULT, guest_memory_exchange(&self->mem, 0x8000, 8, 0, 1));
}

TEST_HARNESS_MAIN
