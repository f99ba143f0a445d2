// SPDX-License-Identifier: GPL-2.0
/* Does every byte of struct posada_state belong to a field that has a name? */
#include <kselftest_harness.h>

#include "state.h"

#define AT(field) ((uint32_t)offsetof(struct posada_state, field))

TEST(a_field_is_named_by_its_offset)
{
	static const struct {
		uint32_t offset;
		const char *name;
	} rows[] = {
		{ AT(size), "size" },
		{ AT(regs.gpr[0]), "regs.gpr[0]" },
		{ AT(regs.gpr[15]), "regs.gpr[15]" },
		{ AT(regs.rflags), "regs.rflags" },
		{ AT(segments.cs.access), "segments.cs.access" },
		{ AT(segments.tr.reserved[2]), "segments.tr.reserved[2]" },
		{ AT(segments.idtr.limit), "segments.idtr.limit" },
		{ AT(control.cr4), "control.cr4" },
		{ AT(control.pdpte[3]), "control.pdpte[3]" },
		{ AT(debug.dr7), "debug.dr7" },
		{ AT(events.vectors[1]), "events.vectors[1]" },
		{ AT(events.pending_debug), "events.pending_debug" },
		{ AT(tsc.adjust), "tsc.adjust" },
		{ sizeof(struct posada_state), "byte 624" },
		{ UINT32_MAX, "byte 4294967295" },
	};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		EXPECT_STREQ(rows[i].name, state_field_name(rows[i].offset, text, sizeof(text)));
}

TEST(no_byte_is_without_a_name)
{
	char text[64];

	for (uint32_t i = 0; i < sizeof(struct posada_state); i++) {
		EXPECT_NE(0, strncmp("byte ", state_field_name(i, text, sizeof(text)), 5)) {
			TH_LOG("byte %u", i);
		}
	}
}

TEST(a_short_buffer_is_not_overrun)
{
	char text[8] = "1234567";

	EXPECT_STREQ("segm", state_field_name(AT(segments.cs.access), text, 5));
	EXPECT_EQ('6', text[5]);
}

TEST(an_msr_is_named)
{
	struct posada_msr msrs[] = { { .index = 0x277 }, { .index = 0xc0000082 }, { .index = 5 } };
	struct posada_state state = { .msrs = (uintptr_t)msrs, .nr_msrs = 3, .bad = AT(msrs) };
	char text[64];

	EXPECT_STREQ("MSR 0x277 (PAT)", state_bad(&state, text, sizeof(text)));
	state.bad_msr = 1;
	EXPECT_STREQ("MSR 0xc0000082 (LSTAR)", state_bad(&state, text, sizeof(text)));
	state.bad_msr = 2;
	EXPECT_STREQ("MSR 0x5 (unknown)", state_bad(&state, text, sizeof(text)));
	state.bad_msr = 3;
	EXPECT_STREQ("msrs", state_bad(&state, text, sizeof(text)));
	state.bad = AT(control.cr0);
	EXPECT_STREQ("control.cr0", state_bad(&state, text, sizeof(text)));
	state.bad = ~0U;
	EXPECT_STREQ("", state_bad(&state, text, sizeof(text)));
}

TEST(the_list_of_msrs)
{
	struct posada_msr msrs[STATE_MSRS_MAX];
	uint32_t all = state_msrs(~0ULL, msrs), few = state_msrs(0, msrs);

	EXPECT_EQ(all, few + 1);	/* TSC_AUX needs RDTSCP */
	for (uint32_t i = 0; i < few; i++)
		EXPECT_NE(0xc0000103, msrs[i].index);
	EXPECT_EQ(NULL, state_msr_name(0));
}

TEST_HARNESS_MAIN
