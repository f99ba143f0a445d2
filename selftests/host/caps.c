// SPDX-License-Identifier: GPL-2.0
/* Are the control words chosen by what the CPU says it can do? */
#include <kselftest_harness.h>

#include "caps.h"

/* An i7-4770 (Haswell) as its capability MSRs read */
static const struct vmx_msrs haswell = {
	.basic = 0x00da040000000012,
	.pin = 0x0000007f00000016,
	.cpu = 0xfff9fffe04006172,
	.cpu2 = 0x00007cff00000000,
	.exit = 0x007fffff00036dfb,
	.entry = 0x0000ffff000011fb,
	.ept_vpid = 0x00000f0106334141,
	.misc = 0x00000000300481e5,
	.cr0_fixed0 = 0x80000021,
	.cr0_fixed1 = 0xffffffff,
	.cr4_fixed0 = 0x2000,
	.cr4_fixed1 = 0x1727ff,
};

TEST(a_real_cpu_will_do)
{
	struct vmx_caps caps = { 0 };

	ASSERT_EQ(NULL, caps_choose(&haswell, &caps));
	EXPECT_EQ(0x12, caps.revision);
	EXPECT_TRUE(caps.vpid);
	EXPECT_TRUE(caps.ept_2m);
	EXPECT_TRUE(caps.ept_1g);
	EXPECT_TRUE(caps.timer);
	EXPECT_TRUE(caps.rdtscp);
	EXPECT_TRUE(caps.invpcid);
	EXPECT_EQ(5, caps.timer_shift);
	/* with unrestricted guest PE and PG are free */
	EXPECT_EQ(0x20, caps.cr0_fixed0);
	EXPECT_EQ(0x2000, caps.cr4_fixed0);
}

static void expect_allowed(struct __test_metadata *_metadata, u64 msr, u32 word)
{
	EXPECT_EQ((u32)msr, word & (u32)msr);
	EXPECT_EQ(0, word & ~(u32)(msr >> 32));
}

TEST(control_words_are_allowed_ones)
{
	struct vmx_caps caps = { 0 };

	ASSERT_EQ(NULL, caps_choose(&haswell, &caps));
	expect_allowed(_metadata, haswell.pin, caps.pin);
	expect_allowed(_metadata, haswell.cpu, caps.cpu);
	expect_allowed(_metadata, haswell.cpu2, caps.cpu2);
	expect_allowed(_metadata, haswell.exit, caps.exit);
	expect_allowed(_metadata, haswell.entry, caps.entry);
}

/* Whatever single control the CPU cannot turn on: refused, or not used. */
TEST(no_control_is_used_that_is_not_there)
{
	struct vmx_msrs msrs;
	struct vmx_caps caps;
	unsigned int word, bit;

	for (word = 0; word < 5; word++)
		for (bit = 32; bit < 64; bit++) {
			u64 *field;

			msrs = haswell;
			field = (u64 *[]){ &msrs.pin, &msrs.cpu, &msrs.cpu2, &msrs.exit,
					   &msrs.entry }[word];
			if (*field & 1ULL << (bit - 32))
				continue;
			*field &= ~(1ULL << bit);
			memset(&caps, 0, sizeof(caps));
			if (caps_choose(&msrs, &caps))
				continue;
			expect_allowed(_metadata, *field,
				       (u32[]){ caps.pin, caps.cpu, caps.cpu2, caps.exit,
						caps.entry }[word]);
		}
}

/* What must be on although we need it off is refused as well. */
TEST(what_cannot_be_turned_off)
{
	struct vmx_msrs msrs = haswell;
	struct vmx_caps caps;

	msrs.exit |= 1 << 15;			/* acknowledge interrupt on exit */
	EXPECT_NE(NULL, caps_choose(&msrs, &caps));
	msrs = haswell;
	msrs.cpu |= 1 << 15;			/* CR3-load exiting */
	EXPECT_NE(NULL, caps_choose(&msrs, &caps));
}

static const char *without(u64 *field, u64 bits, const struct vmx_msrs *msrs)
{
	static struct vmx_caps caps;
	u64 before = *field;
	const char *reason;

	*field &= ~bits;
	reason = caps_choose(msrs, &caps);
	*field = before;
	return reason;
}

TEST(what_is_indispensable_is_named)
{
	struct vmx_msrs msrs = haswell;
	const struct {
		u64 *field;
		u64 bits;
		const char *word;
	} rows[] = {
		{ &msrs.pin, 1ULL << 37, "virtual NMI" },
		{ &msrs.cpu2, 1ULL << 33, "EPT" },
		{ &msrs.cpu2, 1ULL << 39, "unrestricted guest" },
		{ &msrs.cpu, 1ULL << 34, "interrupt-window" },
		{ &msrs.ept_vpid, 1ULL << 6, "four levels" },
		{ &msrs.ept_vpid, 1ULL << 14, "write-back" },
		{ &msrs.ept_vpid, 1ULL << 20, "INVEPT" },
		{ &msrs.basic, 1ULL << 54, "VMX_BASIC[54]" },
		{ &msrs.exit, 1ULL << 53, "EFER" },
		{ &msrs.entry, 1ULL << 46, "PAT" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *reason = without(rows[i].field, rows[i].bits, &msrs);

		ASSERT_NE(NULL, reason) {
			TH_LOG("without %s", rows[i].word);
		}
		EXPECT_NE(NULL, strstr(reason, rows[i].word)) {
			TH_LOG("without %s it says '%s'", rows[i].word, reason);
		}
	}
}

TEST(what_is_dispensable_is_done_without)
{
	struct vmx_msrs msrs = haswell;
	struct vmx_caps caps;

	msrs.pin &= ~(1ULL << 38);
	msrs.cpu2 &= ~(1ULL << 37 | 1ULL << 35 | 1ULL << 44);
	msrs.ept_vpid &= ~(1ULL << 16 | 1ULL << 17);
	msrs.entry &= ~(1ULL << 45);
	ASSERT_EQ(NULL, caps_choose(&msrs, &caps));
	EXPECT_FALSE(caps.timer);
	EXPECT_FALSE(caps.vpid);
	EXPECT_FALSE(caps.rdtscp);
	EXPECT_FALSE(caps.invpcid);
	EXPECT_FALSE(caps.ept_2m);
	EXPECT_FALSE(caps.ept_1g);
	EXPECT_FALSE(caps.perf_global);
	/* both ends or none */
	EXPECT_EQ(0, caps.exit & 1 << 12);
	EXPECT_EQ(0, caps.entry & 1 << 13);
	/* VPIDs that cannot be flushed are of no use */
	msrs = haswell;
	msrs.ept_vpid &= ~(1ULL << 32);
	ASSERT_EQ(NULL, caps_choose(&msrs, &caps));
	EXPECT_FALSE(caps.vpid);
	EXPECT_EQ(0, caps.cpu2 & 1 << 5);
}

TEST_HARNESS_MAIN
