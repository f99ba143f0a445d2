// SPDX-License-Identifier: GPL-2.0
/* Is what a file does not know refused, request, call and mapping alike? */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include "guest_fixture.h"
#include "requests.h"

TEST_F(guest, requests_of_another_kind_of_file_are_enotty)
{
	const int files[FILE_KINDS] = { self->vm.device, self->vm.fd, self->cpu.fd };
	union request_argument argument;
	const struct request *r;
	unsigned int kind;

	for (r = requests; r < requests + nr_requests; r++)
		for (kind = 0; kind < FILE_KINDS; kind++) {
			if (kind == r->kind)
				continue;
			memset(&argument, 0, sizeof(argument));
			if (r->fill)
				r->fill(&argument);
			argument.size = r->size;
			EXPECT_EQ(-ENOTTY, __posada_ioctl(files[kind], r->number,
							  r->size ? (uintptr_t)&argument : 0)) {
				TH_LOG("%s on file kind %u", r->name, kind);
			}
		}
}

TEST_F(guest, unknown_requests_are_enotty)
{
	const int files[FILE_KINDS] = { self->vm.device, self->vm.fd, self->cpu.fd };
	static const unsigned long numbers[] = {
		_IO(0xb5, 0x0f), _IO(0xb5, 0x7f), _IO(0xb5, 0xff), _IOWR(0xb5, 0x03, struct posada_info),
		_IO(0xb4, 0x20), _IOC(_IOC_NONE, 0xb5, 0x20, 8), _IOC(_IOC_READ, 0xb5, 0x30, 624),
		_IOWR(0xae, 0x00, struct posada_info), 0x5401 /* TCGETS */,
	};
	struct posada_info info = { .size = sizeof(info) };
	unsigned int kind, i;

	for (kind = 0; kind < FILE_KINDS; kind++)
		for (i = 0; i < ARRAY_SIZE(numbers); i++)
			EXPECT_EQ(-ENOTTY, __posada_ioctl(files[kind], numbers[i],
							  (uintptr_t)&info)) {
				TH_LOG("%#lx on file kind %u", numbers[i], kind);
			}
}

TEST_F(guest, files_are_neither_read_nor_written)
{
	const int files[FILE_KINDS] = { self->vm.device, self->vm.fd, self->cpu.fd };
	unsigned int kind;
	char c = 0;

	for (kind = 0; kind < FILE_KINDS; kind++) {
		EXPECT_EQ(-1, read(files[kind], &c, 1));
		EXPECT_EQ(-1, write(files[kind], &c, 1));
	}
}

TEST_F(guest, only_the_run_page_can_be_mapped)
{
	size_t size = self->cpu.run_size;

	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ, MAP_SHARED, self->vm.device, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ, MAP_SHARED, self->vm.fd, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ, MAP_SHARED, self->cpu.fd, size));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size + 0x1000, PROT_READ, MAP_SHARED, self->cpu.fd, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ, MAP_SHARED, self->cpu.fd, 1L << 40));
}

TEST_F(guest, the_run_page_can_be_mapped_twice)
{
	struct posada_run *again = mmap(NULL, self->cpu.run_size, PROT_READ | PROT_WRITE,
					MAP_SHARED, self->cpu.fd, 0);

	ASSERT_NE(MAP_FAILED, (void *)again);
	self->run->regs[POSADA_R9] = 0x1234;
	EXPECT_EQ(0x1234, again->regs[POSADA_R9]);
	EXPECT_LE(sizeof(struct posada_run), self->cpu.run_size);
	EXPECT_EQ(0, self->cpu.run_size % 0x1000);
}

/* The rest of the page holds nothing of the kernel's. */
TEST_F(guest, the_run_page_begins_as_zeroes)
{
	struct vcpu other;
	size_t i;

	vcpu_create(&self->vm, &other, 1);
	other.run->flags = 0;
	for (i = sizeof(struct posada_run); i < other.run_size; i++)
		ASSERT_EQ(0, ((uint8_t *)other.run)[i]);
	EXPECT_EQ(POSADA_EXIT_NONE, other.run->reason);
	vcpu_close(&other);
}

TEST_HARNESS_MAIN
