// SPDX-License-Identifier: GPL-2.0
/*
 * Does every request take its struct by the one rule: shorter than it was published
 * is EINVAL, longer is fine while the tail is zero, E2BIG if not, and nowhere is
 * EFAULT?
 */
#include <sys/mman.h>

#include "guest_fixture.h"
#include "requests.h"

#define ROOM 0x3000

/* Where the argument ends is where the memory ends, if a test wants that. */
static uint8_t *room_before_a_hole(void)
{
	uint8_t *room = memory_get(ROOM + 0x1000);

	require(munmap(room + ROOM, 0x1000) == 0);
	return room;
}

static int file_of(FIXTURE_DATA(guest) *self, const struct request *request)
{
	const int files[FILE_KINDS] = { self->vm.device, self->vm.fd, self->cpu.fd };

	return files[request->kind];
}

static void fill(const struct request *request, void *argument, uint32_t size)
{
	union request_argument filled;

	memset(&filled, 0, sizeof(filled));
	request->fill(&filled);
	filled.size = size;
	memcpy(argument, &filled, request->size);
}

static uint32_t published(const struct request *request)
{
	return request->published ? request->published : request->size;
}

/* A file it made is closed; what is left is 0 or an error. */
static int call_number(FIXTURE_DATA(guest) *self, const struct request *request,
		       unsigned long number, void *argument)
{
	int ret = __posada_ioctl(file_of(self, request), number, (uintptr_t)argument);

	if (ret >= 0 && request->makes_file) {
		close(ret);
		return 0;
	}
	return ret;
}

static int call(FIXTURE_DATA(guest) *self, const struct request *request, void *argument)
{
	return call_number(self, request, request->number, argument);
}

#define for_each_request_with_struct(r)					\
	for (r = requests; r < requests + nr_requests; r++)		\
		if (r->size)

#define EXPECT_CALL(expected, argument)					\
	EXPECT_EQ(expected, call(self, r, argument)) {			\
		TH_LOG("%s", r->name);					\
	}

TEST_F(guest, exact_size_is_accepted_up_to_the_last_mapped_byte)
{
	uint8_t *room = room_before_a_hole();
	const struct request *r;

	for_each_request_with_struct(r) {
		fill(r, room + ROOM - r->size, r->size);
		EXPECT_CALL(r->answer, room + ROOM - r->size);
	}
}

TEST_F(guest, too_short_is_einval)
{
	static const uint32_t sizes[] = { 0, 1, 3, 4 };
	uint8_t *room = room_before_a_hole();
	const struct request *r;
	unsigned int i;

	for_each_request_with_struct(r) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			fill(r, room, sizes[i]);
			EXPECT_CALL(-EINVAL, room);
		}
		fill(r, room, published(r) - 1);
		EXPECT_CALL(-EINVAL, room);
	}
}

/* What an old program does not know is not asked of it, and not written to it. */
TEST_F(guest, every_size_since_it_was_published)
{
	uint8_t *room = room_before_a_hole(), *copy = memory_get(0x1000);
	const struct request *r;
	uint32_t size;

	for_each_request_with_struct(r) {
		for (size = published(r); size < r->size; size++) {
			fill(r, copy, size);
			memcpy(room + ROOM - size, copy, size);
			EXPECT_CALL(0, room + ROOM - size);
			memset(copy + size, 0xa5, r->size - size);
			EXPECT_CALL(0, copy);
			EXPECT_EQ(0xa5, copy[size]);
			EXPECT_EQ(0xa5, copy[r->size - 1]);
		}
	}
}

/* The number has a size in it, too: that of the struct when the program was compiled. */
TEST_F(guest, the_size_in_the_number_does_not_count)
{
	static const uint32_t sizes[] = { 0, 4, 608, 616, IOCSIZE_MASK >> IOCSIZE_SHIFT };
	uint8_t *room = room_before_a_hole();
	const struct request *r;
	unsigned int i;

	for_each_request_with_struct(r)
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			fill(r, room, r->size);
			EXPECT_EQ(r->answer, call_number(self, r, (r->number & ~IOCSIZE_MASK) |
						 sizes[i] << IOCSIZE_SHIFT, room)) {
				TH_LOG("%s", r->name);
			}
		}
}

TEST_F(guest, longer_with_zeroes_is_accepted)
{
	uint8_t *room = room_before_a_hole();
	const struct request *r;

	for_each_request_with_struct(r) {
		memset(room, 0, ROOM);
		fill(r, room, r->size + 8);
		EXPECT_CALL(r->answer, room);
		memset(room, 0, ROOM);
		fill(r, room + 8, 0x1000);
		EXPECT_CALL(r->answer, room + 8);
		/* and the tail is not written to */
		EXPECT_EQ(0, room[8 + r->size]);
		EXPECT_EQ(0, room[8 + 0xfff]);
	}
}

TEST_F(guest, longer_with_something_is_e2big)
{
	uint8_t *room = room_before_a_hole();
	const struct request *r;

	for_each_request_with_struct(r) {
		memset(room, 0, ROOM);
		fill(r, room, r->size + 1);
		room[r->size] = 1;
		EXPECT_CALL(-E2BIG, room);
		memset(room, 0, ROOM);
		fill(r, room, 0x1000);
		room[0xfff] = 0x80;
		EXPECT_CALL(-E2BIG, room);
	}
}

TEST_F(guest, nowhere_is_efault)
{
	uint8_t *room = room_before_a_hole();
	const struct request *r;

	for_each_request_with_struct(r) {
		EXPECT_CALL(-EFAULT, NULL);
		EXPECT_CALL(-EFAULT, room + ROOM);
		EXPECT_CALL(-EFAULT, room + ROOM - 2);
		EXPECT_CALL(-EFAULT, (void *)0xffff800000000000);
		EXPECT_CALL(-EFAULT, (void *)-8L);
		/* the size can be read, the rest not */
		memcpy(room + ROOM - 4, &(uint32_t){ r->size }, 4);
		EXPECT_CALL(-EFAULT, room + ROOM - 4);
	}
}

TEST_F(guest, an_answer_that_cannot_be_written_is_efault)
{
	uint8_t *room = room_before_a_hole();
	const struct request *r;

	for_each_request_with_struct(r) {
		if (!r->writes_back)
			continue;
		ASSERT_EQ(0, mprotect(room, ROOM, PROT_READ | PROT_WRITE));
		memset(room, 0, ROOM);
		fill(r, room, r->size);
		ASSERT_EQ(0, mprotect(room, ROOM, PROT_READ));
		EXPECT_CALL(-EFAULT, room);
	}
}

TEST_F(guest, requests_without_struct_want_zero)
{
	EXPECT_EQ(-EINVAL, __posada_ioctl(self->cpu.fd, POSADA_RUN, 1));
	EXPECT_EQ(-EINVAL, __posada_ioctl(self->cpu.fd, POSADA_RUN, (uintptr_t)self));
	EXPECT_EQ(-EINVAL, __posada_ioctl(self->cpu.fd, POSADA_KICK, 1));
}

TEST_HARNESS_MAIN
