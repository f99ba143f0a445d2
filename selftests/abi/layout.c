// SPDX-License-Identifier: GPL-2.0
/* Do the structs have the layout that programs were built with, and no holes? */
#include "test.h"
#include "layout.h"

struct row {
	const char *type;
	const char *name;		/* NULL: the struct itself */
	size_t offset;
	size_t size;
};

static const struct row rows[] = {
#define STRUCT(type, bytes) { #type, NULL, 0, sizeof(struct type) },
#define FIELD(type, name, at, bytes)					\
	{ #type, #name, offsetof(struct type, name), sizeof(((struct type *)0)->name) },
#define MEMBER(type, name, at, bytes)
#include "layout.inc"
};

/* Each field begins where the one before it ended, and the last ends the struct. */
TEST(structs_have_no_holes)
{
	size_t end = 0, size = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!rows[i].name) {
			EXPECT_EQ(size, end) {
				TH_LOG("end of the struct before %s", rows[i].type);
			}
			size = rows[i].size;
			end = 0;
			printf("# struct %s: %zu bytes\n", rows[i].type, size);
			continue;
		}
		EXPECT_EQ(end, rows[i].offset) {
			TH_LOG("%s.%s", rows[i].type, rows[i].name);
		}
		end = rows[i].offset + rows[i].size;
	}
	EXPECT_EQ(size, end);
}

/* A 64-bit field on a 4-byte boundary would have padding on one side only. */
TEST(fields_are_aligned_to_their_size)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].name && rows[i].size % 8 == 0) {
			EXPECT_EQ(0, rows[i].offset % 8) {
				TH_LOG("%s.%s", rows[i].type, rows[i].name);
			}
		}
}

TEST(size_comes_first)
{
	EXPECT_EQ(0, offsetof(struct posada_info, size));
	EXPECT_EQ(0, offsetof(struct posada_create_vm, size));
	EXPECT_EQ(0, offsetof(struct posada_cpuid, size));
	EXPECT_EQ(0, offsetof(struct posada_memory, size));
	EXPECT_EQ(0, offsetof(struct posada_create_vcpu, size));
	EXPECT_EQ(0, offsetof(struct posada_interrupt, size));
	EXPECT_EQ(0, offsetof(struct posada_stats, size));
	EXPECT_EQ(0, offsetof(struct posada_state, size));
}

TEST(ioctl_numbers)
{
	EXPECT_EQ(0xc048b500, POSADA_INFO);
	EXPECT_EQ(0x4008b501, POSADA_CREATE_VM);
	EXPECT_EQ(0xc010b502, POSADA_CPUID_SUPPORTED);
	EXPECT_EQ(0xc018b510, POSADA_MEMORY);
	EXPECT_EQ(0x4010b511, POSADA_CREATE_VCPU);
	EXPECT_EQ(0xc088b512, POSADA_POLICY_GET);
	EXPECT_EQ(0xc088b513, POSADA_POLICY_SET);
	EXPECT_EQ(0xb520, POSADA_RUN);
	EXPECT_EQ(0xb521, POSADA_KICK);
	EXPECT_EQ(0x4020b522, POSADA_INTERRUPT);
	EXPECT_EQ(0xc2d0b523, POSADA_STATS);
	EXPECT_EQ(0x4030b524, POSADA_GUEST_DEBUG);
	EXPECT_EQ(0xc018b525, POSADA_LAST_EXITS);
	EXPECT_EQ(0xc270b530, POSADA_STATE_GET);
	EXPECT_EQ(0xc270b531, POSADA_STATE_SET);
	EXPECT_EQ(0xc010b532, POSADA_CPUID_GET);
	EXPECT_EQ(0x4010b533, POSADA_CPUID_SET);
}

TEST_HARNESS_MAIN
